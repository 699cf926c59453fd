/** What a connection may carry: requests one after another, well-formed, nearly so, and with bytes that nobody meant. */

import * as fc from 'fast-check';

import { arbitraryRequest } from '../nginx/requests.ts';

const HOST = 'Host: shop.example.com';

const LENGTHS = [
  'Content-Length: 5',
  'content-length:5',
  'Content-Length: \t5 \t',
  'Content-Length: 0005',
  'Content-Length : 5',
  'Content-Length:',
  'Content-Length: 5 5',
  'Content-Length: 5,5',
  'Content-Length: 5;',
  'Content-Length: -5',
  'Content-Length: 5.0',
  'Content-Length: 5e0',
  'Content-Length: 0x5',
  'Content-Length: \xb25',
  'Content-Length: 0000000000000000005',
  'Content-Length: 18446744073709551621',
  'Content-Length: 5\r\n ',
  'Content_Length: 5',
  'X-A: 1\nContent-Length: 5',
  'X-A: 1\rContent-Length: 5',
];
const CODINGS = [
  'Transfer-Encoding: chunked',
  'transfer-encoding:chunked',
  'Transfer-Encoding: \t chunked\t ',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunkedx',
  'Transfer-Encoding: chun ked',
  'Transfer-Encoding:',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0c',
  'Transfer_Encoding: chunked',
];
const SIZES = [
  '5',
  '05',
  '0000000005',
  '00000000000000000005',
  '5;a',
  '5;a=b',
  '5 ;a=b',
  '5; a="b;c"',
  '5;',
  '5 ',
  '5\t',
  ' 5',
  '+5',
  '-5',
  '0x5',
  '5_',
  '5h',
  '5;a=\x01',
  '5;\xe9',
  '5;a\r',
  '5\r',
  '5;a\n',
  '',
  '100000005',
  '10000000000000005',
];
const LAST_CHUNKS = ['0', '000', '0;a=b', '0 ', '0x0', '-0', ''];
const TRAILERS = [
  'X-Sum: 1\r\n',
  'X-Sum:1\r\nX-Sum: 2\r\n',
  'X-Sum : 1\r\n',
  'X-Sum\r\n',
  'X-Sum: 1\r\n 2\r\n',
  'X-Sum: a\0b\r\n',
  'X-Sum: 1\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
];
const LINE_ENDS = ['\n', '\r', '', '\r\n\r\n', '\r\r\n', '\r\n '];
const METHODS = ['GET', 'PUT', 'HEAD', 'post', 'P\xd6ST', 'PO ST', 'M-SEARCH', 'QUERY', 'SOURCE', 'PRI'];
const VERSIONS = ['HTTP/1.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/1.10', 'HTTP/11', ''];
const BEFORE = ['\r\n', '\r\n', '\r\n\r\n', '\n', '\r', ' ', '\0'];
const CONNECTIONS = [
  'Connection: close',
  'Connection: keep-alive',
  'Connection: x, close',
  'Connection: closed',
];

const mostly = <T>(ordinary: T, others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(ordinary) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const chunked = fc
  .record({
    sizes: fc.array(mostly('5', SIZES), { maxLength: 3 }),
    end: mostly('\r\n', LINE_ENDS),
    last: mostly('0', LAST_CHUNKS),
    trailers: mostly('', TRAILERS),
  })
  .map(({ sizes, end, last, trailers }) => {
    const chunks = sizes.map((size) => `${size}\r\nhello${end}`);
    return `${chunks.join('')}${last}\r\n${trailers}\r\n`;
  });

const list = (line: string): readonly string[] => [line];

const anyFraming = fc.array(
  fc.oneof(mostly('Content-Length: 5', LENGTHS), mostly('Transfer-Encoding: chunked', CODINGS)),
  { maxLength: 3 },
);

/** Framing above all: where a request ends is what must not be in doubt. */
const framed = fc
  .record({
    before: mostly('', BEFORE),
    method: mostly('POST', METHODS),
    version: mostly('HTTP/1.1', VERSIONS),
    end: mostly('\r\n', LINE_ENDS),
    framing: fc.oneof(
      {
        weight: 2,
        arbitrary: fc.record({
          lines: mostly('Content-Length: 5', LENGTHS).map(list),
          body: fc.constant('hello'),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          lines: mostly('Transfer-Encoding: chunked', CODINGS).map(list),
          body: chunked,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ lines: anyFraming, body: fc.oneof(fc.constantFrom('hello', ''), chunked) }),
      },
    ),
    connection: fc.oneof(
      { weight: 9, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.constantFrom(...CONNECTIONS).map(list) },
    ),
  })
  .map(({ before, method, version, end, framing, connection }) => {
    const lines = [`${method} / ${version}`, HOST, ...framing.lines, ...connection];
    return `${before}${lines.join(end)}\r\n\r\n${framing.body}`;
  });

const request = fc.oneof(
  framed,
  arbitraryRequest.map(({ text }) => text),
);

interface Mutation {
  /** A part of the length of the text. */
  readonly at: number;
  readonly kind: 'insert' | 'replace' | 'remove' | 'double';
  readonly bytes: string;
}

/** What nobody meant. */
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom<Mutation['kind'][]>('insert', 'insert', 'replace', 'remove', 'double'),
  bytes: fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    '\x0b',
    '\x7f',
    '\x80',
    '\xff',
    '\xa0',
    ';',
    ',',
    '0',
    'a',
  ),
});

function mutated(text: string, { at, kind, bytes }: Mutation): string {
  const start = Math.floor(at * text.length);
  const rest = text.slice(start);
  if (kind === 'insert') return text.slice(0, start) + bytes + rest;
  if (kind === 'replace') return text.slice(0, start) + bytes + rest.slice(bytes.length);
  if (kind === 'remove') return text.slice(0, start) + rest.slice(1);
  const lineEnd = text.indexOf('\r\n', start) + 2;
  const lineStart = text.lastIndexOf('\r\n', start) + 2;
  return lineStart < 2 || lineEnd < 2 ? text : text.slice(0, lineEnd) + text.slice(lineStart);
}

/** Everything on the wire, latin1. */
export const arbitraryBytes: fc.Arbitrary<string> = fc
  .record({
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    mutations: fc.oneof(
      { weight: 2, arbitrary: fc.constant<Mutation[]>([]) },
      { weight: 1, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 2 }) },
    ),
    length: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
  })
  .map(({ requests, mutations, length }) => {
    const text = mutations.reduce(mutated, requests.join(''));
    return text.slice(0, Math.ceil(length * text.length));
  });

/** Places to cut at, as parts of the length. */
export const arbitraryCuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

export function cut(text: string, cuts: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const places = [0, ...cuts.map((each) => Math.floor(each * bytes.length)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}
