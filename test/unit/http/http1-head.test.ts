/** The head of an HTTP/1.1 request: what it says of its body and its connection. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeHeaderName } from '../../../src/http/header-names.ts';
import { readHttp1Head, type Http1Head } from '../../../src/http/http1-head.ts';

const LINE = 'POST /a?b HTTP/1.1';

function read(...lines: readonly string[]): Http1Head | string {
  return readHttp1Head(lines.map((line) => `${line}\r\n`).join(''), describeHeaderName);
}

function headOf(...lines: readonly string[]): Http1Head {
  const head = read(...lines);
  if (typeof head === 'string') throw new Error(head);
  return head;
}

describe('a request line', () => {
  it('has a method, a target as it was sent, and a version', () => {
    const { method, target, httpVersion, fault } = headOf('BREW http://a//b?c#d\xe9 HTTP/1.1', 'Host: a');
    assert.deepEqual([method, target, httpVersion, fault], ['BREW', 'http://a//b?c#d\xe9', '1.1', undefined]);
  });

  const unreadable: readonly { readonly name: string; readonly given: string; readonly want: string }[] = [
    { name: 'nothing', given: '', want: 'the request line is not valid' },
    { name: 'no target', given: 'GET HTTP/1.1', want: 'the request line is not valid' },
    { name: 'an empty target', given: 'GET  HTTP/1.1', want: 'the request line is not valid' },
    { name: 'no version', given: 'GET /12345678', want: 'the request line is not valid' },
    { name: 'no method', given: ' / HTTP/1.1', want: 'the method is not valid' },
    { name: 'a method that is no token', given: 'G\xc4T / HTTP/1.1', want: 'the method is not valid' },
    { name: 'a tab for a space', given: 'GET\t/ HTTP/1.1', want: 'the method is not valid' },
    { name: 'a space in the target', given: 'GET /a b HTTP/1.1', want: 'the request line is not valid' },
    {
      name: 'two spaces before the version',
      given: 'GET /  HTTP/1.1',
      want: 'the request line is not valid',
    },
    { name: 'a space behind the version', given: 'GET / HTTP/1.1 ', want: 'the request line is not valid' },
    { name: 'a version in lower case', given: 'GET / http/1.1', want: 'the request line is not valid' },
    { name: 'a version of two digits', given: 'GET / HTTP/1.10', want: 'the request line is not valid' },
    { name: 'a version without a dot', given: 'GET / HTTP/1,1', want: 'the request line is not valid' },
    { name: 'another protocol', given: 'GET / ICAP/1.0', want: 'the request line is not valid' },
  ];
  for (const { name, given, want } of unreadable) {
    it(`is unreadable with ${name}`, () => {
      const result = read(given, 'Host: a');
      assert.ok(typeof result === 'string', name);
      assert.ok(result === want || result === 'the request line is not valid', result);
    });
  }

  const versions = [
    { given: 'HTTP/1.0', version: '1.0', isPersistent: false, fault: undefined },
    { given: 'HTTP/1.1', version: '1.1', isPersistent: true, fault: undefined },
    { given: 'HTTP/1.2', version: '1.1', isPersistent: true, fault: undefined },
    { given: 'HTTP/1.9', version: '1.1', isPersistent: true, fault: undefined },
    {
      given: 'HTTP/0.9',
      version: '1.0',
      isPersistent: false,
      fault: 'the version of HTTP must be 1.0 or 1.1',
    },
    {
      given: 'HTTP/2.0',
      version: '1.0',
      isPersistent: false,
      fault: 'the version of HTTP must be 1.0 or 1.1',
    },
  ];
  for (const { given, version, isPersistent, fault } of versions) {
    it(`with ${given} is ${fault === undefined ? `served as ${version}` : 'refused'}`, () => {
      const head = headOf(`GET / ${given}`, 'Host: a');
      assert.deepEqual([head.httpVersion, head.isPersistent, head.fault], [version, isPersistent, fault]);
    });
  }
});

describe('the body', () => {
  const cases: readonly {
    readonly given: readonly string[];
    readonly framing: Http1Head['framing'];
    readonly fault?: string;
  }[] = [
    { given: [], framing: 'none' },
    { given: ['Content-Length: 0'], framing: 'none' },
    { given: ['Content-Length: 5'], framing: 'length' },
    { given: ['content-length: 005'], framing: 'length' },
    { given: ['Content_Length: 5'], framing: 'none' },
    { given: ['Transfer-Encoding: Chunked'], framing: 'chunked' },
    {
      given: ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      framing: 'none',
      fault: 'Content-Length and Transfer-Encoding must not be sent together',
    },
    {
      given: ['Content-Length: 5', 'Content-Length: 5'],
      framing: 'none',
      fault: 'Content-Length must be sent at most once',
    },
    ...['', '+5', '-5', '5, 5', '0x5', '5.0', '\xb2', '1234567890123456'].map((length) => ({
      given: [`Content-Length: ${length}`],
      framing: 'none' as const,
      fault: 'Content-Length must be a number of bytes',
    })),
    ...['', 'gzip', 'gzip, chunked', 'chunked, chunked', 'chunked;q=1', 'chunked,', '"chunked"'].map(
      (coding) => ({
        given: [`Transfer-Encoding: ${coding}`],
        framing: 'none' as const,
        fault: 'Transfer-Encoding must be chunked',
      }),
    ),
    {
      given: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      framing: 'none',
      fault: 'Transfer-Encoding must be sent at most once',
    },
  ];
  for (const { given, framing, fault } of cases) {
    it(`with ${JSON.stringify(given)} is ${fault === undefined ? framing : 'unclear'}`, () => {
      const head = headOf(LINE, ...given);
      assert.deepEqual([head.framing, head.fault], [framing, fault]);
      assert.equal(head.isPersistent, fault === undefined);
    });
  }

  it('in chunks is refused in HTTP/1.0', () => {
    const head = headOf('POST / HTTP/1.0', 'Transfer-Encoding: chunked');
    assert.equal(head.fault, 'Transfer-Encoding must not be sent in HTTP/1.0');
  });

  it('is held back with Expect, which a caller of HTTP/1.0 does not know', () => {
    assert.equal(headOf(LINE, 'Expect: 100-Continue').awaitsContinue, true);
    assert.equal(headOf(LINE).awaitsContinue, false);
    assert.equal(headOf('POST / HTTP/1.0', 'Expect: 100-continue').awaitsContinue, false);
    assert.equal(headOf(LINE, 'Expect: other').fault, 'Expect must be 100-continue');
  });
});

describe('the connection', () => {
  const cases: readonly {
    readonly line: string;
    readonly given: readonly string[];
    readonly want: boolean;
  }[] = [
    { line: LINE, given: ['Connection: close'], want: false },
    { line: LINE, given: ['Connection: x, CLOSE'], want: false },
    { line: LINE, given: ['Connection: x', 'Connection: close'], want: false },
    { line: LINE, given: ['Connection: closed'], want: true },
    { line: LINE, given: ['Connection: keep-alive, close'], want: false },
    { line: LINE, given: ['Proxy-Connection: close'], want: true },
    { line: 'GET / HTTP/1.0', given: ['Connection: Keep-Alive'], want: true },
    { line: 'GET / HTTP/1.0', given: ['Connection: x'], want: false },
    { line: 'GET / HTTP/1.0', given: ['Proxy-Connection: keep-alive'], want: false },
  ];
  for (const { line, given, want } of cases) {
    it(`${want ? 'goes on' : 'ends'} after ${line} with ${given.join(' and ')}`, () => {
      assert.equal(headOf(line, ...given).isPersistent, want);
    });
  }

  const upgrade = ['Connection: keep-alive, Upgrade', 'Upgrade: WebSocket'];
  const upgrades: readonly {
    readonly line: string;
    readonly given: readonly string[];
    readonly want: boolean;
  }[] = [
    { line: 'GET / HTTP/1.1', given: upgrade, want: true },
    { line: 'POST / HTTP/1.1', given: upgrade, want: false },
    { line: 'GET / HTTP/1.0', given: upgrade, want: false },
    { line: 'GET / HTTP/1.1', given: [...upgrade, 'Content-Length: 1'], want: false },
    { line: 'GET / HTTP/1.1', given: ['Upgrade: websocket'], want: false },
    { line: 'GET / HTTP/1.1', given: ['Connection: Upgrade', 'Upgrade: h2c'], want: false },
  ];
  for (const { line, given, want } of upgrades) {
    it(`becomes ${want ? 'a' : 'no'} WebSocket after ${line} with ${given.join(' and ')}`, () => {
      assert.equal(headOf(line, ...given).isWebSocket, want);
    });
  }
});
