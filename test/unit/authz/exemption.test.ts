/** Which requests pass without a token. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isExempt } from '../../../src/authz/exemption.ts';
import { planOf } from '../../support/plan.ts';

const plan = planOf({
  exempt: [
    { path: '/public', pathType: 'Prefix', methods: ['GET', 'HEAD'] },
    { path: '/health', pathType: 'Exact', methods: [] },
    { path: '/caf%C3%A9', pathType: 'Prefix', methods: [] },
  ],
});

describe('an exemption', () => {
  const cases: readonly { method?: string; path: string; want: boolean }[] = [
    { path: '/public', want: true },
    { path: '/public/a%20b', want: true },
    { path: '/public/a;v=1/b', want: true },
    { method: 'POST', path: '/public', want: false },
    { path: '/publicity', want: false },
    { path: '/PUBLIC', want: false },
    { method: 'DELETE', path: '/health', want: true },
    { path: '/health/', want: false },
    { path: '//health', want: false },
    { path: '/health;x', want: false },
    { path: '/caf%C3%A9/menu', want: true },
    { path: '/', want: false },
  ];
  for (const { method = 'GET', path, want } of cases) {
    it(`${want ? 'covers' : 'does not cover'} ${method} ${path}`, () => {
      assert.equal(
        isExempt(plan, { method, path }, () => undefined),
        want,
      );
    });
  }
});

describe('a CORS preflight', () => {
  const headers: Readonly<Record<string, string>> = {
    origin: 'https://a',
    'access-control-request-method': 'PUT',
  };
  const preflight = (
    given: Readonly<Record<string, string>>,
    method = 'OPTIONS',
    exemptPreflight = true,
  ): boolean => isExempt(planOf({ exemptPreflight }), { method, path: '/' }, (name) => given[name]);

  it('passes', () => assert.equal(preflight(headers), true));
  it('passes not where the policy says so', () => assert.equal(preflight(headers, 'OPTIONS', false), false));
  it('is no other method', () => assert.equal(preflight(headers, 'GET'), false));
  it('is no OPTIONS without both of its headers', () => {
    assert.equal(preflight({ origin: 'https://a' }), false);
    assert.equal(preflight({ 'access-control-request-method': 'PUT' }), false);
  });
});
