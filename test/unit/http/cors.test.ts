/** What the gateway says to browsers: preflights, other answers, and origins that are not allowed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { corsHeaders, isPreflight, preflightHeaders } from '../../../src/http/cors.ts';
import type { CorsOptions } from '../../../src/model/route-options.ts';

const CORS: CorsOptions = {
  allowOrigins: ['https://app.example.com', 'https://*.example.org'],
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['authorization', 'content-type'],
  exposeHeaders: ['x-total'],
  allowCredentials: true,
  maxAgeSeconds: 600,
};

const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

describe('an origin', () => {
  const cases = [
    { given: 'https://app.example.com', want: true },
    { given: 'http://app.example.com', want: false },
    { given: 'https://app.example.com:8443', want: false },
    { given: 'https://app.example.com.evil.net', want: false },
    { given: 'https://a.example.org', want: true },
    { given: 'https://a.b.example.org', want: true },
    { given: 'https://example.org', want: false },
    { given: 'https://.example.org', want: false },
    { given: 'https://evil.net/.example.org', want: false },
    { given: 'https://evil.net#.example.org', want: false },
    { given: 'https://evilexample.org', want: false },
    { given: 'http://a.example.org', want: false },
    { given: 'null', want: false },
  ];
  for (const { given, want } of cases) {
    it(`${given} is ${want ? '' : 'not '}allowed`, () => {
      const headers = corsHeaders(CORS, ['Origin', given]);
      assert.equal(headers.includes('Access-Control-Allow-Origin'), want);
      if (want) assert.equal(headers[headers.indexOf('Access-Control-Allow-Origin') + 1], given);
    });
  }
});

describe('the answer to a preflight', () => {
  it('says what is allowed', () => {
    assert.deepEqual(preflightHeaders(CORS, ['Origin', 'https://app.example.com']), [
      'Access-Control-Allow-Origin',
      'https://app.example.com',
      'Access-Control-Allow-Credentials',
      'true',
      'Access-Control-Allow-Methods',
      'GET, POST',
      'Access-Control-Allow-Headers',
      'authorization, content-type',
      'Access-Control-Max-Age',
      '600',
      'Vary',
      PREFLIGHT_VARY,
    ]);
  });

  it('says nothing to another origin', () => {
    assert.deepEqual(preflightHeaders(CORS, ['Origin', 'https://evil.net']), ['Vary', PREFLIGHT_VARY]);
  });

  const cases = [
    {
      name: 'one',
      method: 'OPTIONS',
      headers: ['origin', 'x', 'ACCESS-CONTROL-REQUEST-METHOD', 'PUT'],
      want: true,
    },
    {
      name: 'one without Origin',
      method: 'OPTIONS',
      headers: ['Access-Control-Request-Method', 'PUT'],
      want: false,
    },
    { name: 'a plain OPTIONS', method: 'OPTIONS', headers: ['Origin', 'x'], want: false },
    {
      name: 'a GET',
      method: 'GET',
      headers: ['Origin', 'x', 'Access-Control-Request-Method', 'PUT'],
      want: false,
    },
  ];
  for (const { name, method, headers, want } of cases) {
    it(`is given to ${want ? '' : 'no preflight: '}${name}`, () => {
      assert.equal(isPreflight(method, headers), want);
    });
  }
});

describe('any other answer', () => {
  it('names the origin and what scripts may read', () => {
    assert.deepEqual(corsHeaders(CORS, ['Origin', 'https://app.example.com']), [
      'Access-Control-Allow-Origin',
      'https://app.example.com',
      'Access-Control-Allow-Credentials',
      'true',
      'Access-Control-Expose-Headers',
      'x-total',
      'Vary',
      'Origin',
    ]);
  });

  it('varies by origin also where there is none: a cache must not give it to one that is allowed', () => {
    assert.deepEqual(corsHeaders(CORS, []), ['Vary', 'Origin']);
    assert.deepEqual(corsHeaders(CORS, ['Origin', 'https://evil.net']), ['Vary', 'Origin']);
  });

  it('is the same for every origin where every origin is allowed', () => {
    const open = { ...CORS, allowOrigins: ['*'], allowCredentials: false, exposeHeaders: [] };
    assert.deepEqual(corsHeaders(open, ['Origin', 'null']), ['Access-Control-Allow-Origin', '*']);
  });
});
