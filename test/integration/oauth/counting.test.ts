/** How often a provider is asked, however many callers there are. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';

import type { ExchangeOutcome } from '../../../src/authz/ports.ts';
import { createTokenSource, type ThreadTokenSource } from '../../../src/oauth/thread-token-source.ts';
import { createBench, exchangeRequest, planFor, type BrokerBench } from '../../support/broker-bench.ts';
import { eventually } from '../../support/eventually.ts';
import { credentialsPlan } from '../../support/plan.ts';
import {
  startScriptedProvider,
  type ScriptedProvider,
  type TokenCall,
} from '../../support/scripted-provider.ts';

let provider: ScriptedProvider;
let bench: BrokerBench;

before(async () => {
  provider = await startScriptedProvider(() => bench.clock.nowMs());
});
after(() => provider.stop());
beforeEach(() => {
  bench = createBench();
  provider.calls.length = 0;
  provider.onToken = (call) => provider.grant(call);
});

function threadsOf(count: number): readonly ThreadTokenSource[] {
  const ignore = (): void => {};
  const telemetry = {
    requestFinished: ignore,
    tokenCacheLookup: ignore,
    exchangeSaved: ignore,
    connections: ignore,
    limitReached: ignore,
  };
  return Array.from({ length: count }, () =>
    createTokenSource({ broker: bench.broker, telemetry, maxTokens: 1_000, maxRefusals: 1_000 }),
  );
}

const rejectWrongSecret = (call: TokenCall) =>
  call.form.get('client_secret') === 'right'
    ? provider.grant(call)
    : { status: 401, body: { error: 'access_denied', error_description: 'Unauthorized' } };

function reasons(outcomes: readonly ExchangeOutcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const name = outcome.kind === 'granted' ? 'granted' : outcome.reason;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Lets the frozen clock run until `done` settles. */
async function drive<T>(done: Promise<T>): Promise<T> {
  const settled = done.then((value) => ({ value }));
  for (;;) {
    const result = await Promise.race([settled, turnOfEventLoop()]);
    if (result !== undefined) return result.value;
    bench.clock.advance(5);
  }
}

describe('exchanges', { timeout: 60_000 }, () => {
  it('are made once for 1,000 requests of one new client over four threads', async () => {
    const plan = planFor(provider.issuer);
    const threads = threadsOf(4);
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => {
        const thread = threads[index % 4];
        assert.ok(thread !== undefined);
        return thread.obtain(exchangeRequest({ plan }));
      }),
    );
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { granted: 1_000 });
    assert.equal(provider.calls.length, 1);
    assert.equal(provider.fetches.jwks, 1);
  });

  it('are made 200 times for 50 requests of each of 200 clients', async () => {
    const plan = planFor(provider.issuer, {
      provider: { ...planFor(provider.issuer).provider, timeoutMs: 60_000 },
    });
    const requests = Array.from({ length: 10_000 }, (_, index) =>
      bench.broker.obtain(exchangeRequest({ plan, clientId: `client-${index % 200}` })),
    );
    const outcomes = await drive(Promise.all(requests));
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { granted: 10_000 });
    assert.equal(provider.calls.length, 200);
  });

  it('share their failure with everyone who waits', async () => {
    provider.onToken = () => ({ status: 500 });
    const plan = planFor(provider.issuer);
    const requests = Array.from({ length: 100 }, () => bench.broker.obtain(exchangeRequest({ plan })));
    const outcomes = await Promise.all(requests);
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { ProviderUnavailable: 100 });
    assert.equal(provider.calls.length, 1);
  });

  it('are made at most once in rejectedTtl for a wrong secret, and never refuse the right one', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer);
    const right = await bench.broker.obtain(exchangeRequest({ plan }));
    assert.equal(right.kind, 'granted');
    const outcomes: ExchangeOutcome[] = [];
    for (let second = 0; second < 30; second += 1) {
      outcomes.push(await bench.broker.obtain(exchangeRequest({ plan, secret: 'wrong' })));
      outcomes.push(await bench.broker.obtain(exchangeRequest({ plan })));
      bench.clock.advance(1_000);
    }
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { InvalidClient: 30, granted: 30 });
    assert.equal(provider.calls.length, 1 + 3);
  });

  it('are not saved by refusals where rejectedTtl is 0', async () => {
    provider.onToken = rejectWrongSecret;
    const defaults = planFor(provider.issuer);
    const plan = { ...defaults, cache: { ...defaults.cache, rejectedTtlMs: 0 } };
    await bench.broker.obtain(exchangeRequest({ plan, secret: 'wrong' }));
    await bench.broker.obtain(exchangeRequest({ plan, secret: 'wrong' }));
    await bench.broker.close();
    assert.equal(provider.calls.length, 2);
  });

  it('are made no more than 8 at a time', async () => {
    let running = 0;
    let most = 0;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => {
      running += 1;
      most = Math.max(most, running);
      await opened;
      running -= 1;
      return provider.grant(call);
    };
    const plan = planFor(provider.issuer);
    const requests = Array.from({ length: 16 }, (_, index) =>
      bench.broker.obtain(exchangeRequest({ plan, clientId: `client-${index}` })),
    );
    await eventually('8 are under way', async () => running === 8);
    open();
    await Promise.all(requests);
    await bench.broker.close();
    assert.equal(most, 8);
  });

  it('leave cached clients alone while the provider is down', async () => {
    const plan = planFor(provider.issuer);
    await bench.broker.obtain(exchangeRequest({ plan, clientId: 'old' }));
    provider.onToken = () => ({ status: 503 });
    for (let index = 0; index < 8; index += 1) {
      await bench.broker.obtain(exchangeRequest({ plan, clientId: `new-${index}` }));
    }
    const cached = await bench.broker.obtain(exchangeRequest({ plan, clientId: 'old' }));
    await bench.broker.close();
    assert.equal(cached.kind, 'granted');
    // Five failures open the circuit; the other three were not sent.
    assert.equal(provider.calls.length, 1 + 5);
    assert.ok(bench.recorded.lines.includes('circuit 2'));
  });

  it('go on for other policies where the provider fails at the requests of one', async () => {
    provider.onToken = (call) => (call.form.has('bad') ? { status: 500 } : provider.grant(call));
    const plan = planFor(provider.issuer);
    const grant = plan.clientCredentials;
    assert.ok(grant !== undefined);
    const clientCredentials = { ...grant, parameters: [{ name: 'bad', value: 'x' }] };
    const bad = { ...plan, policy: 'shop/bad', clientCredentials };
    for (let index = 0; index < 8; index += 1) {
      await bench.broker.obtain(exchangeRequest({ plan: bad, clientId: `bad-${index}` }));
    }
    assert.equal(provider.calls.length, 5, 'its own circuit is open');
    const outcome = await bench.broker.obtain(exchangeRequest({ plan }));
    await bench.broker.close();
    assert.equal(outcome.kind, 'granted');
  });

  it('are given up for all policies where the provider does not answer', async () => {
    provider.onToken = () => ({ break: 'reset' });
    const plan = planFor(provider.issuer);
    for (let index = 0; index < 5; index += 1) {
      await bench.broker.obtain(exchangeRequest({ plan, clientId: `lost-${index}` }));
    }
    const asked = provider.calls.length;
    const other = { ...plan, policy: 'shop/other' };
    const outcome = await bench.broker.obtain(exchangeRequest({ plan: other }));
    await bench.broker.close();
    assert.equal(outcome.kind === 'refused' && outcome.detail, 'the provider failed a moment ago');
    assert.equal(provider.calls.length, asked);
  });

  it('start again with a single probe when the provider is back', async () => {
    const plan = planFor(provider.issuer);
    provider.onToken = () => ({ status: 503 });
    for (let index = 0; index < 5; index += 1) {
      await bench.broker.obtain(exchangeRequest({ plan, clientId: `new-${index}` }));
    }
    bench.clock.advance(5_000);
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const requests = Array.from({ length: 5 }, (_, index) =>
      bench.broker.obtain(exchangeRequest({ plan, clientId: `again-${index}` })),
    );
    await eventually('the probe is sent', async () => provider.calls.length === 6);
    open();
    const outcomes = await Promise.all(requests);
    assert.deepEqual(reasons(outcomes), { granted: 1, ProviderUnavailable: 4 });
    const later = await bench.broker.obtain(exchangeRequest({ plan, clientId: 'later' }));
    await bench.broker.close();
    assert.equal(later.kind, 'granted');
    assert.deepEqual(
      bench.recorded.lines.filter((line) => line.startsWith('circuit')),
      ['circuit 2', 'circuit 1', 'circuit 0'],
    );
  });
});

describe('limits of a caller', { timeout: 60_000 }, () => {
  it('refuse after failuresPerMinute without asking, by client and address, until the minute is over', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer, {
      limits: { failuresPerMinute: 3, exchangesPerMinute: undefined },
    });
    const guess = (secret: string, address: string) =>
      bench.broker.obtain(exchangeRequest({ plan, secret, address }));
    for (const secret of ['a', 'b', 'c']) await guess(secret, '192.0.2.1');
    const fourth = await guess('d', '192.0.2.1');
    assert.deepEqual(fourth, {
      kind: 'refused',
      reason: 'TooManyFailures',
      detail: 'more than 3 exchanges a minute were refused',
      keepUntilMs: undefined,
      retryAtMs: bench.clock.nowMs() + 60_000,
    });
    assert.equal(provider.calls.length, 3);
    const elsewhere = await guess('right', '192.0.2.2');
    assert.equal(elsewhere.kind, 'granted');
    const cached = await guess('right', '192.0.2.1');
    assert.equal(cached.kind, 'granted', 'a cached good token is unaffected');
    bench.clock.advance(60_000);
    const later = await guess('e', '192.0.2.1');
    await bench.broker.close();
    assert.equal(later.kind === 'refused' && later.reason, 'InvalidClient');
  });

  it('do not outlast a minute when the clock is set back', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer, {
      limits: { failuresPerMinute: 1, exchangesPerMinute: undefined },
    });
    await bench.broker.obtain(exchangeRequest({ plan, secret: 'wrong' }));
    bench.clock.setBack(3_600_000);
    const outcome = await bench.broker.obtain(exchangeRequest({ plan }));
    await bench.broker.close();
    assert.equal(outcome.kind, 'granted');
  });

  it('take the /64 of an IPv6 address for one address', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer, {
      limits: { failuresPerMinute: 1, exchangesPerMinute: undefined },
    });
    const guess = (secret: string, address: string) =>
      bench.broker.obtain(exchangeRequest({ plan, secret, address }));
    await guess('a', '2001:db8::1');
    const outcomes = [await guess('b', '2001:db8::2'), await guess('c', '2001:db8:0:1::1')];
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { TooManyFailures: 1, InvalidClient: 1 });
  });

  it('hold for guesses that are made all at once', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer, {
      limits: { failuresPerMinute: 3, exchangesPerMinute: undefined },
    });
    const guesses = Array.from({ length: 100 }, (_, index) =>
      bench.broker.obtain(exchangeRequest({ plan, secret: `guess-${index}` })),
    );
    const outcomes = await drive(Promise.all(guesses));
    await bench.broker.close();
    // What is under way when the limit is reached cannot be called back.
    assert.ok(provider.calls.length < 3 + 8, `asked ${provider.calls.length} times`);
    assert.equal(reasons(outcomes)['TooManyFailures'], 100 - provider.calls.length);
  });

  it('are not shared with another address that waits for the same token', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer, {
      limits: { failuresPerMinute: 1, exchangesPerMinute: undefined },
    });
    // The guess is still being refused when both right ones queue behind it.
    const busy = Array.from({ length: 8 }, (_, index) =>
      bench.broker.obtain(exchangeRequest({ plan, secret: `guess-${index}` })),
    );
    const limited = bench.broker.obtain(exchangeRequest({ plan }));
    const follower = bench.broker.obtain(exchangeRequest({ plan, address: '192.0.2.9' }));
    await Promise.all(busy);
    const outcomes = [await limited, await follower];
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { TooManyFailures: 1, granted: 1 });
    assert.equal(outcomes[1]?.kind, 'granted');
  });

  it('refuse after exchangesPerMinute', async () => {
    const defaults = planFor(provider.issuer, { limits: { failuresPerMinute: 10, exchangesPerMinute: 1 } });
    const grant = defaults.clientCredentials;
    assert.ok(grant !== undefined);
    const other = { ...defaults, clientCredentials: { ...grant, audience: 'https://other.test/' } };
    const first = await bench.broker.obtain(exchangeRequest({ plan: defaults }));
    const second = await bench.broker.obtain(exchangeRequest({ plan: other }));
    await bench.broker.close();
    assert.equal(first.kind, 'granted');
    assert.deepEqual(second, {
      kind: 'refused',
      reason: 'CallerQuotaExceeded',
      detail: 'the policy allows 1 exchanges a minute',
      keepUntilMs: undefined,
      retryAtMs: bench.clock.nowMs() + 60_000,
    });
  });

  it('hold for exchanges that are made all at once', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const limits = { failuresPerMinute: 10, exchangesPerMinute: 3 };
    const asked = Array.from({ length: 6 }, (_, index) =>
      bench.broker.obtain(
        exchangeRequest({
          plan: planFor(provider.issuer, {
            limits,
            clientCredentials: credentialsPlan({ audience: `https://${index}.test/` }),
          }),
        }),
      ),
    );
    await eventually('3 are under way', async () => provider.calls.length === 3);
    const early = await Promise.race(asked);
    open();
    const outcomes = await Promise.all(asked);
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { granted: 3, CallerQuotaExceeded: 3 });
    assert.equal(provider.calls.length, 3);
    // Those under way may yet turn out not to count.
    assert.equal(early.kind === 'refused' && early.retryAtMs, bench.clock.nowMs() + 1_000);
  });

  it('are lent to a guess only until it is answered', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await rejectWrongSecret(call)), after: opened });
    const plan = planFor(provider.issuer, { limits: { failuresPerMinute: 10, exchangesPerMinute: 1 } });
    const ask = (secret: string) => bench.broker.obtain(exchangeRequest({ plan, secret }));
    const guess = ask('wrong');
    await eventually('the guess is under way', async () => provider.calls.length === 1);
    const early = await ask('right');
    open();
    const outcomes = [early, await guess, await ask('right')];
    await bench.broker.close();
    assert.deepEqual(reasons(outcomes), { CallerQuotaExceeded: 1, InvalidClient: 1, granted: 1 });
    assert.equal(early.kind === 'refused' && early.retryAtMs, bench.clock.nowMs() + 1_000);
  });

  it('are not used up by who guesses at the secret', async () => {
    provider.onToken = rejectWrongSecret;
    const plan = planFor(provider.issuer, { limits: { failuresPerMinute: 10, exchangesPerMinute: 1 } });
    const guessed = await bench.broker.obtain(exchangeRequest({ plan, secret: 'wrong' }));
    const right = await bench.broker.obtain(exchangeRequest({ plan, address: '192.0.2.2' }));
    await bench.broker.close();
    assert.deepEqual(reasons([guessed, right]), { InvalidClient: 1, granted: 1 });
  });

  const SPENT = { 'auth0-client-quota-limit': 'b=per_hour;q=100;r=0;t=1200', 'x-ratelimit-remaining': '41' };
  const forAudience = (audience: string) =>
    planFor(provider.issuer, { clientCredentials: credentialsPlan({ audience }) });

  it('are not reached by a quota that is used up but not enforced', async () => {
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), headers: SPENT });
    const first = await bench.broker.obtain(exchangeRequest({ plan: forAudience('https://a.test/') }));
    const second = await bench.broker.obtain(exchangeRequest({ plan: forAudience('https://b.test/') }));
    await bench.broker.close();
    assert.deepEqual(reasons([first, second]), { granted: 2 });
    assert.ok(bench.recorded.lines.includes('remaining 41'));
    assert.ok(bench.recorded.lines.includes('quota cron per_hour 0'));
  });

  it('are reached by a quota of the client for which a token was refused, for whatever it asks, and for a minute', async () => {
    provider.onToken = (call) =>
      call.form.get('client_id') === 'cron'
        ? { status: 429, headers: SPENT, body: { error: 'too_many_requests' } }
        : provider.grant(call);
    const ask = (audience: string, clientId = 'cron') =>
      bench.broker.obtain(exchangeRequest({ plan: forAudience(audience), clientId }));
    const resetAtMs = bench.clock.nowMs() + 1_200_000;
    for (const audience of ['https://a.test/', 'https://b.test/']) {
      const refused = await ask(audience);
      assert.equal(refused.kind === 'refused' && refused.reason, 'CallerQuotaExceeded');
      assert.equal(refused.kind === 'refused' && refused.retryAtMs, resetAtMs);
    }
    assert.equal(provider.calls.length, 1);
    assert.deepEqual(reasons([await ask('https://b.test/', 'stranger')]), { granted: 1 });
    bench.clock.advance(60_000);
    provider.onToken = (call) => provider.grant(call);
    assert.deepEqual(reasons([await ask('https://b.test/')]), { granted: 1 });
    await bench.broker.close();
  });
});

describe('the queue in front of a provider', () => {
  it('turns away who would wait longer than the time-out', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const plan = planFor(provider.issuer);
    const busy = Array.from({ length: 8 }, (_, index) =>
      bench.broker.obtain(exchangeRequest({ plan, clientId: `busy-${index}` })),
    );
    await eventually('8 are under way', async () => provider.calls.length === 8);
    const late = bench.broker.obtain(exchangeRequest({ plan, clientId: 'late' }));
    // The question passes a few promises before it waits.
    await eventually('it waits', async () => bench.clock.pending().length > 0);
    bench.clock.advance(5_000);
    const outcome = await late;
    open();
    await Promise.all(busy);
    await bench.broker.close();
    assert.deepEqual(outcome, {
      kind: 'refused',
      reason: 'ProviderUnavailable',
      detail: 'too many token requests are waiting',
      keepUntilMs: undefined,
      retryAtMs: bench.clock.nowMs() + 1_000,
    });
  });

  it('tells who waits that the policy has changed', async () => {
    bench = createBench({ gateBounds: { maxConcurrent: 1 } });
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const plan = planFor(provider.issuer);
    bench.broker.observe([plan]);
    const first = bench.broker.obtain(exchangeRequest({ plan, clientId: 'first' }));
    await eventually('it is under way', async () => provider.calls.length === 1);
    const second = bench.broker.obtain(exchangeRequest({ plan, clientId: 'second' }));
    await eventually('it waits', async () => bench.clock.pending().includes(plan.provider.timeoutMs));
    bench.broker.observe([{ ...plan, provider: { ...plan.provider, ca: 'another' } }]);
    const outcome = await second;
    open();
    assert.equal((await first).kind, 'granted');
    await bench.broker.close();
    assert.equal(outcome.kind === 'refused' && outcome.detail, 'the policy changed while the request waited');
  });

  it('lets no IPv6 network have a turn for each of its addresses', async () => {
    bench = createBench({ gateBounds: { maxConcurrent: 1 } });
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const plan = planFor(provider.issuer);
    const flood = Array.from({ length: 5 }, (_, index) =>
      bench.broker.obtain(
        exchangeRequest({ plan, clientId: `flood-${index}`, address: `2001:db8::${index}` }),
      ),
    );
    const other = bench.broker.obtain(exchangeRequest({ plan, clientId: 'other' }));
    await eventually('all of them wait', async () => bench.clock.pending().length === 5);
    open();
    await Promise.all([...flood, other]);
    await bench.broker.close();
    const order = provider.calls.map(({ form }) => form.get('client_id'));
    assert.equal(order.indexOf('other'), 2, order.join(' '));
  });
});
