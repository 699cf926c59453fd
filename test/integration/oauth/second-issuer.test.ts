/** The broker with a provider of another make than Auth0. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { systemClock } from '../../../src/config/system-clock.ts';
import type { ClientCredentialsPlan, PolicyPlan } from '../../../src/model/table.ts';
import { preflight } from '../../../src/oauth/preflight.ts';
import {
  LOOPBACK_ALLOWED,
  bearerRequest,
  createBench,
  exchangeRequest,
  planFor,
  type Ask,
  type BrokerBench,
} from '../../support/broker-bench.ts';
import { credentialsPlan } from '../../support/plan.ts';
import { startSecondIssuer, type SecondIssuer } from '../../support/second-issuer.ts';

let second: SecondIssuer;
let bench: BrokerBench;

before(async () => {
  second = await startSecondIssuer();
});
after(() => second.stop());
beforeEach(() => {
  bench = createBench({ clock: systemClock });
});

function planWithGrant(changes: Partial<ClientCredentialsPlan> = {}): PolicyPlan {
  const clientCredentials = credentialsPlan({
    audience: undefined,
    scopes: ['read:orders'],
    parameters: [{ name: 'resource', value: second.audience }],
    ...changes,
  });
  return planFor(second.issuer, { clientCredentials });
}

async function ask(plan: PolicyPlan, changes: Partial<Ask> = {}) {
  const { clientId, clientSecret: secret } = second;
  const outcome = await bench.broker.obtain(exchangeRequest({ plan, clientId, secret, ...changes }));
  await bench.broker.close();
  return outcome;
}

const reasonOf = (outcome: Awaited<ReturnType<typeof ask>>): string =>
  outcome.kind === 'granted' ? 'granted' : outcome.reason;

describe('with oidc-provider', () => {
  it('a client gets a token that passes every check', async () => {
    const outcome = await ask(planWithGrant());
    assert.ok(outcome.kind === 'granted', JSON.stringify(outcome));
    assert.equal(outcome.claims['iss'], second.issuer);
    assert.equal(outcome.claims['aud'], second.audience);
    assert.equal(outcome.claims['client_id'], second.clientId);
    assert.equal(outcome.claims['scope'], 'read:orders');
    assert.equal(outcome.keyId, 'second');
    const leftMs = outcome.usableUntilMs - Date.now();
    assert.ok(leftMs > 590_000 && leftMs <= 595_000, `usable for ${leftMs} ms`);
  });

  it('client_secret_basic works for names and secrets that need encoding', async () => {
    const plan = planWithGrant({ tokenEndpointAuthMethod: 'client_secret_basic' });
    assert.equal(reasonOf(await ask(plan, { clientId: second.basicClientId })), 'granted');
  });

  it('a wrong secret is InvalidClient', async () => {
    assert.equal(reasonOf(await ask(planWithGrant(), { secret: 'wrong' })), 'InvalidClient');
  });

  it('an unknown client is InvalidClient', async () => {
    assert.equal(reasonOf(await ask(planWithGrant(), { clientId: 'nobody' })), 'InvalidClient');
  });

  it('an unknown resource is ProviderMisconfigured', async () => {
    const plan = planWithGrant({ parameters: [{ name: 'resource', value: 'https://other.test/' }] });
    assert.equal(reasonOf(await ask(plan)), 'ProviderMisconfigured');
  });

  it('a token for no resource is opaque and rejected', async () => {
    assert.equal(reasonOf(await ask(planWithGrant({ parameters: [] }))), 'TokenRejected');
  });

  it('a token that a caller brings is granted', async () => {
    const plan = planWithGrant();
    const { clientId, clientSecret: secret } = second;
    const outcome = await bench.broker.obtain(exchangeRequest({ plan, clientId, secret }));
    assert.ok(outcome.kind === 'granted');
    const brought = await bench.broker.obtain(bearerRequest(plan, outcome.token));
    await bench.broker.close();
    assert.equal(reasonOf(brought), 'granted');
  });

  it('preflight finds it ready', async () => {
    const findings = await preflight(planWithGrant(), {
      network: LOOPBACK_ALLOWED,
      providerKey: () => undefined,
    });
    assert.deepEqual(
      findings.map(({ level, reason }) => `${level} ${reason}`),
      ['ok Discovered', 'ok Ready'],
    );
  });

  it('preflight tells of a slash too many', async () => {
    const plan = planWithGrant();
    const issuer = `${second.issuer}/`;
    const [finding] = await preflight(
      { ...plan, provider: { ...plan.provider, issuer } },
      { network: LOOPBACK_ALLOWED, providerKey: () => undefined },
    );
    assert.deepEqual(finding, {
      level: 'error',
      reason: 'IssuerMismatch',
      message: `${second.issuer}/.well-known/openid-configuration: spec.provider.issuer must be "${second.issuer}", with the same slash at the end; found "${issuer}"`,
    });
  });
});
