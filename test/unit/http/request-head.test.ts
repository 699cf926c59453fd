/** Which request heads are read, and which are refused before any routing. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { describeHeaderName } from '../../../src/http/header-names.ts';
import { readRequestFields } from '../../../src/http/request-fields.ts';
import { parseRequestHead, type ParsedHead } from '../../../src/http/request-head.ts';

const HOST = ['Host', 'shop.example.com'];

function parse(target: string, rawHeaders: readonly string[] = HOST, method = 'GET'): ParsedHead {
  return parseRequestHead(method, target, readRequestFields(rawHeaders, describeHeaderName));
}

function faultOf(parsed: ParsedHead): string {
  return parsed.kind === 'invalid' ? parsed.fault : `accepted: ${JSON.stringify(parsed.head)}`;
}

describe('a request target', () => {
  const accepted: readonly { name: string; given: string; path: string; query: string | undefined }[] = [
    { name: 'the root', given: '/', path: '/', query: undefined },
    { name: 'doubled slashes', given: '//a///b/', path: '//a///b/', query: undefined },
    { name: 'encoded spaces and UTF-8', given: '/a%20b/%c3%A9', path: '/a%20b/%c3%A9', query: undefined },
    { name: 'a tilde, encoded as old encoders do', given: '/%7Eme', path: '/%7Eme', query: undefined },
    { name: 'sub-delimiters', given: "/a;b=c!$&'()*+,:@|[]", path: "/a;b=c!$&'()*+,:@|[]", query: undefined },
    {
      name: 'names that start or end with dots',
      given: '/.well-known/..a/a../...',
      path: '/.well-known/..a/a../...',
      query: undefined,
    },
    { name: 'an empty query', given: '/a?', path: '/a', query: '' },
    { name: 'a query with a second question mark', given: '/a?b?c', path: '/a', query: 'b?c' },
    {
      name: 'a query with slashes, dots and loose escapes',
      given: '/a?u=%2F../%&j={"x":1}',
      path: '/a',
      query: 'u=%2F../%&j={"x":1}',
    },
    {
      name: 'absolute-form that agrees with Host',
      given: 'http://shop.example.com/a?b',
      path: '/a',
      query: 'b',
    },
    { name: 'absolute-form in capitals', given: 'HTTPS://Shop.Example.COM/A', path: '/A', query: undefined },
    {
      name: 'absolute-form with the default port',
      given: 'http://shop.example.com:80/',
      path: '/',
      query: undefined,
    },
    { name: 'absolute-form without a path', given: 'http://shop.example.com?b', path: '/', query: 'b' },
  ];
  for (const { name, given, path, query } of accepted) {
    it(`is kept byte for byte: ${name}`, () => {
      assert.deepEqual(parse(given), {
        kind: 'valid',
        head: {
          method: 'GET',
          authority: 'shop.example.com',
          host: 'shop.example.com',
          port: undefined,
          path,
          query,
        },
      });
    });
  }

  const form = 'request target must be a path, or an absolute URL with http or https';
  const dots = 'path must not hold the segments . and ..';
  const hidden = 'path must not hold an encoded slash, backslash or NUL';
  const plain = 'path must not hold an encoded letter, digit, dot, hyphen or underscore';
  const escape = 'path must be well-formed: % must be followed by two hex digits';
  const rewritten = 'path must not hold any of " < > ^ ` { } unless percent-encoded';
  const printable = 'request target must be printable ASCII without spaces';
  const backslash = 'request target must not hold a backslash';
  const refused: readonly { given: string; want: string }[] = [
    { given: '', want: form },
    { given: '*', want: form },
    { given: 'a', want: form },
    { given: 'shop.example.com:443', want: form },
    { given: 'ftp://shop.example.com/', want: form },
    { given: 'http:/shop.example.com/', want: form },
    { given: 'http:///a', want: 'request target must name a host as Host does' },
    { given: 'http://me@shop.example.com/', want: 'request target must name a host as Host does' },
    { given: 'http://other.example.com/', want: 'request target must name the same authority as Host' },
    { given: 'http://shop.example.com:8080/', want: 'request target must name the same authority as Host' },
    { given: 'https://shop.example.com:80/', want: 'request target must name the same authority as Host' },
    { given: '/.', want: dots },
    { given: '/..', want: dots },
    { given: '/a/../b', want: dots },
    { given: '/a/./b', want: dots },
    { given: '/a/..?b', want: dots },
    { given: '/public/..;/admin', want: dots },
    { given: '/public/.;x=1/admin', want: dots },
    { given: '/a/..;', want: dots },
    { given: '/%2e%2e/a', want: plain },
    { given: '/.%2E/a', want: plain },
    { given: '/%61dmin', want: plain },
    { given: '/my%2Dadmin', want: plain },
    { given: '/my%5fadmin', want: plain },
    { given: '/a%2fb', want: hidden },
    { given: '/a%2Fb', want: hidden },
    { given: '/a%5cb', want: hidden },
    { given: '/a%5Cb', want: hidden },
    { given: '/a%00', want: hidden },
    { given: '/%', want: escape },
    { given: '/%4', want: escape },
    { given: '/%4?1', want: escape },
    { given: '/%zz', want: escape },
    { given: '/a%2', want: escape },
    { given: '/{a}', want: rewritten },
    { given: '/a"b', want: rewritten },
    { given: '/a^b', want: rewritten },
    { given: '/a\\b', want: backslash },
    { given: '/a?b\\c', want: backslash },
    { given: '/a#b', want: 'request target must not hold a fragment' },
    { given: '/a?b#c', want: 'request target must not hold a fragment' },
    { given: '/a b', want: printable },
    { given: '/a\tb', want: printable },
    { given: '/a\x00b', want: printable },
    { given: '/a\x7f', want: printable },
    { given: '/é', want: printable },
    { given: '/a?é', want: printable },
    { given: '/a?\r\nX: y', want: printable },
  ];
  for (const { given, want } of refused) {
    it(`is refused: ${JSON.stringify(given)}`, () => assert.equal(faultOf(parse(given)), want));
  }

  it('is refused with CONNECT and TRACE, and for OPTIONS *', () => {
    assert.equal(faultOf(parse('/', HOST, 'CONNECT')), 'method CONNECT is not served');
    assert.equal(faultOf(parse('/', HOST, 'TRACE')), 'method TRACE is not served');
    assert.equal(faultOf(parse('*', HOST, 'OPTIONS')), form);
  });

  it('is refused where its method is not in capitals: rules for POST would not meet `post`', () => {
    for (const method of ['get', 'Post', 'PROPFINd']) {
      assert.equal(faultOf(parse('/', HOST, method)), 'method must be in capitals');
    }
  });

  it('holds no path that a URL parser would read as another one', () => {
    const pieces = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '%',
      'a',
      ';',
      '\\',
      '\t',
      '^',
      '{',
      '?',
      '#',
      ' ',
      '%41',
      '%c3%a9',
      'é',
      ':',
      '|',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string({ unit: 'binary-ascii', maxLength: 3 })), { maxLength: 8 }),
        (parts) => {
          const parsed = parse(`/${parts.join('')}`);
          if (parsed.kind === 'invalid') return;
          const { path, query } = parsed.head;
          assert.equal(new URL(`http://h${path}`).pathname, path);
          assert.equal(`/${parts.join('')}`, query === undefined ? path : `${path}?${query}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('Host', () => {
  const accepted: readonly { given: string; host: string; port: number | undefined }[] = [
    { given: 'Shop.Example.COM', host: 'shop.example.com', port: undefined },
    { given: 'shop.example.com.', host: 'shop.example.com', port: undefined },
    { given: 'shop.example.com.:8080', host: 'shop.example.com', port: 8080 },
    { given: 'my_shop', host: 'my_shop', port: undefined },
    { given: '192.0.2.1:65535', host: '192.0.2.1', port: 65_535 },
    { given: '[2001:DB8::1]', host: '[2001:db8::1]', port: undefined },
    { given: '[::1]:8443', host: '[::1]', port: 8443 },
  ];
  for (const { given, host, port } of accepted) {
    it(`is read: ${given}`, () => {
      const parsed = parse('/', ['hOST', given]);
      assert.ok(parsed.kind === 'valid', faultOf(parsed));
      const { head } = parsed;
      assert.deepEqual([head.authority, head.host, head.port], [given, host, port]);
    });
  }

  const refused = [
    '',
    ' ',
    ':80',
    '.',
    'a..b',
    '.a',
    'a..',
    'a:',
    'a:0',
    'a:65536',
    'a:080808',
    'a:8o',
    'a:80:80',
    'a/b',
    'a@b',
    'a b',
    'a,b',
    'a\\b',
    'a%2eb',
    'é',
    'a\u212a',
    '[]',
    '[::1',
    '[::1]x',
    '[::1]:',
    '[fe80::1%25eth0]',
    '[1.2.3.4]',
    '::1',
    'a?b',
    'a#b',
  ];
  for (const given of refused) {
    it(`is refused: ${JSON.stringify(given)}`, () => {
      assert.equal(
        faultOf(parse('/', ['Host', given])),
        'Host must be a DNS name or an IP address, with or without a port',
      );
    });
  }

  it('must be sent once, also where both say the same', () => {
    assert.equal(faultOf(parse('/', ['Accept', '*/*'])), 'Host must be sent exactly once, found none');
    assert.equal(
      faultOf(parse('/', ['Host', 'a', 'HOST', 'a'])),
      'Host must be sent exactly once, found more',
    );
  });
});

describe('framing', () => {
  const cases: readonly { name: string; given: readonly string[]; want: string | undefined }[] = [
    { name: 'a length', given: ['Content-Length', '5'], want: undefined },
    { name: 'chunked', given: ['transfer-encoding', 'Chunked'], want: undefined },
    {
      name: 'two lengths that agree',
      given: ['Content-Length', '5', 'content-length', '5'],
      want: 'Content-Length must be sent at most once',
    },
    {
      name: 'a list of lengths',
      given: ['Content-Length', '5, 5'],
      want: 'Content-Length must be a number of bytes',
    },
    {
      name: 'a signed length',
      given: ['Content-Length', '+5'],
      want: 'Content-Length must be a number of bytes',
    },
    {
      name: 'an empty length',
      given: ['Content-Length', ''],
      want: 'Content-Length must be a number of bytes',
    },
    {
      name: 'another coding',
      given: ['Transfer-Encoding', 'gzip, chunked'],
      want: 'Transfer-Encoding must be chunked',
    },
    {
      name: 'chunked twice in one line',
      given: ['Transfer-Encoding', 'chunked, chunked'],
      want: 'Transfer-Encoding must be chunked',
    },
    {
      name: 'chunked twice',
      given: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
      want: 'Transfer-Encoding must be sent at most once',
    },
    {
      name: 'chunked behind a vertical tab',
      given: ['Transfer-Encoding', '\vchunked'],
      want: 'Transfer-Encoding must be chunked',
    },
    {
      name: 'a length with chunked',
      given: ['Content-Length', '5', 'Transfer-Encoding', 'chunked'],
      want: 'Content-Length and Transfer-Encoding must not be sent together',
    },
  ];
  for (const { name, given, want } of cases) {
    it(`${want === undefined ? 'may be' : 'must not be'} ${name}`, () => {
      const parsed = parse('/', [...HOST, ...given], 'POST');
      if (want === undefined) assert.equal(parsed.kind, 'valid', faultOf(parsed));
      else assert.equal(faultOf(parsed), want);
    });
  }
});
