/** The statuses to be of policies that many Ingresses name. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  compileManifests,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';

const NAMES = Array.from({ length: 60 }, (_, index) => `web-${String(index).padStart(2, '0')}`);

/** The younger the earlier by name. */
const ingresses = NAMES.map((name, index) =>
  ingressOf({
    name,
    createdAt: new Date(Date.UTC(2026, 0, 61 - index)).toISOString(),
    annotations: {
      'oidc-ingress.io/policy': 'api',
      ...(index % 3 === 0 ? { 'oidc-ingress.io/typo': 'x' } : {}),
    },
    spec: { rules: [ruleOf(`${name}.com`, 'Prefix /')] },
  }),
);

const result = compileManifests([OUR_CLASS, ...serviceOf('web'), policyOf(), ...ingresses]);

describe('the verdict on a policy', () => {
  const verdict = result.policies['shop/api'];

  it('counts every Ingress, and lists the first 50 by name', () => {
    const { total, enforced, refused, rows } = verdict?.ingresses ?? assert.fail();
    assert.deepEqual({ total, enforced, refused }, { total: 60, enforced: 40, refused: 20 });
    assert.deepEqual(
      rows.map(({ name }) => name),
      NAMES.slice(0, 50),
    );
  });

  it('says of each Ingress what its requests meet, and why', () => {
    assert.deepEqual(verdict?.ingresses.rows.slice(0, 2), [
      { namespace: 'shop', name: 'web-00', state: 'Refused', reason: 'UnknownAnnotation' },
      { namespace: 'shop', name: 'web-01', state: 'Enforced', reason: 'Enforced' },
    ]);
  });
});

describe('the warning that no audience is required', () => {
  const CASES = [
    { name: 'is not given where one is asked for', given: {}, want: [] },
    {
      name: 'is not given where one is required',
      given: { clientCredentials: {}, require: { audiences: ['a'] } },
      want: [],
    },
    { name: 'is given where none is asked for', given: { clientCredentials: {} }, want: ['NoAudience'] },
    {
      name: 'is given where one is asked for, and none is required',
      given: { require: { audiences: [] } },
      want: ['NoAudience'],
    },
  ];
  for (const { name, given, want } of CASES) {
    it(name, () => {
      const { policies } = compileManifests([OUR_CLASS, policyOf(given)]);
      assert.deepEqual(
        policies['shop/api']?.warnings.map(({ reason }) => reason),
        want,
      );
    });
  }
});

describe('the Ingresses whose status is ours to write', () => {
  it('are sorted by name, refused ones too', () => {
    assert.deepEqual(
      result.ingresses.map(({ name }) => name),
      NAMES,
    );
  });
});
