/** How responses of upstreams are read. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { describeHeaderName } from '../../../src/http/header-names.ts';
import { ProxyError } from '../../../src/proxy/proxy-error.ts';
import type { ResponseHead } from '../../../src/proxy/upstream/response-head.ts';
import { ResponseParser } from '../../../src/proxy/upstream/response-parser.ts';
import { BAD, GOOD, lines, type Case } from './response-cases.ts';

/** Everything that a parser told about one response, or why it gave up. */
interface Reading {
  readonly interims: number[];
  head: ResponseHead | undefined;
  body: string;
  trailers: readonly string[] | undefined;
  fault: string | undefined;
}

/** What an earlier read left in the buffer behind the bytes of this one. */
const LEFTOVER = Buffer.from('\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n');

/** `pieces`: the bytes of the upstream as they came; then it closes its side where `isClosed`. */
function read(pieces: readonly Buffer[], { method = 'GET', isClosed = false } = {}): Reading {
  const reading: Reading = { interims: [], head: undefined, body: '', trailers: undefined, fault: undefined };
  const parser = new ResponseParser(describeHeaderName);
  parser.expect(
    {
      onInterim: ({ status }) => reading.interims.push(status),
      onHead: (head) => (reading.head = head),
      onBody: (bytes, start, end) => (reading.body += bytes.toString('latin1', start, end)),
      onEnd: (trailers) => (reading.trailers = trailers),
    },
    method,
  );
  try {
    for (const piece of pieces) parser.push(Buffer.concat([piece, LEFTOVER]), piece.length);
    if (isClosed) parser.finish();
  } catch (error) {
    assert.ok(error instanceof ProxyError);
    assert.equal(error.code, 'UpstreamProtocolError');
    reading.fault = error.message;
  }
  return reading;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('reading a response', () => {
  for (const { name, given, want, ...options } of GOOD) {
    it(`takes ${name}`, () => {
      const reading = read([latin1(given)], options);
      assert.equal(reading.fault, undefined);
      assert.equal(reading.head?.status, want.status);
      assert.equal(reading.head.isPersistent, want.isPersistent);
      assert.equal(reading.body, want.body);
      assert.deepEqual(reading.trailers, want.trailers ?? []);
      assert.deepEqual(reading.interims, want.interims ?? []);
    });
  }
  for (const { name, given, want, isClosed = false } of BAD) {
    it(`refuses ${name}`, () => {
      assert.equal(read([latin1(given)], { isClosed }).fault, want);
    });
  }
  it('keeps headers as they were sent, without the white space around values', () => {
    const { head } = read([latin1(lines('HTTP/1.1 200 Fine', 'sEt-Cookie: \ta=1 ', 'Set-Cookie:b=2', ''))]);
    assert.deepEqual(head?.rawHeaders, ['sEt-Cookie', 'a=1', 'Set-Cookie', 'b=2']);
    assert.equal(head?.statusText, 'Fine');
  });
  it('finds how long the upstream keeps an idle connection', () => {
    const { head } = read([latin1(lines('HTTP/1.1 200 OK', 'Keep-Alive: max=9, timeout=7', ''))]);
    assert.equal(head?.keepAliveSeconds, 7);
  });
  it('gives the same result for any cut of the same bytes', () => {
    const cases: readonly Case[] = [...GOOD, ...BAD];
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }),
        ({ given, method = 'GET', isClosed = false }, places) => {
          const whole = latin1(given);
          const cuts = places.map((place) => Math.floor(place * whole.length)).toSorted((a, b) => a - b);
          const pieces = [0, ...cuts].map((start, index) =>
            whole.subarray(start, cuts[index] ?? whole.length),
          );
          assert.deepEqual(read(pieces, { method, isClosed }), read([whole], { method, isClosed }));
        },
      ),
      { numRuns: 500 },
    );
  });
  it('never throws anything but its own error, whatever the bytes', () => {
    const token = fc.constantFrom(
      'HTTP/1.1 ',
      '200 OK',
      '\r\n',
      '\n',
      ':',
      'Content-Length: 3',
      'Transfer-Encoding: chunked',
      '3',
      'abc',
      '0',
      ' ',
      '\0',
      ';',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (parts) => {
        read([latin1(parts.join(''))], { isClosed: true });
      }),
      { numRuns: 2_000 },
    );
  });
});
