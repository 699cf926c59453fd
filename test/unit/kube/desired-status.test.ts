/** What statuses say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isSamePolicyStatus, loadBalancerIngress, policyStatus } from '../../../src/kube/desired-status.ts';
import type { IssuerState } from '../../../src/model/conditions.ts';
import { policyStatusSchema } from '../../../src/policy/status-schema.ts';
import { objectMeta, policyVerdict } from '../../support/compile-results.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const READY: IssuerState = { status: 'True', reason: 'Ready', message: 'all is well', warnings: [] };
const verdict = policyVerdict(objectMeta('orders', { generation: 7 }));

const conditionsOf = (...given: Parameters<typeof policyStatus>) =>
  Object.fromEntries(
    (policyStatus(...given).conditions ?? []).map(({ type, ...condition }) => [type, condition]),
  );

describe('the status of a policy', () => {
  it('is of the form that the schema of the CustomResourceDefinition has', () => {
    const status = policyStatus(verdict, READY, undefined, NOW);
    assert.deepEqual(policyStatusSchema.parse(status), status);
    assert.equal(status.observedGeneration, 7);
    assert.equal(status.conditions?.[0]?.lastTransitionTime, '2026-01-02T03:04:05Z');
  });

  it('is not programmed where the policy is not accepted', () => {
    const accepted = { status: 'False', reason: 'Invalid', message: 'spec.provider: must be set' } as const;
    const { Accepted, Programmed } = conditionsOf({ ...verdict, accepted }, READY, undefined, NOW);
    assert.equal(Accepted?.message, 'spec.provider: must be set');
    assert.deepEqual([Programmed?.status, Programmed?.reason], ['False', 'NotAccepted']);
  });

  it('takes nothing but IssuerReady from an outage of the issuer', () => {
    const down: IssuerState = {
      status: 'False',
      reason: 'DiscoveryFailed',
      message: 'no answer',
      warnings: [],
    };
    const before = conditionsOf(verdict, READY, undefined, NOW);
    const after = conditionsOf(verdict, down, undefined, NOW);
    assert.equal(after['IssuerReady']?.status, 'False');
    assert.deepEqual({ ...after, IssuerReady: 0 }, { ...before, IssuerReady: 0 });
  });

  it('holds every warning, of the policy and of the issuer', () => {
    const odd: IssuerState = { ...READY, warnings: [{ reason: 'ProviderStale', message: 'no answer' }] };
    const { Warnings } = conditionsOf(verdict, odd, undefined, NOW);
    assert.deepEqual([Warnings?.status, Warnings?.reason], ['True', 'NoAudience']);
    assert.equal(Warnings?.message, 'NoAudience: no audience is set\nProviderStale: no answer');
    const none = conditionsOf({ ...verdict, warnings: [] }, READY, undefined, NOW);
    assert.deepEqual([none['Warnings']?.status, none['Warnings']?.reason], ['False', 'None']);
  });

  it('cuts a message that is too long for the server', () => {
    const long = { ...READY, message: 'x'.repeat(100_000) };
    assert.ok((conditionsOf(verdict, long, undefined, NOW)['IssuerReady']?.message.length ?? 0) <= 32_768);
  });

  it('keeps the time of a condition that only changed its reason', () => {
    const live = policyStatus(verdict, READY, undefined, NOW);
    const later = conditionsOf(verdict, { ...READY, reason: 'NoKeys' }, live, NOW + 60_000);
    assert.equal(later['IssuerReady']?.lastTransitionTime, '2026-01-02T03:04:05Z');
  });

  it('is the same as what stands, whatever the order of conditions, and whatever others add', () => {
    const desired = policyStatus(verdict, READY, undefined, NOW);
    const foreign = { ...desired.conditions?.[0], type: 'Foreign' };
    const live = { ...desired, conditions: [foreign, ...(desired.conditions ?? []).toReversed()], odd: 1 };
    assert.equal(isSamePolicyStatus(live, policyStatus(verdict, READY, live, NOW + 60_000)), true);
  });

  const differences: readonly { name: string; live: unknown }[] = [
    { name: 'nothing', live: undefined },
    { name: 'an empty status', live: {} },
    { name: 'a status of another form', live: { conditions: 'none' } },
    {
      name: 'a missing condition',
      live: { ...policyStatus(verdict, READY, undefined, NOW), conditions: [] },
    },
    {
      name: 'an older generation',
      live: { ...policyStatus(verdict, READY, undefined, NOW), observedGeneration: 6 },
    },
  ];
  for (const { name, live } of differences) {
    it(`is not the same as ${name}`, () => {
      assert.equal(isSamePolicyStatus(live, policyStatus(verdict, READY, live, NOW)), false);
    });
  }
});

describe('the addresses of an Ingress', () => {
  const cases: readonly { name: string; given: readonly string[]; want: readonly object[] }[] = [
    { name: 'none', given: [], want: [] },
    {
      name: 'IPv6 last, each group sorted',
      given: ['2001:db8::2', 'b.example.com', '203.0.113.9', '2001:db8::1', 'a.example.com', '192.0.2.1'],
      want: [
        { ip: '192.0.2.1' },
        { ip: '203.0.113.9' },
        { hostname: 'a.example.com' },
        { hostname: 'b.example.com' },
        { ip: '2001:db8::1' },
        { ip: '2001:db8::2' },
      ],
    },
    { name: 'each once', given: ['a.example.com', 'a.example.com'], want: [{ hostname: 'a.example.com' }] },
  ];
  for (const { name, given, want } of cases) {
    it(`are published: ${name}`, () => assert.deepEqual(loadBalancerIngress(given), want));
  }
});
