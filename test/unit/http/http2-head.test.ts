/** What becomes of the fields of an HTTP/2 request, and which of them make it malformed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { array, assert as check, property, string, tuple } from 'fast-check';

import { expectsContinue, fieldListBytes, readHttp2Head } from '../../../src/http/http2-head.ts';

const REQUEST = [':method', 'GET', ':scheme', 'https', ':authority', 'a.example', ':path', '/x?y'];

function replaced(name: string, value: string): string[] {
  return REQUEST.map((part, at) => (REQUEST[at - 1] === name && at % 2 === 1 ? value : part));
}

describe('the head of an HTTP/2 request', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: readonly string[];
    readonly hasBody?: boolean;
    readonly want: readonly string[];
  }[] = [
    { name: 'has :authority as Host', given: REQUEST, want: ['host', 'a.example'] },
    {
      name: 'has host as Host where there is no :authority',
      given: [':method', 'GET', ':scheme', 'https', ':path', '/', 'x-a', '1', 'host', 'b.example'],
      want: ['host', 'b.example', 'x-a', '1'],
    },
    {
      name: 'has one Host where both say the same',
      given: [...REQUEST, 'host', 'A.EXAMPLE:443'],
      want: ['host', 'a.example'],
    },
    {
      name: 'joins cookies and keeps the order of the rest',
      given: [...REQUEST, 'cookie', 'a=1', 'x-a', '1', 'cookie', 'b=2', 'x-a', '2'],
      want: ['host', 'a.example', 'x-a', '1', 'x-a', '2', 'cookie', 'a=1; b=2'],
    },
    {
      name: 'says that a body of unknown length comes in chunks',
      given: REQUEST,
      hasBody: true,
      want: ['host', 'a.example', 'transfer-encoding', 'chunked'],
    },
    {
      name: 'keeps the length of a body',
      given: [...REQUEST, 'content-length', '3'],
      hasBody: true,
      want: ['host', 'a.example', 'content-length', '3'],
    },
    {
      name: 'says that a POST without a body has none',
      given: replaced(':method', 'POST'),
      want: ['host', 'a.example', 'content-length', '0'],
    },
  ];
  for (const { name, given, hasBody = false, want } of cases) {
    it(name, () => {
      const head = readHttp2Head(given, hasBody);
      assert.deepEqual(head.rawHeaders, want);
      assert.equal(head.fault, undefined);
    });
  }

  it('has method and target', () => {
    const { method, target } = readHttp2Head(REQUEST, false);
    assert.deepEqual([method, target], ['GET', '/x?y']);
  });

  const faults: readonly {
    readonly name: string;
    readonly given: readonly string[];
    readonly want: string;
  }[] = [
    {
      name: 'a name in capitals',
      given: [...REQUEST, 'X-A', '1'],
      want: 'a header name must be a token in lower case',
    },
    {
      name: 'a space in a name',
      given: [...REQUEST, 'x a', '1'],
      want: 'a header name must be a token in lower case',
    },
    {
      name: 'a colon in a name',
      given: [...REQUEST, 'x:a', '1'],
      want: 'a header name must be a token in lower case',
    },
    {
      name: 'an empty name',
      given: [...REQUEST, '', '1'],
      want: 'a header name must be a token in lower case',
    },
    {
      name: 'CR in a value',
      given: [...REQUEST, 'x', 'a\rb'],
      want: 'a header value must not hold control characters',
    },
    {
      name: 'LF in a value',
      given: [...REQUEST, 'x', 'a\nb'],
      want: 'a header value must not hold control characters',
    },
    {
      name: 'NUL in a value',
      given: [...REQUEST, 'x', 'a\0b'],
      want: 'a header value must not hold control characters',
    },
    {
      name: 'space before a value',
      given: [...REQUEST, 'x', ' a'],
      want: 'a header value must not hold control characters',
    },
    {
      name: 'LF in :path',
      given: replaced(':path', '/a\nb'),
      want: 'a header value must not hold control characters',
    },
    {
      name: 'an unknown pseudo-header',
      given: [':x', '1', ...REQUEST],
      want: 'pseudo-headers must be :method, :scheme, :authority and :path',
    },
    { name: 'a pseudo-header twice', given: [':path', '/', ...REQUEST], want: ':path must be sent once' },
    {
      name: 'a pseudo-header behind a header',
      given: ['x', '1', ...REQUEST],
      want: 'pseudo-headers must come first',
    },
    {
      name: 'connection',
      given: [...REQUEST, 'connection', 'x'],
      want: 'connection must not be sent in HTTP/2',
    },
    {
      name: 'transfer-encoding',
      given: [...REQUEST, 'transfer-encoding', 'chunked'],
      want: 'transfer-encoding must not be sent in HTTP/2',
    },
    {
      name: 'te other than trailers',
      given: [...REQUEST, 'te', 'gzip'],
      want: 'te must not be sent in HTTP/2',
    },
    {
      name: 'two hosts',
      given: [...REQUEST, 'host', 'a.example', 'host', 'a.example'],
      want: 'host must be sent at most once',
    },
    {
      name: 'another host',
      given: [...REQUEST, 'host', 'b.example'],
      want: ':authority must name the same authority as host',
    },
    {
      name: 'another port',
      given: [...REQUEST, 'host', 'a.example:80'],
      want: ':authority must name the same authority as host',
    },
    {
      name: 'a method that is no token',
      given: replaced(':method', 'GET /'),
      want: ':method must be a token',
    },
    { name: 'another scheme', given: replaced(':scheme', 'ftp'), want: ':scheme must be http or https' },
    {
      name: 'a path without a slash',
      given: replaced(':path', 'http://a.example/'),
      want: ':path must start with a slash',
    },
    {
      name: 'a length without a body',
      given: [...REQUEST, 'content-length', '1'],
      want: 'content-length must be that of the body',
    },
  ];
  for (const { name, given, want } of faults) {
    it(`is faulty with ${name}`, () => {
      assert.equal(readHttp2Head(given, false).fault, want);
    });
  }

  it('never holds what would end a line, unless it is faulty', () => {
    const text = string({ unit: 'binary-ascii', maxLength: 8 });
    check(
      property(array(tuple(text, text), { maxLength: 4 }), text, (fields, path) => {
        const head = readHttp2Head([...replaced(':path', `/${path}`), ...fields.flat()], false);
        const written = [head.method, head.target, ...head.rawHeaders];
        assert.ok(head.fault !== undefined || written.every((part) => !/[\r\n\0]/.test(part)));
      }),
    );
  });
});

describe('the size of a field list', () => {
  it('counts names, values and 32 bytes for each', () => {
    assert.equal(fieldListBytes(['ab', 'c', 'd', '']), 2 + 1 + 32 + 1 + 32);
  });
});

describe('a caller that waits to be told', () => {
  for (const [value, want] of [
    ['100-Continue', true],
    ['x', false],
  ] as const) {
    it(`is ${want ? '' : 'not '}told by expect: ${value}`, () => {
      assert.equal(expectsContinue(readHttp2Head([...REQUEST, 'expect', value], true)), want);
    });
  }
});
