/** What a proxy thread remembers of the broker's outcomes. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

import type { Eviction, ExchangeOutcome, Grant, Refusal, TokenRequest } from '../../../src/authz/ports.ts';
import { createTokenSource, type ThreadTokenSource } from '../../../src/oauth/thread-token-source.ts';
import { bearerRequest, exchangeRequest, planFor } from '../../support/broker-bench.ts';

const plan = planFor('https://issuer.test/');
const request = exchangeRequest({ plan });
const { key } = request;
const refresh = { ...request, purpose: 'refresh' } as const;

const GRANT: Grant = {
  kind: 'granted',
  token: 'a.b.c',
  claims: { azp: 'cron' },
  keyId: 'k1',
  issuer: 'https://issuer.test/',
  usableUntilMs: 1_000,
  refreshFromMs: 750,
};

const REFUSAL: Refusal = {
  kind: 'refused',
  reason: 'InvalidClient',
  detail: 'the provider does not accept the client ID and client secret',
  keepUntilMs: 500,
  retryAtMs: undefined,
};

const OUTAGE: Refusal = {
  kind: 'refused',
  reason: 'ProviderUnavailable',
  detail: 'the provider cannot be reached',
  keepUntilMs: undefined,
  retryAtMs: 800,
};

/** Questions that the broker has not answered yet, oldest first. */
let asked: { readonly request: TokenRequest; readonly answer: (outcome: ExchangeOutcome) => void }[];
let lookups: string[];
/** Issuers of the exchanges that were shared. */
let saved: string[];
let source: ThreadTokenSource;

beforeEach(() => {
  asked = [];
  lookups = [];
  saved = [];
  source = create(100);
});

function create(max: number): ThreadTokenSource {
  return createTokenSource({
    broker: {
      obtain(request) {
        const { promise, resolve } = Promise.withResolvers<ExchangeOutcome>();
        asked.push({ request, answer: resolve });
        return promise;
      },
    },
    telemetry: {
      requestFinished: () => {},
      connections: () => {},
      limitReached: () => {},
      tokenCacheLookup: (result) => lookups.push(result),
      exchangeSaved: (issuer) => saved.push(issuer),
    },
    maxTokens: max,
    maxRefusals: max,
  });
}

async function learn(outcome: ExchangeOutcome, question: TokenRequest = request): Promise<ExchangeOutcome> {
  const answered = source.obtain(question);
  asked.shift()?.answer(outcome);
  return await answered;
}

describe('the token source of a thread', () => {
  it('knows a grant until it is no longer usable', async () => {
    assert.equal(source.lookup(key, 0), undefined);
    assert.equal(await learn(GRANT), GRANT);
    assert.equal(source.lookup(key, 999), GRANT);
    assert.equal(source.lookup(key, 1_000), undefined);
    assert.deepEqual(lookups, ['miss', 'hit', 'miss']);
  });

  it('knows a refusal as long as it is to be kept', async () => {
    await learn(REFUSAL);
    assert.equal(source.lookup(key, 499), REFUSAL);
    assert.equal(source.lookup(key, 500), undefined);
    await learn(OUTAGE);
    assert.equal(source.lookup(key, 0), undefined);
    assert.deepEqual(lookups, ['negative_hit', 'miss', 'miss']);
  });

  it('asks once for all who miss the same key', async () => {
    const answers = Promise.all([source.obtain(request), source.obtain(request), source.obtain(refresh)]);
    assert.equal(asked.length, 1);
    asked[0]?.answer(GRANT);
    assert.deepEqual(await answers, [GRANT, GRANT, GRANT]);
    void source.obtain(request);
    assert.equal(asked.length, 2);
  });

  it('counts those who share the exchange of another, but no refresh', () => {
    for (const question of [request, request, refresh, request]) void source.obtain(question);
    assert.deepEqual(saved, ['https://issuer.test/', 'https://issuer.test/']);
  });

  it('asks apart for different keys', () => {
    void source.obtain(request);
    void source.obtain(exchangeRequest({ plan, secret: 'other' }));
    void source.obtain(bearerRequest(plan, 'a.b.c'));
    assert.equal(asked.length, 3);
  });

  it('takes the successor of a token', async () => {
    await learn(GRANT);
    const next = { ...GRANT, token: 'd.e.f', usableUntilMs: 2_000 };
    await learn(next, refresh);
    assert.equal(source.lookup(key, 1_500), next);
  });

  it('goes on with the token when a refresh finds the provider down, and waits before the next', async () => {
    await learn(GRANT);
    await learn(OUTAGE, refresh);
    assert.deepEqual(source.lookup(key, 760), { ...GRANT, refreshFromMs: 800 });
  });

  it('drops the token when a refresh is refused for good', async () => {
    await learn(GRANT);
    await learn(REFUSAL, refresh);
    assert.equal(source.lookup(key, 0), REFUSAL);
  });

  const EVICTIONS: readonly { readonly name: string; readonly given: Eviction; readonly isHit: boolean }[] = [
    { name: 'its key', given: { kind: 'key', key }, isHit: true },
    { name: 'another key', given: { kind: 'key', key: 'other' }, isHit: false },
    {
      name: 'its signing key',
      given: { kind: 'signingKey', issuer: GRANT.issuer, keyId: 'k1' },
      isHit: true,
    },
    {
      name: 'another signing key',
      given: { kind: 'signingKey', issuer: GRANT.issuer, keyId: 'k2' },
      isHit: false,
    },
    {
      name: 'the same signing key of another issuer',
      given: { kind: 'signingKey', issuer: 'https://other.test/', keyId: 'k1' },
      isHit: false,
    },
    {
      name: 'a signing key without a name',
      given: { kind: 'signingKey', issuer: GRANT.issuer, keyId: undefined },
      isHit: false,
    },
    { name: 'its client', given: { kind: 'client', clientId: 'cron' }, isHit: true },
    { name: 'another client', given: { kind: 'client', clientId: 'other' }, isHit: false },
    { name: 'everything', given: { kind: 'all' }, isHit: true },
  ];
  for (const { name, given, isHit } of EVICTIONS) {
    it(`${isHit ? 'drops' : 'keeps'} a grant when ${name} is evicted`, async () => {
      await learn(GRANT);
      source.evict(given);
      assert.equal(source.lookup(key, 0), isHit ? undefined : GRANT);
    });

    // A signing key shows only in the answer: one of them is asked for once too often.
    const isForgotten = isHit || given.kind === 'signingKey';
    it(`${isForgotten ? 'forgets' : 'keeps'} what is under way when ${name} is evicted`, async () => {
      const before = source.obtain(request);
      source.evict(given);
      const after = source.obtain(request);
      assert.equal(asked.length, isForgotten ? 2 : 1, 'asked again');
      asked[0]?.answer(GRANT);
      assert.equal(await before, GRANT);
      assert.equal(source.lookup(key, 0), isForgotten ? undefined : GRANT);
      const next = { ...GRANT, token: 'd.e.f' };
      asked[1]?.answer(next);
      await after;
      assert.deepEqual(source.lookup(key, 0), isForgotten ? next : GRANT);
    });
  }

  it('drops a token that names no key when any key of its issuer is evicted', async () => {
    await learn({ ...GRANT, keyId: undefined });
    source.evict({ kind: 'signingKey', issuer: 'https://other.test/', keyId: 'k9' });
    assert.notEqual(source.lookup(key, 0), undefined);
    source.evict({ kind: 'signingKey', issuer: GRANT.issuer, keyId: 'k9' });
    assert.equal(source.lookup(key, 0), undefined);
  });

  it('drops the refusals and bearer tokens of a client', async () => {
    await learn(REFUSAL);
    const bearer = bearerRequest(plan, 'a.b.c');
    await learn(GRANT, bearer);
    source.evict({ kind: 'client', clientId: 'cron' });
    assert.equal(source.lookup(key, 0), undefined);
    assert.equal(source.lookup(bearer.key, 0), undefined);
  });

  it('is bounded, and refusals crowd out no grant', async () => {
    source = create(1);
    await learn(GRANT);
    for (const secret of ['a', 'b']) await learn(REFUSAL, exchangeRequest({ plan, secret }));
    assert.equal(source.lookup(key, 0), GRANT);
    assert.equal(source.lookup(exchangeRequest({ plan, secret: 'a' }).key, 0), undefined);
    assert.equal(source.lookup(exchangeRequest({ plan, secret: 'b' }).key, 0), REFUSAL);
  });
});
