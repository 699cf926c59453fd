/** Requests that could be read in two ways get one answer, and no upstream sees a second request. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { head, startGateway, tableFor } from './harness.ts';
import { exchange, parseResponse, startFixedUpstream } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const SMUGGLED = head('GET /smuggled HTTP/1.1', HOST, 'Connection: close');

const REFUSED: readonly { readonly name: string; readonly given: string }[] = [
  {
    name: 'Content-Length before Transfer-Encoding',
    given:
      head('POST / HTTP/1.1', HOST, 'Content-Length: 6', 'Transfer-Encoding: chunked') +
      `0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'Transfer-Encoding before Content-Length',
    given:
      head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', 'Content-Length: 4') +
      `5c\r\n${SMUGGLED}0\r\n\r\n`,
  },
  {
    name: 'two Transfer-Encodings',
    given:
      head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity') +
      `0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'a Transfer-Encoding that is almost chunked',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: xchunked') + `0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'a coding before chunked',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: gzip, chunked') + `0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'a coding after chunked',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked, identity') + `0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'white space before the colon of Transfer-Encoding',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding : chunked') + `0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'two lengths that differ',
    given: head('POST / HTTP/1.1', HOST, 'Content-Length: 0', 'Content-Length: 50') + SMUGGLED,
  },
  {
    name: 'two lengths that agree',
    given: head('POST / HTTP/1.1', HOST, 'Content-Length: 0', 'Content-Length: 0') + SMUGGLED,
  },
  {
    name: 'a length with a sign',
    given: head('POST / HTTP/1.1', HOST, 'Content-Length: +0') + SMUGGLED,
  },
  {
    name: 'a continued header line',
    given: head('GET / HTTP/1.1', HOST, 'X-A: 1', ' Transfer-Encoding: chunked'),
  },
  {
    name: 'a line that ends with a bare line feed',
    given: `GET / HTTP/1.1\r\n${HOST}\r\nX-A: 1\nTransfer-Encoding: chunked\r\n\r\n`,
  },
  {
    name: 'line feeds alone',
    given: `GET / HTTP/1.1\n${HOST}\n\n`,
  },
  {
    name: 'a bare carriage return in a value',
    given: head('GET / HTTP/1.1', HOST, 'X-A: 1\rX-B: 2'),
  },
  {
    name: 'a NUL in a value',
    given: head('GET / HTTP/1.1', HOST, 'X-A: 1\0'),
  },
  {
    name: 'a chunk size that is no number',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked') + `xyz\r\nab\r\n0\r\n\r\n`,
  },
  {
    name: 'a chunk size in another notation',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked') + `0x2\r\nab\r\n0\r\n\r\n`,
  },
  {
    name: 'a chunk that is longer than its size',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked') + `1\r\nab\r\n0\r\n\r\n`,
  },
  {
    name: 'a chunk extension with a bare line feed',
    given: head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked') + `2;a\nb\r\nab\r\n0\r\n\r\n`,
  },
  { name: 'HTTP/2.0 in a request line', given: head('GET / HTTP/2.0', HOST) },
  { name: 'HTTP/0.9 in a request line', given: head('GET / HTTP/0.9', HOST) },
  {
    name: 'chunks in HTTP/1.0',
    given: head('POST / HTTP/1.0', HOST, 'Transfer-Encoding: chunked') + `0\r\n\r\n${SMUGGLED}`,
  },
  { name: 'an expectation that is not known', given: head('GET / HTTP/1.1', HOST, 'Expect: other') },
  { name: 'CONNECT', given: head('CONNECT shop.example.com:443 HTTP/1.1', HOST) },
  { name: 'no Host', given: head('GET / HTTP/1.1', 'Connection: close') },
  { name: 'two Hosts', given: head('GET / HTTP/1.1', HOST, 'Host: other.example.com') },
  { name: 'two Hosts that agree', given: head('GET / HTTP/1.1', HOST, HOST, 'Connection: close') },
  {
    name: 'an absolute target that names another host',
    given: head('GET http://other.example.com/ HTTP/1.1', HOST, 'Connection: close'),
  },
  { name: 'a dot segment', given: head('GET /a/../b HTTP/1.1', HOST, 'Connection: close') },
  { name: 'an encoded dot segment', given: head('GET /a/%2e%2E/b HTTP/1.1', HOST, 'Connection: close') },
  { name: 'an encoded slash', given: head('GET /a%2fb HTTP/1.1', HOST, 'Connection: close') },
  { name: 'a backslash', given: head('GET /a\\b HTTP/1.1', HOST, 'Connection: close') },
  { name: 'an encoded NUL', given: head('GET /a%00 HTTP/1.1', HOST, 'Connection: close') },
  { name: 'an asterisk as target', given: head('GET * HTTP/1.1', HOST, 'Connection: close') },
  { name: 'a space in the target', given: head('GET /a b HTTP/1.1', HOST, 'Connection: close') },
];

describe('a request that could be read in two ways', () => {
  for (const { name, given } of REFUSED) {
    it(`is refused: ${name}`, async (test) => {
      const upstream = await startFixedUpstream(OK);
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const { status, head, body } = parseResponse(await exchange(gateway.port, given));
      assert.equal(status, 400);
      assert.match(head, /\r\nContent-Type: application\/problem\+json\r\n/);
      assert.match(head, /\r\nConnection: close/);
      const problem = JSON.parse(body) as Readonly<Record<string, unknown>>;
      assert.equal(problem['reason'], 'BadRequest');
      assert.equal(problem['status'], 400);
      assert.doesNotMatch(
        upstream.conversations.map(({ text }) => text).join(''),
        /smuggled|^[A-Z]+ .*^[A-Z]+ /ms,
      );
      assert.equal((await gateway.record()).reason, 'BadRequest');
    });
  }

  it('is too large: 431, and the connection ends', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, `X-A: ${'a'.repeat(17_000)}`));
    const { status, body } = parseResponse(answer);
    assert.equal(status, 431);
    assert.equal((JSON.parse(body) as { status: number }).status, 431);
  });

  it('never comes to an end: 408, and the connection ends', async (test) => {
    const gateway = await startGateway(test, {
      table: tableFor([]),
      limits: { headersTimeoutMs: 100 },
    });
    const answer = await exchange(gateway.port, 'GET / HTTP/1.1\r\nX-A: ');
    assert.equal(parseResponse(answer).status, 408);
  });

  it('follows a good one: each gets its own answer, and nothing but the good one is passed on', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await exchange(gateway.port, `${head('GET /first HTTP/1.1', HOST)}GARBAGE\r\n\r\n`);
    assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
    assert.equal(upstream.requests().length, 1);
  });

  it('switches to another protocol than WebSocket: the upgrade is ignored and not passed on', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await exchange(
      gateway.port,
      head(
        'GET / HTTP/1.1',
        HOST,
        'Connection: Upgrade, HTTP2-Settings, close',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
      ),
    );
    assert.equal(parseResponse(answer).status, 200);
    assert.doesNotMatch(upstream.requests().join(''), /upgrade|http2-settings|^connection:/im);
  });

  it('passes byte for byte otherwise', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    await exchange(
      gateway.port,
      head('GET //a%20b/;x=%C3%A9?q=%2F..%&& HTTP/1.1', HOST, 'Connection: close'),
    );
    assert.match(upstream.requests().join(''), /^GET \/\/a%20b\/;x=%C3%A9\?q=%2F..%&& HTTP\/1\.1\r\n/);
  });
});
