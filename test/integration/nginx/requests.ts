/** Requests as callers make them, and as attackers do: each put together of parts that servers disagree about. */

import * as fc from 'fast-check';

export interface RawRequest {
  /** Everything on the wire, latin1. */
  readonly text: string;
  /** Names what the request was made of, for messages. */
  readonly parts: readonly string[];
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const ODD_METHODS = ['TRACE', 'CONNECT', 'BREW', 'get'];

const SEGMENTS = ['orders', 'Orders', '4711', 'a%20b', 'a+b', 'a;v=1', '%C3%A9', '~', '@', ':', "'", ''];
const ODD_SEGMENTS = [
  '.',
  '..',
  '%2e%2e',
  '%2E',
  '...',
  '.a',
  'a.',
  '..;',
  '%c3%a9',
  '%61',
  '%2F',
  '%5C',
  '%00',
  '%zz',
  '%',
  '%7E',
  'a%25b',
  'a%3Bb',
  '\\',
  'a b',
  '<',
  '"',
  '|',
  '^',
  '[x]',
  '\xe9',
  '#x',
  '\x7f',
];

const QUERIES = [undefined, '', 'q=1', 'q=%2F..%2f', 'a&&b', 'x?y', 'a=%zz', "x='", 'x="', 'a[]=1'];
const ODD_QUERIES = ['x=\xe9', 'a\\b', 'x#y'];

const HOSTS: readonly (readonly string[])[] = [
  ['Host: shop.example.com'],
  ['Host: SHOP.example.com'],
  ['Host: shop.example.com:8080'],
  ['Host: shop.example.com.'],
  ['host:shop.example.com'],
];
const ODD_HOSTS: readonly (readonly string[])[] = [
  [],
  ['Host:'],
  ['Host: shop.example.com', 'Host: shop.example.com'],
  ['Host: shop.example.com', 'Host: other.example.com'],
  ['Host: shop.example.com:x'],
  ['Host: shop.example.com/x'],
  ['Host: a@shop.example.com'],
  ['Host: shop..example.com'],
];

const HEADERS = [
  'Accept: */*',
  'Accept-Encoding: gzip',
  'User-Agent: test/1',
  'X-A: 1',
  'x-a: 2',
  'X-Empty:',
  'X-Spaces:   a  b  ',
  'X-Tab:\ta\tb',
  'X-Colon::a:b',
  'X_Under: 1',
  'X-Latin: caf\xe9',
  'X-Long: '.padEnd(3_000, 'a'),
  'Cookie: a=1',
  'Cookie: b=2',
  'Range: bytes=0-1',
  'If-None-Match: "x"',
  'Referer: http://a/',
  'Connection: x-hop',
  'X-Hop: 1',
  'Connection: close, te',
  'TE: trailers',
  'TE: gzip',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic eDp5',
  'Authorization: Basic eDp5',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABk',
  'Expect: 100-continue',
  'X-Forwarded-For: 203.0.113.9',
  'X-Forwarded-Proto: https',
  'X-Real-IP: 203.0.113.9',
  'X-Request-Id: mine',
  'Forwarded: for=203.0.113.9',
  'Via: 1.0 fred',
  'Date: Tue, 24 Nov 2026 00:00:00 GMT',
  'Max-Forwards: 0',
  'Content-Type: text/plain',
  'Trailer: X-Sum',
];
const ODD_HEADERS = [
  'X-Nul: a\0b',
  'X-Cr: a\rb',
  'X-Del: a\x7fb',
  'X-Bell: a\x07b',
  'Bad Name: 1',
  'Bad@Name: 1',
  'NoColon',
  ': empty',
  'X-Before : 1',
  ' X-Fold: 1',
  'X-Lf: a\nX-Injected: 1',
  'Expect: other',
];

interface Body {
  readonly name: string;
  readonly lines: readonly string[];
  readonly text: string;
}

const BODIES: readonly Body[] = [
  { name: 'none', lines: [], text: '' },
  { name: 'none at all', lines: [], text: '' },
  { name: 'length', lines: ['Content-Length: 5'], text: 'hello' },
  { name: 'length', lines: ['Content-Length: 20000'], text: 'x'.repeat(20_000) },
  { name: 'length 0', lines: ['Content-Length: 0'], text: '' },
  { name: 'chunked', lines: ['Transfer-Encoding: chunked'], text: '5\r\nhello\r\n0\r\n\r\n' },
  { name: 'chunked', lines: ['transfer-encoding: Chunked'], text: '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n' },
  { name: 'trailers', lines: ['Transfer-Encoding: chunked'], text: '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n' },
];
const ODD_BODIES: readonly Body[] = [
  { name: 'length 00', lines: ['Content-Length: 005'], text: 'hello' },
  { name: 'chunk extension', lines: ['Transfer-Encoding: chunked'], text: '5;a=b\r\nhello\r\n0\r\n\r\n' },
  {
    name: 'chunk size with zeros',
    lines: ['Transfer-Encoding: chunked'],
    text: '0005\r\nhello\r\n0\r\n\r\n',
  },
  { name: 'bad chunk size', lines: ['Transfer-Encoding: chunked'], text: '5x\r\nhello\r\n0\r\n\r\n' },
  { name: 'chunk too long', lines: ['Transfer-Encoding: chunked'], text: '3\r\nhello\r\n0\r\n\r\n' },
  { name: 'chunk without CR', lines: ['Transfer-Encoding: chunked'], text: '5\nhello\n0\n\n' },
  {
    name: 'length and chunked',
    lines: ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    text: '5\r\nhello\r\n0\r\n\r\n',
  },
  { name: 'two lengths', lines: ['Content-Length: 5', 'Content-Length: 5'], text: 'hello' },
  { name: 'two lengths that differ', lines: ['Content-Length: 5', 'Content-Length: 3'], text: 'hello' },
  { name: 'length list', lines: ['Content-Length: 5, 5'], text: 'hello' },
  { name: 'length sign', lines: ['Content-Length: +5'], text: 'hello' },
  { name: 'length hex', lines: ['Content-Length: 0x5'], text: 'hello' },
  { name: 'other coding', lines: ['Transfer-Encoding: gzip, chunked'], text: '5\r\nhello\r\n0\r\n\r\n' },
  { name: 'identity coding', lines: ['Transfer-Encoding: identity'], text: '' },
  { name: 'not quite chunked', lines: ['Transfer-Encoding: xchunked'], text: '5\r\nhello\r\n0\r\n\r\n' },
];

const VERSIONS = ['HTTP/1.1'];
const ODD_VERSIONS = ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1'];

const FORMS = [''];
const ODD_FORMS = [
  'http://shop.example.com',
  'HTTP://shop.example.com',
  'http://other.example.com',
  'https://shop.example.com',
  'ftp://shop.example.com',
  '/',
];

const ODD_TARGETS = ['*', 'orders', '?q', ''];

/** Ordinary `weight` times out of `weight + 1`, so that most requests have one oddity or none. */
function mostly<T>(weight: number, ordinary: readonly T[], odd: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight, arbitrary: fc.constantFrom(...ordinary) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

const pathTarget = fc
  .record({
    form: mostly(30, FORMS, ODD_FORMS),
    segments: fc.array(mostly(20, SEGMENTS, ODD_SEGMENTS), { minLength: 1, maxLength: 3 }),
    query: mostly(20, QUERIES, ODD_QUERIES),
  })
  .map(
    ({ form, segments, query }) => `${form}/${segments.join('/')}${query === undefined ? '' : `?${query}`}`,
  );

export const arbitraryRequest: fc.Arbitrary<RawRequest> = fc
  .record({
    method: mostly(30, METHODS, ODD_METHODS),
    target: fc.oneof(
      { weight: 60, arbitrary: pathTarget },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_TARGETS) },
    ),
    version: mostly(40, VERSIONS, ODD_VERSIONS),
    host: mostly(20, HOSTS, ODD_HOSTS),
    headers: fc.array(mostly(25, HEADERS, ODD_HEADERS), { maxLength: 4 }),
    body: mostly(8, BODIES, ODD_BODIES),
  })
  .map(({ method, target, version, host, headers, body }) => {
    const lines = [`${method} ${target} ${version}`, ...host, ...headers, ...body.lines];
    const parts = [method, target, version, ...host, ...headers, body.name];
    return { text: `${lines.join('\r\n')}\r\n\r\n${body.text}`, parts };
  });
