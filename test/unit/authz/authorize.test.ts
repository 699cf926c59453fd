/** Which verified tokens satisfy a policy. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { authorize, createAuthorize, mayClientCall, type Verdict } from '../../../src/authz/authorize.ts';
import type { PolicyPlan, RequirementRule, Requirements } from '../../../src/model/table.ts';
import { planOf } from '../../support/plan.ts';

const get = { method: 'GET', path: '/v1/orders' };

/** Each case is about one requirement; tokens meet that of an audience unless the case is about it. */
function planForAnyAudience(changes: Partial<PolicyPlan>): PolicyPlan {
  return planOf({ audiences: [], ...changes });
}

function requiring(changes: Partial<Requirements>): Requirements {
  return { scopes: [], scopesClaim: 'scope', claims: [], clients: [], ...changes };
}

function rule(changes: Partial<RequirementRule>, require: Partial<Requirements>): RequirementRule {
  return { methods: [], paths: [], ...changes, require: requiring(require) };
}

function shown(verdict: Verdict): string {
  return verdict.kind === 'allow' ? 'allow' : `${verdict.reason}: ${verdict.detail}`;
}

interface Case {
  readonly name: string;
  readonly plan: Partial<PolicyPlan>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly want: string;
}

function check(cases: readonly Case[]): void {
  for (const { name, plan, claims = {}, want } of cases) {
    it(name, () => assert.equal(shown(authorize(planForAnyAudience(plan), claims, 'client-a', get)), want));
  }
}

describe('a policy without requirements', () => {
  check([{ name: 'allows any token', plan: {}, want: 'allow' }]);
});

describe('audiences', () => {
  const plan = { audiences: ['https://a/', 'https://b/'] };
  const denied = 'AudienceMismatch: the token is for none of the audiences of the policy';
  check([
    { name: 'are met by text', plan, claims: { aud: 'https://b/' }, want: 'allow' },
    { name: 'are met by one entry of a list', plan, claims: { aud: ['x', 'https://a/'] }, want: 'allow' },
    { name: 'are not met by another audience', plan, claims: { aud: ['https://a'] }, want: denied },
    { name: 'are not met by part of one', plan, claims: { aud: 'https://a/ https://b/' }, want: denied },
    { name: 'are not met by none', plan, want: denied },
  ]);
});

describe('scopes', () => {
  const plan = { require: requiring({ scopes: ['read:orders', 'write:orders admin'] }) };
  check([
    { name: 'are met by text', plan, claims: { scope: 'x admin read:orders' }, want: 'allow' },
    { name: 'are met by a list', plan, claims: { scope: ['read:orders', 'write:orders'] }, want: 'allow' },
    {
      name: 'are not met by words that hold them',
      plan,
      claims: { scope: 'read:orders2 xread:orders admin' },
      want: 'InsufficientScope: the token lacks the scope "read:orders"',
    },
    {
      name: 'are all named where they are missing',
      plan,
      claims: { scope: 7 },
      want: 'InsufficientScope: the token lacks the scope "read:orders", "write:orders" or "admin"',
    },
    {
      name: 'of another claim are not met by scope',
      plan: { require: requiring({ scopes: ['a'], scopesClaim: 'permissions' }) },
      claims: { scope: 'a', permissions: [] },
      want: 'InsufficientScope: the token lacks the scope "a"',
    },
    {
      name: 'of another claim are met by it',
      plan: { require: requiring({ scopes: ['a'], scopesClaim: 'permissions' }) },
      claims: { permissions: ['a'] },
      want: 'allow',
    },
    {
      name: 'are not looked for in what every object inherits',
      plan: { require: requiring({ scopes: ['a'], scopesClaim: 'constructor' }) },
      want: 'InsufficientScope: the token lacks the scope "a"',
    },
  ]);

  it('that would suffice are told for the challenge, those of the rule too', () => {
    const given = planForAnyAudience({ ...plan, rules: [rule({}, { scopes: ['read:orders', 'x y'] })] });
    const verdict = authorize(given, {}, 'client-a', get);
    assert.equal(verdict.kind === 'deny' && verdict.requiredScope, 'read:orders write:orders x');
  });
});

describe('claims', () => {
  const plan = {
    require: requiring({ claims: [{ path: ['org', 'id'], operator: 'Equals' as const, values: ['org_1'] }] }),
  };
  check([
    { name: 'are met by the value', plan, claims: { org: { id: 'org_1' } }, want: 'allow' },
    {
      name: 'are named where they are not met, without their value',
      plan,
      claims: { org: { id: 'org_2' } },
      want: 'ClaimMismatch: the claim "org.id" is not what the policy requires',
    },
  ]);
});

describe('clients', () => {
  const denied = 'ClientNotAllowed: the client is not on the allow-list of the policy';
  const plan = planForAnyAudience({
    require: requiring({ clients: ['client-a', 'client-b'] }),
    rules: [rule({ methods: ['POST'] }, { clients: ['client-b'] })],
  });

  it('are allowed where policy and rule name them', () => {
    assert.equal(shown(mayClientCall(plan, 'client-a', get)), 'allow');
    assert.equal(shown(mayClientCall(plan, 'client-b', { ...get, method: 'POST' })), 'allow');
    assert.equal(shown(authorize(plan, {}, 'client-a', get)), 'allow');
  });

  it('are refused where one of the two does not', () => {
    assert.equal(shown(mayClientCall(plan, 'client-c', get)), denied);
    assert.equal(shown(mayClientCall(plan, 'client-a', { ...get, method: 'POST' })), denied);
    assert.equal(shown(authorize(plan, {}, 'client-c', get)), denied);
  });

  it('of bearer tokens are those that the token names', () => {
    assert.equal(shown(authorize(plan, { azp: 'client-a' }, undefined, get)), 'allow');
    assert.equal(shown(authorize(plan, {}, undefined, get)), denied);
  });

  it('that presented themselves are not replaced by those of the token', () => {
    assert.equal(shown(authorize(plan, { azp: 'client-a' }, 'client-c', get)), denied);
  });
});

describe('rules', () => {
  const plan = planForAnyAudience({
    require: requiring({ scopes: ['base'] }),
    rules: [
      rule({ methods: ['GET'], paths: [{ path: '/v1/orders', pathType: 'Prefix' }] }, { scopes: ['read'] }),
      rule({ paths: [{ path: '/v1/orders:cancel', pathType: 'Exact' }] }, { scopes: ['cancel'] }),
      rule({ paths: [{ path: '/v1/caf%C3%A9', pathType: 'Prefix' }] }, { scopes: ['coffee'] }),
      rule({ methods: ['DELETE', 'GET'] }, { scopes: ['rest'] }),
    ],
  });
  const cases: readonly { name: string; method: string; path: string; want: readonly string[] }[] = [
    {
      name: 'the first that matches by method and path',
      method: 'GET',
      path: '/v1/orders/7',
      want: ['read'],
    },
    { name: 'one for GET to HEAD too', method: 'HEAD', path: '/v1/orders/7', want: ['read'] },
    { name: 'a later one where the method differs', method: 'DELETE', path: '/v1/orders/7', want: ['rest'] },
    { name: 'none where none matches', method: 'PUT', path: '/v1/orders', want: [] },
    { name: 'none where a path only starts alike', method: 'PUT', path: '/v1/orders:cancelled', want: [] },
    {
      name: 'one by a path that the service decodes',
      method: 'PUT',
      path: '/v1/orders%3Acancel',
      want: ['cancel'],
    },
    {
      name: 'one by a path with doubled slashes',
      method: 'PUT',
      path: '/v1//orders:cancel',
      want: ['cancel'],
    },
    {
      name: 'one by a path with parameters',
      method: 'PUT',
      path: '/v1;x/orders:cancel;y=1',
      want: ['cancel'],
    },
    { name: 'one whose own path is written encoded', method: 'PUT', path: '/v1/caf%c3%a9', want: ['coffee'] },
    {
      name: 'those of both ways to read a path',
      method: 'GET',
      path: '/v1/orders;/7',
      want: ['rest', 'read'],
    },
  ];
  for (const { name, method, path, want } of cases) {
    it(`add ${name}`, () => {
      const verdict = authorize(plan, {}, 'client-a', { method, path });
      assert.equal(verdict.kind === 'deny' && verdict.requiredScope, ['base', ...want].join(' '));
    });
  }
});

describe('remembered verdicts', () => {
  const plans = [
    planForAnyAudience({ require: requiring({ scopes: ['read:orders'] }) }),
    planForAnyAudience({ require: requiring({ clients: ['client-a'] }) }),
    planForAnyAudience({ rules: [rule({ methods: ['POST'] }, { scopes: ['write:orders'] })] }),
  ];
  const tokens = [{ scope: 'read:orders', azp: 'client-a' }, { azp: 'client-b' }];
  const asked = fc.tuple(
    fc.constantFrom(...plans),
    fc.constantFrom(...tokens),
    fc.constantFrom('client-a', 'client-b', undefined),
    fc.constantFrom(get, { ...get, method: 'POST' }),
  );

  it('are those that would be found anew', () => {
    fc.assert(
      fc.property(fc.array(asked, { minLength: 2, maxLength: 30 }), (requests) => {
        const remembering = createAuthorize();
        for (const given of requests) assert.deepEqual(remembering(...given), authorize(...given));
      }),
    );
  });
});
