/** How long a token serves: expiry, refresh, rotation, purge. The clock stands still unless it is moved. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import type { ExchangeOutcome, Grant } from '../../../src/authz/ports.ts';
import type { PolicyPlan } from '../../../src/model/table.ts';
import {
  createBench,
  exchangeRequest,
  planFor,
  type Ask,
  type BrokerBench,
} from '../../support/broker-bench.ts';
import { eventually } from '../../support/eventually.ts';
import {
  startScriptedProvider,
  type ScriptedAnswer,
  type ScriptedProvider,
  type TokenCall,
} from '../../support/scripted-provider.ts';

const HOUR_MS = 3_600_000;

let provider: ScriptedProvider;
let bench: BrokerBench;
let plan: PolicyPlan;
let defaultJwks: () => ScriptedAnswer;

before(async () => {
  provider = await startScriptedProvider(() => bench.clock.nowMs());
  plan = planFor(provider.issuer);
  defaultJwks = provider.onJwks;
});
after(() => provider.stop());
beforeEach(() => {
  bench = createBench();
  provider.calls.length = 0;
  provider.onJwks = defaultJwks;
  provider.onToken = (call) => provider.grant(call);
});

const ask = (changes: Partial<Ask> = {}): Promise<ExchangeOutcome> =>
  bench.broker.obtain(exchangeRequest({ plan, ...changes }));

function granted(outcome: ExchangeOutcome): Grant {
  assert.equal(outcome.kind, 'granted', JSON.stringify(outcome));
  return outcome;
}

function reasonOf(outcome: ExchangeOutcome): string {
  return outcome.kind === 'granted' ? 'granted' : outcome.reason;
}

const refuse = () => ({ status: 401, body: { error: 'access_denied' } });

describe('a token', () => {
  const EXPIRES_IN: readonly { readonly name: string; readonly given: unknown; readonly wantMs: number }[] = [
    { name: 'absent', given: undefined, wantMs: HOUR_MS },
    { name: 'zero', given: 0, wantMs: HOUR_MS },
    { name: 'negative', given: -5, wantMs: HOUR_MS },
    { name: 'not a number', given: 'soon', wantMs: HOUR_MS },
    { name: 'null', given: null, wantMs: HOUR_MS },
    { name: 'huge', given: 1e300, wantMs: HOUR_MS },
    { name: 'shorter than exp', given: 100, wantMs: 100_000 },
    { name: 'digits in a string', given: '100', wantMs: 100_000 },
  ];
  for (const { name, given, wantMs } of EXPIRES_IN) {
    it(`lives until 5 s before its end where expires_in is ${name}`, async () => {
      provider.onToken = async (call) => ({
        body: { access_token: await provider.token(call.form.get('client_id') ?? ''), expires_in: given },
      });
      const grant = granted(await ask());
      await bench.broker.close();
      assert.equal(grant.usableUntilMs - bench.clock.nowMs(), wantMs - 5_000);
    });
  }

  it('serves to the last millisecond before it counts as expired, and no longer', async () => {
    const { usableUntilMs } = granted(await ask());
    bench.clock.advance(usableUntilMs - bench.clock.nowMs() - 1);
    granted(await ask());
    assert.equal(provider.calls.length, 1);
    bench.clock.advance(1);
    granted(await ask());
    await bench.broker.close();
    assert.equal(provider.calls.length, 2);
    assert.ok(bench.recorded.lines.includes('evicted tokens expired'));
  });

  it('gives its verified claims each time', async () => {
    const first = granted(await ask());
    const again = granted(await ask());
    await bench.broker.close();
    assert.equal(first.claims['azp'], 'cron');
    assert.deepEqual(again.claims, first.claims);
    assert.equal(again.keyId, 'k1');
    assert.equal(again.issuer, provider.issuer);
  });

  const CAPS = [
    { name: 'maxTtl', cache: { maxTtlMs: 60_000 } },
    { name: 'revalidateAfter', cache: { revalidateAfterMs: 60_000 } },
  ];
  for (const { name, cache } of CAPS) {
    it(`is asked for again after ${name}`, async () => {
      const capped = { ...plan, cache: { ...plan.cache, ...cache } };
      const grant = granted(await ask({ plan: capped }));
      assert.equal(grant.usableUntilMs, bench.clock.nowMs() + 60_000);
      bench.clock.advance(60_000);
      granted(await ask({ plan: capped }));
      await bench.broker.close();
      assert.equal(provider.calls.length, 2);
    });
  }

  it('of both Auth0 profiles is accepted', async () => {
    provider.onToken = (call) =>
      provider.grant(call, {
        header: { typ: 'at+jwt' },
        claims: { azp: undefined, client_id: call.form.get('client_id') },
      });
    granted(await ask());
    await bench.broker.close();
  });

  const PROFILES = [
    {
      name: 'that names its client in sub alone, and lists its scopes',
      claims: { azp: undefined, sub: 'cron', scope: ['read:orders'] },
      header: { typ: undefined },
    },
    {
      name: 'with the full name of its media type',
      claims: { azp: undefined, client_id: 'cron' },
      header: { typ: 'application/at+jwt' },
    },
  ];
  for (const { name, claims, header } of PROFILES) {
    it(`${name} is accepted, with a key that states neither algorithm nor use`, async () => {
      const [key] = provider.keys;
      assert.ok(key !== undefined);
      const publicJwk = { ...key.publicJwk, alg: undefined, use: undefined };
      provider.onJwks = () => ({ body: { keys: [publicJwk] } });
      provider.onToken = (call) => provider.grant(call, { claims, header });
      granted(await ask());
      await bench.broker.close();
    });
  }

  it('of an additional issuer is accepted', async () => {
    provider.onToken = (call) => provider.grant(call, { claims: { iss: 'https://old.test/' } });
    const both = { ...plan, provider: { ...plan.provider, additionalIssuers: ['https://old.test/'] } };
    granted(await ask({ plan: both }));
    await bench.broker.close();
  });

  it('of another client is accepted where bindClient is off', async () => {
    provider.onToken = (call) => provider.grant(call, { claims: { azp: 'other' } });
    const loose = { ...plan, verification: { ...plan.verification, bindClient: false } };
    granted(await ask({ plan: loose }));
    await bench.broker.close();
  });
});

describe('a refresh', () => {
  /** Into the refresh window of a token with an hour to live. */
  async function grow(): Promise<Grant> {
    const grant = granted(await ask());
    assert.equal(grant.usableUntilMs - grant.refreshFromMs, 60_000);
    bench.clock.advance(grant.refreshFromMs - bench.clock.nowMs());
    return grant;
  }

  it('replaces the token, once for all threads', async () => {
    const old = await grow();
    const [first, second] = await Promise.all([ask({ purpose: 'refresh' }), ask({ purpose: 'refresh' })]);
    const third = await ask({ purpose: 'refresh' });
    await bench.broker.close();
    assert.ok(granted(first).usableUntilMs > old.usableUntilMs);
    assert.deepEqual(granted(second).token, granted(first).token);
    assert.deepEqual(granted(third).token, granted(first).token);
    assert.equal(provider.calls.length, 2);
  });

  it('makes nobody wait who only misses', async () => {
    const old = await grow();
    assert.equal(granted(await ask()).token, old.token);
    await bench.broker.close();
    assert.equal(provider.calls.length, 1);
  });

  const OUTAGES = [
    { name: 'is down', given: () => ({ status: 503 }) },
    { name: 'breaks the connection', given: () => ({ break: 'reset' as const }) },
    { name: 'limits requests', given: () => ({ status: 429 }) },
    { name: 'answers nonsense', given: () => ({ body: '<html>' }) },
    { name: 'issues opaque tokens', given: () => ({ body: { access_token: 'opaque' } }) },
  ];
  for (const { name, given } of OUTAGES) {
    it(`leaves the token to serve to its end where the provider ${name}, and tries again after a pause`, async () => {
      const old = await grow();
      provider.onToken = given;
      const kept = granted(await ask({ purpose: 'refresh' }));
      assert.equal(kept.token, old.token);
      assert.equal(kept.usableUntilMs, old.usableUntilMs);
      assert.ok(kept.refreshFromMs >= bench.clock.nowMs() + 10_000);
      const asked = provider.calls.length;
      granted(await ask({ purpose: 'refresh' }));
      assert.equal(provider.calls.length, asked, 'not before the pause is over');
      bench.clock.advance(old.usableUntilMs - bench.clock.nowMs() - 1);
      granted(await ask());
      bench.clock.advance(1);
      assert.notEqual(reasonOf(await ask()), 'granted');
      await bench.broker.close();
    });
  }

  for (const { reason, given } of [
    { reason: 'InvalidClient', given: refuse },
    { reason: 'GrantMissing', given: () => ({ status: 403, body: { error: 'unauthorized_client' } }) },
  ]) {
    it(`that ends in ${reason} takes the token away everywhere`, async () => {
      await grow();
      provider.onToken = given;
      const { key } = exchangeRequest({ plan });
      assert.equal(reasonOf(await ask({ purpose: 'refresh' })), reason);
      assert.equal(reasonOf(await ask()), reason);
      await bench.broker.close();
      assert.deepEqual(bench.recorded.evictions, [{ kind: 'key', key }]);
      assert.equal(provider.calls.length, 2);
    });
  }
});

describe('a new secret of a client', () => {
  const acceptOnly =
    (...secrets: readonly string[]) =>
    (call: TokenCall) =>
      secrets.includes(call.form.get('client_secret') ?? '') ? provider.grant(call) : refuse();

  it('makes the old one be asked for again within a minute', async () => {
    granted(await ask({ secret: 'old' }));
    provider.onToken = acceptOnly('new');
    granted(await ask({ secret: 'new' }));
    const { key } = exchangeRequest({ plan, secret: 'old' });
    assert.deepEqual(bench.recorded.evictions, [{ kind: 'key', key }]);
    assert.ok(bench.recorded.lines.includes('evicted tokens rotated'));
    const capped = granted(await ask({ secret: 'old' }));
    assert.equal(capped.usableUntilMs, bench.clock.nowMs() + 60_000);
    bench.clock.advance(60_000);
    assert.equal(reasonOf(await ask({ secret: 'old' })), 'InvalidClient');
    granted(await ask({ secret: 'new' }));
    await bench.broker.close();
    assert.equal(provider.calls.length, 3);
  });

  it('leaves an old one that is still good alone after that', async () => {
    provider.onToken = acceptOnly('old', 'new');
    granted(await ask({ secret: 'old' }));
    granted(await ask({ secret: 'new' }));
    bench.clock.advance(60_000);
    const old = granted(await ask({ secret: 'old' }));
    assert.equal(old.usableUntilMs, bench.clock.nowMs() + HOUR_MS - 5_000);
    const renewed = granted(await ask({ secret: 'new' }));
    await bench.broker.close();
    assert.ok(renewed.usableUntilMs > bench.clock.nowMs() + 60_000, 'no ping-pong');
    assert.equal(provider.calls.length, 3);
  });

  it('is no reason to lose sight of who is on the old one: each use of it is counted', async () => {
    const uses = (): number => bench.recorded.lines.filter((line) => line === 'old secret used').length;
    granted(await ask({ secret: 'old' }));
    assert.equal(uses(), 0);
    granted(await ask({ secret: 'new' }));
    assert.equal(uses(), 0);
    granted(await ask({ secret: 'old' }));
    granted(await ask({ secret: 'new' }));
    assert.equal(uses(), 1);
    bench.clock.advance(60_000);
    granted(await ask({ secret: 'old' }));
    assert.equal(uses(), 2);
    await bench.broker.close();
  });

  it('concerns neither other clients nor other parameters with the same secret', async () => {
    granted(await ask({ clientId: 'other', secret: 'theirs' }));
    granted(await ask({ callerParameters: [{ name: 'organization', value: 'a' }] }));
    granted(await ask({ callerParameters: [{ name: 'organization', value: 'b' }] }));
    await bench.broker.close();
    assert.deepEqual(bench.recorded.evictions, []);
  });
});

describe('a purge', () => {
  it('forgets one client, its refusals too, and says how many entries went', async () => {
    granted(await ask({ clientId: 'other' }));
    granted(await ask());
    provider.onToken = refuse;
    await ask({ secret: 'wrong' });
    assert.equal(await bench.broker.purge('cron'), 2);
    assert.deepEqual(bench.recorded.evictions, [{ kind: 'client', clientId: 'cron' }]);
    assert.equal(reasonOf(await ask()), 'InvalidClient');
    granted(await ask({ clientId: 'other' }));
    await bench.broker.close();
  });

  it('forgets everything', async () => {
    granted(await ask());
    granted(await ask({ clientId: 'other' }));
    assert.equal(await bench.broker.purge(undefined), 2);
    await bench.broker.close();
    assert.deepEqual(bench.recorded.evictions, [{ kind: 'all' }]);
  });

  it('is not undone by an exchange that was under way', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const underWay = ask();
    await eventually('the exchange is sent', async () => provider.calls.length === 1);
    assert.equal(await bench.broker.purge(undefined), 0);
    open();
    granted(await underWay);
    provider.onToken = refuse;
    assert.equal(reasonOf(await ask()), 'InvalidClient');
    await bench.broker.close();
  });
});

describe('the caches', () => {
  it('are bounded, and refusals crowd out no token', async () => {
    bench = createBench({ maxTokens: 2, maxRefusals: 2 });
    for (const clientId of ['a', 'b', 'c']) granted(await ask({ clientId }));
    provider.onToken = refuse;
    for (const secret of ['1', '2', '3']) await ask({ clientId: 'a', secret });
    granted(await ask({ clientId: 'b' }));
    granted(await ask({ clientId: 'c' }));
    assert.equal(reasonOf(await ask({ clientId: 'a' })), 'InvalidClient');
    await bench.broker.close();
    assert.equal(bench.recorded.lines.filter((line) => line === 'evicted tokens capacity').length, 1);
    assert.equal(bench.recorded.lines.filter((line) => line === 'evicted refusals capacity').length, 2);
  });
});
