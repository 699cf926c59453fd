/** Rewriting, redirects, canaries, session cookies and header edits, each as a decision about one request. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { chooseCanary } from '../../../src/http/canaries.ts';
import { editHeaders, prepareEdits } from '../../../src/http/header-edits.ts';
import { redirectOf } from '../../../src/http/redirects.ts';
import { rewrittenPath } from '../../../src/http/rewrite.ts';
import { affinityCookie, cookieValue } from '../../../src/http/session-cookie.ts';
import type { Canary } from '../../../src/model/route-options.ts';

describe('a path that is rewritten', () => {
  const cases = [
    { route: '/shop', prefix: '/', given: '/shop/cart', want: '/cart' },
    { route: '/shop', prefix: '/', given: '/shop', want: '/' },
    { route: '/shop', prefix: '/', given: '/shop/', want: '/' },
    { route: '/shop/', prefix: '/api', given: '/shop', want: '/api' },
    { route: '/shop', prefix: '/api', given: '/shop/', want: '/api/' },
    { route: '/shop', prefix: '/api/', given: '/shop/cart', want: '/api/cart' },
    { route: '/', prefix: '/api', given: '/shop', want: '/api/shop' },
    { route: '/', prefix: '/api', given: '/', want: '/api/' },
    { route: '/shop', prefix: '/x', given: '/shop//a%20b;c', want: '/x//a%20b;c' },
    { route: '/shop', prefix: '/shop', given: '/shop/shop', want: '/shop/shop' },
  ];
  for (const { route, prefix, given, want } of cases) {
    it(`${given} on ${route} with ${prefix} is ${want}`, () => {
      assert.equal(rewrittenPath(given, { path: route, pathType: 'Prefix' }, prefix), want);
    });
  }

  it('stays as it is on an Exact path', () => {
    assert.equal(rewrittenPath('/shop', { path: '/shop', pathType: 'Exact' }, '/x'), '/shop');
  });

  it('always starts with one slash at least, whatever follows the prefix', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('/', '/a', '/a/'),
        fc.constantFrom('/', '/b', '/b/'),
        fc.webPath(),
        (route, prefix, rest) => {
          const given = `${route === '/' ? '' : '/a'}${rest}` || '/';
          assert.match(rewrittenPath(given, { path: route, pathType: 'Prefix' }, prefix), /^\//);
        },
      ),
    );
  });
});

describe('a redirect', () => {
  const head = {
    method: 'GET',
    authority: 'Shop.example.com:8080',
    host: 'shop.example.com',
    port: 8080,
    path: '/a%20b',
    query: 'q=1',
  };
  const to = { status: 301, location: 'https://www.example.com/' } as const;
  const cases = [
    {
      name: 'to https keeps path and query, and takes the port of https',
      options: { redirect: undefined, sslRedirect: true },
      isSecure: false,
      want: { status: 308, location: 'https://shop.example.com/a%20b?q=1' },
    },
    {
      name: 'to https is not for TLS',
      options: { redirect: undefined, sslRedirect: true },
      isSecure: true,
      want: undefined,
    },
    {
      name: 'of the route is for both',
      options: { redirect: to, sslRedirect: false },
      isSecure: true,
      want: to,
    },
    {
      name: 'of the route goes before https',
      options: { redirect: to, sslRedirect: true },
      isSecure: false,
      want: to,
    },
    {
      name: 'is not made unasked',
      options: { redirect: undefined, sslRedirect: false },
      isSecure: false,
      want: undefined,
    },
  ];
  for (const { name, options, isSecure, want } of cases) {
    it(name, () => assert.deepEqual(redirectOf(options, head, isSecure), want));
  }
});

describe('a canary', () => {
  const byHeader = (name: string, value?: string): Canary => ({
    backend: `${name}=${value}`,
    ingress: 'shop/canary',
    when: { kind: 'header', name, value },
  });
  const byWeight = (percent: number): Canary => ({
    backend: `${percent} %`,
    ingress: 'shop/canary',
    when: { kind: 'weight', percent },
  });
  const canaries = [byHeader('x-version', 'next'), byHeader('x-any'), byWeight(10), byWeight(20)];
  const cases = [
    { name: 'by header and value', headers: ['X-Version', 'next'], draw: 0.99, want: 'x-version=next' },
    { name: 'by header alone', headers: ['X-Any', ''], draw: 0.99, want: 'x-any=undefined' },
    { name: 'not by another value', headers: ['X-Version', 'old'], draw: 0.99, want: undefined },
    { name: 'by the first weight', headers: [], draw: 0.0999, want: '10 %' },
    { name: 'by the second weight, which has its own share of all', headers: [], draw: 0.1, want: '20 %' },
    { name: 'up to its end', headers: [], draw: 0.2999, want: '20 %' },
    { name: 'not beyond the weights', headers: [], draw: 0.3, want: undefined },
  ];
  for (const { name, headers, draw, want } of cases) {
    it(`is chosen ${name}`, () => assert.equal(chooseCanary(canaries, headers, draw)?.backend, want));
  }

  it('of no weight is never chosen, and of full weight always', () => {
    assert.equal(chooseCanary([byWeight(0)], [], 0), undefined);
    assert.equal(chooseCanary([byWeight(100)], [], 1 - Number.EPSILON)?.backend, '100 %');
  });
});

describe('the cookie of session affinity', () => {
  const cases = [
    { name: 'alone', headers: ['Cookie', 'route=abc'], want: 'abc' },
    { name: 'among others', headers: ['cookie', 'a=1; route=abc;b=2'], want: 'abc' },
    { name: 'in another line', headers: ['Cookie', 'a=1', 'Cookie', 'route=abc'], want: 'abc' },
    { name: 'the first of two', headers: ['Cookie', 'route=abc; route=def'], want: 'abc' },
    { name: 'not one with a longer name', headers: ['Cookie', 'router=abc; xroute=abc'], want: undefined },
    { name: 'not where there is none', headers: ['Accept', 'route=abc'], want: undefined },
  ];
  for (const { name, headers, want } of cases) {
    it(`is found ${name}`, () => assert.equal(cookieValue(headers, 'route'), want));
  }

  it('is out of reach of scripts and of other sites', () => {
    assert.equal(
      affinityCookie({ cookie: 'route', maxAgeSeconds: 60 }, 'abc', true),
      'route=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    );
    assert.equal(
      affinityCookie({ cookie: 'route', maxAgeSeconds: undefined }, 'abc', false),
      'route=abc; Path=/; HttpOnly; SameSite=Lax',
    );
  });
});

describe('edits of headers', () => {
  const edited = (headers: readonly string[], owned: readonly string[] = []): readonly string[] => {
    const edits = prepareEdits({
      set: [
        { name: 'X-Tenant', value: 'acme' },
        { name: 'Host', value: 'evil.net' },
        { name: 'X-Forwarded-Prefix', value: '/evil' },
      ],
      remove: ['x-debug', 'transfer-encoding', 'authorization'],
    });
    assert.ok(edits);
    return editHeaders(headers, edits, new Set(owned));
  };

  it('replace every line of a name, in any spelling', () => {
    assert.deepEqual(edited(['x-tenant', 'a', 'X_Tenant', 'b', 'Accept', '*/*', 'X-Debug', '1']), [
      'Accept',
      '*/*',
      'X-Tenant',
      'acme',
    ]);
  });

  it('leave alone what HTTP and the gateway own', () => {
    const own = [
      'Host',
      'h',
      'Authorization',
      'Bearer t',
      'Transfer-Encoding',
      'chunked',
      'X-Forwarded-For',
      '1',
    ];
    assert.deepEqual(edited(own), [...own, 'X-Tenant', 'acme']);
  });

  it('leave alone what a policy owns', () => {
    assert.deepEqual(edited(['X-Tenant', 'of-the-token'], ['x-tenant']), ['X-Tenant', 'of-the-token']);
  });

  it('are nothing where nothing may be changed', () => {
    assert.equal(prepareEdits({ set: [], remove: ['connection'] }), undefined);
  });
});
