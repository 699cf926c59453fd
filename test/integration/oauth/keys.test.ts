/** The keys of an issuer as they come and go, and bearer tokens verified with them. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import type { ExchangeOutcome } from '../../../src/authz/ports.ts';
import type { PolicyPlan } from '../../../src/model/table.ts';
import {
  bearerRequest,
  createBench,
  exchangeRequest,
  planFor,
  type BrokerBench,
} from '../../support/broker-bench.ts';
import { eventually } from '../../support/eventually.ts';
import {
  createSigningKey,
  startScriptedProvider,
  type ScriptedAnswer,
  type ScriptedProvider,
  type SigningKey,
} from '../../support/scripted-provider.ts';

const TEN_MINUTES_MS = 600_000;

let provider: ScriptedProvider;
let bench: BrokerBench;
let plan: PolicyPlan;
let k1: SigningKey;
let k2: SigningKey;
let defaultJwks: () => ScriptedAnswer;

before(async () => {
  provider = await startScriptedProvider(() => bench.clock.nowMs());
  plan = planFor(provider.issuer);
  const [first] = provider.keys;
  assert.ok(first !== undefined);
  k1 = first;
  k2 = await createSigningKey('RS256', 'k2');
  defaultJwks = provider.onJwks;
});
after(() => provider.stop());
beforeEach(() => {
  bench = createBench();
  provider.keys = [k1];
  provider.onJwks = defaultJwks;
  provider.onToken = (call) => provider.grant(call);
  provider.fetches.jwks = 0;
  provider.calls.length = 0;
});

const ask = (clientId: string): Promise<ExchangeOutcome> =>
  bench.broker.obtain(exchangeRequest({ plan, clientId }));

function reasonOf(outcome: ExchangeOutcome): string {
  return outcome.kind === 'granted' ? 'granted' : outcome.reason;
}

describe('signing keys', () => {
  it('are fetched once and used for ten minutes', async () => {
    await ask('a');
    bench.clock.advance(TEN_MINUTES_MS - 1);
    await ask('b');
    assert.equal(provider.fetches.jwks, 1);
    bench.clock.advance(1);
    assert.equal(reasonOf(await ask('c')), 'granted');
    await eventually('they are fetched again', async () => provider.fetches.jwks === 2);
    await bench.broker.close();
  });

  it('are fetched again for an unknown kid, at most every 30 s', async () => {
    await ask('a');
    provider.onToken = (call) => provider.grant(call, { key: k2 });
    assert.equal(reasonOf(await ask('b')), 'TokenRejected');
    assert.equal(provider.fetches.jwks, 2);
    provider.keys = [k1, k2];
    bench.clock.advance(29_999);
    assert.equal(reasonOf(await ask('c')), 'TokenRejected');
    assert.equal(provider.fetches.jwks, 2);
    bench.clock.advance(1);
    assert.equal(reasonOf(await ask('d')), 'granted');
    assert.equal(provider.fetches.jwks, 3);
    await bench.broker.close();
  });

  const USELESS: readonly { readonly name: string; readonly given: () => ScriptedAnswer }[] = [
    { name: 'an error', given: () => ({ status: 500 }) },
    { name: 'an empty set', given: () => ({ body: { keys: [] } }) },
    { name: 'HTML', given: () => ({ body: '<html>' }) },
    { name: 'secret keys only', given: () => ({ body: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }) },
    { name: 'too many keys', given: () => ({ body: { keys: Array(65).fill(k1.publicJwk) } }) },
    {
      name: 'more than 256 KiB',
      given: () => ({ body: { keys: [k1.publicJwk], padding: 'x'.repeat(262_144) } }),
    },
    { name: 'no set at all', given: () => ({ body: { keys: 'none' } }) },
  ];
  for (const { name, given } of USELESS) {
    it(`stay as they were when the provider answers with ${name}`, async () => {
      await ask('a');
      provider.onJwks = given;
      bench.clock.advance(TEN_MINUTES_MS);
      assert.equal(reasonOf(await ask('b')), 'granted');
      await eventually('the answer is looked at', async () => bench.recorded.lines.includes('jwks failed'));
      bench.clock.advance(TEN_MINUTES_MS);
      assert.equal(reasonOf(await ask('c')), 'granted');
      await bench.broker.close();
      assert.deepEqual(bench.recorded.evictions, []);
    });
  }

  it('are fetched at their time also when the clock is set back', async () => {
    provider.onJwks = () => ({ status: 500 });
    assert.equal(reasonOf(await ask('a')), 'ProviderUnavailable');
    provider.onJwks = defaultJwks;
    bench.clock.setBack(3_600_000);
    bench.clock.advance(1_000);
    assert.equal(reasonOf(await ask('b')), 'granted');
    await bench.broker.close();
  });

  it('that can sign with no algorithm of the policy are no reason to have a token issued, until there are others', async () => {
    const elliptic = { ...plan, verification: { ...plan.verification, algorithms: ['ES256', 'EdDSA'] } };
    const askElliptic = () => bench.broker.obtain(exchangeRequest({ plan: elliptic }));
    assert.equal(reasonOf(await askElliptic()), 'ProviderMisconfigured');
    assert.equal(provider.calls.length, 0);
    assert.match(
      bench.broker.issuerState(elliptic).message,
      /^no key of \S+ can sign with ES256, EdDSA, but with RS256: see spec\.verification\.algorithms$/,
    );
    const key = await createSigningKey('Ed25519', 'k2');
    provider.keys = [k1, key];
    provider.onToken = (call) => provider.grant(call, { key });
    bench.clock.advance(5_000);
    assert.equal(reasonOf(await askElliptic()), 'ProviderMisconfigured');
    assert.equal(provider.fetches.jwks, 2, 'no more often than for an unknown kid');
    bench.clock.advance(25_000);
    assert.equal(reasonOf(await askElliptic()), 'granted');
    assert.equal(bench.broker.issuerState(elliptic).status, 'True');
    await bench.broker.close();
  });

  it('that cannot be had at all make the provider unavailable, not the client wrong', async () => {
    provider.onJwks = () => ({ status: 500 });
    assert.equal(reasonOf(await ask('a')), 'ProviderUnavailable');
    await bench.broker.close();
    assert.equal(provider.calls.length, 0, 'a token that nobody can verify is not asked for');
  });

  it('that cannot be fetched while new ones sign make the provider unavailable, not its tokens wrong', async () => {
    await ask('a');
    provider.keys = [k2];
    provider.onJwks = () => ({ break: 'reset' });
    const brought = bearerRequest(plan, await provider.token('b'));
    const outcomes = [await ask('b'), await ask('b'), await bench.broker.obtain(brought)];
    assert.deepEqual(outcomes.map(reasonOf), Array(3).fill('ProviderUnavailable'));
    assert.equal(provider.calls.length, 2, 'no further token is issued for nothing');
    provider.onJwks = defaultJwks;
    bench.clock.advance(5_000);
    const later = [await ask('b'), await bench.broker.obtain(brought)];
    await bench.broker.close();
    assert.deepEqual(later.map(reasonOf), ['granted', 'granted']);
  });

  it('that vanish take the tokens that they signed with them', async () => {
    bench.broker.observe([plan]);
    await ask('a');
    provider.keys = [k1, k2];
    provider.onToken = (call) => provider.grant(call, { key: k2 });
    await ask('b');
    provider.keys = [k2];
    bench.clock.advance(TEN_MINUTES_MS);
    await eventually('the key is missed', async () => bench.recorded.evictions.length > 0);
    const { key } = exchangeRequest({ plan, clientId: 'a' });
    assert.deepEqual(bench.recorded.evictions, [
      { kind: 'signingKey', issuer: provider.issuer, keyId: 'k1' },
      { kind: 'key', key },
    ]);
    const asked = provider.calls.length;
    await ask('b');
    assert.equal(provider.calls.length, asked, 'the other token stays');
    await ask('a');
    assert.equal(provider.calls.length, asked + 1);
    await bench.broker.close();
    assert.ok(bench.recorded.lines.includes('evicted tokens key_vanished'));
  });

  it('that change under the same kid count as vanished, and are fetched for a signature that is wrong', async () => {
    await ask('a');
    const replaced = await createSigningKey('RS256', 'k1');
    provider.keys = [replaced];
    provider.onToken = (call) => provider.grant(call, { key: replaced });
    assert.equal(reasonOf(await ask('b')), 'granted');
    await bench.broker.close();
    assert.deepEqual(bench.recorded.evictions[0], {
      kind: 'signingKey',
      issuer: provider.issuer,
      keyId: 'k1',
    });
  });

  it('that share a kid are each tried', async () => {
    const twin = await createSigningKey('RS256', 'k1');
    provider.keys = [twin, k1];
    provider.onToken = (call) => provider.grant(call, { key: k1 });
    assert.equal(reasonOf(await ask('a')), 'granted');
    await bench.broker.close();
  });

  it('without a kid are each tried', async () => {
    provider.keys = [await createSigningKey('RS256', ''), await createSigningKey('RS256', '')];
    provider.onToken = (call) => provider.grant(call, { key: provider.keys[1] ?? k1 });
    const outcome = await ask('a');
    await bench.broker.close();
    assert.equal(reasonOf(outcome), 'granted');
    assert.equal(outcome.kind === 'granted' && outcome.keyId, undefined);
  });

  const BAD_ENTRIES: readonly { readonly name: string; readonly given: () => unknown }[] = [
    { name: 'without material', given: () => ({ kty: 'RSA', kid: 'bad', n: '!', e: '' }) },
    { name: 'without a type', given: () => ({ kid: 'bad' }) },
    { name: 'that is no object', given: () => null },
    { name: 'of an unknown type', given: () => ({ kty: 'AKP', kid: 'bad', alg: 'ML-DSA-44', pub: 'AA' }) },
    { name: 'for encryption', given: () => ({ ...k2.publicJwk, alg: 'RSA-OAEP', use: 'enc' }) },
    // Without its `kid` it would be tried with every token that names none.
    { name: 'that is too short', given: () => ({ kty: 'RSA', n: 'x'.repeat(171), e: 'AQAB' }) },
  ];
  for (const { name, given } of BAD_ENTRIES) {
    it(`do not suffer from an entry ${name}`, async () => {
      const { kid: _, ...nameless } = k1.publicJwk;
      provider.onJwks = () => ({ body: { keys: [given(), nameless] } });
      provider.onToken = (call) => provider.grant(call, { header: { kid: undefined } });
      assert.equal(reasonOf(await ask('a')), 'granted');
      await bench.broker.close();
    });
  }

  it('without a kid that vanish take bearer tokens without one with them', async () => {
    const nameless = await createSigningKey('RS256', '');
    provider.keys = [nameless];
    bench.broker.observe([plan]);
    await ask('a');
    provider.keys = [k2];
    bench.clock.advance(TEN_MINUTES_MS);
    await eventually('the key is missed', async () => bench.recorded.evictions.length > 0);
    await bench.broker.close();
    assert.deepEqual(bench.recorded.evictions[0], {
      kind: 'signingKey',
      issuer: provider.issuer,
      keyId: undefined,
    });
  });
});

describe('a bearer token', () => {
  const bear = async (token: string | Promise<string>, withPlan = plan): Promise<ExchangeOutcome> =>
    bench.broker.obtain(bearerRequest(withPlan, await token));

  it('is granted to its end with the clock tolerance, whoever its client is', async () => {
    const outcome = await bear(provider.token('someone'));
    await bench.broker.close();
    assert.equal(outcome.kind, 'granted');
    assert.equal(outcome.claims['azp'], 'someone');
    assert.equal(outcome.usableUntilMs, bench.clock.nowMs() + 3_600_000 + 30_000);
    assert.equal(outcome.refreshFromMs, outcome.usableUntilMs);
  });

  const nowSeconds = (): number => bench.clock.nowMs() / 1_000;
  const BAD: readonly {
    readonly name: string;
    readonly given: () => string | Promise<string>;
    readonly detail: string;
    readonly isKept: boolean;
  }[] = [
    {
      name: 'that expired longer ago than the tolerance',
      given: () => provider.token('a', { exp: nowSeconds() - 30 }),
      detail: 'the token has expired',
      isKept: true,
    },
    {
      name: 'of another issuer',
      given: () => provider.token('a', { claims: { iss: 'https://elsewhere.test/' } }),
      detail: 'the token is from another issuer',
      isKept: true,
    },
    {
      name: 'with a changed payload',
      given: async () => {
        const [header, , signature] = (await provider.token('a')).split('.');
        const [, payload] = (await provider.token('b')).split('.');
        return `${header}.${payload}.${signature}`;
      },
      detail: 'the signature of the token is wrong',
      isKept: true,
    },
    {
      name: 'signed with nothing',
      given: () => `${encode({ alg: 'none' })}.${encode({ iss: provider.issuer, exp: 4e9 })}.`,
      detail: 'the token is signed with none, which no policy accepts',
      isKept: true,
    },
    {
      name: 'signed with the public key as a secret',
      given: () =>
        `${encode({ alg: 'HS256', kid: 'k1' })}.${encode({ iss: provider.issuer, exp: 4e9 })}.c2ln`,
      detail: 'the token is signed with HS256, which no policy accepts',
      isKept: true,
    },
    {
      name: 'signed with an unknown key',
      given: () => provider.token('a', { key: k2 }),
      detail: 'the issuer publishes no usable key that fits the token',
      isKept: false,
    },
    {
      name: 'that is not valid yet',
      given: () => provider.token('a', { claims: { nbf: nowSeconds() + 31 } }),
      detail: 'the token is not valid yet',
      isKept: false,
    },
    { name: 'that is no JWT', given: () => 'opaque', detail: 'the token is not a signed JWT', isKept: true },
    {
      name: 'signed with an algorithm of its own invention',
      given: () => `${encode({ alg: 'secret' })}.${encode({ iss: provider.issuer, exp: 4e9 })}.c2ln`,
      detail: 'the token is signed with an unknown algorithm, which no policy accepts',
      isKept: true,
    },
    {
      name: 'signed with an algorithm that cannot be chosen',
      given: async () => provider.token('a', { key: await createSigningKey('ES512', 'k1') }),
      detail: 'the token is signed with ES512, which no policy accepts',
      isKept: true,
    },
    {
      name: 'signed with an algorithm that was not chosen',
      given: async () => provider.token('a', { key: await createSigningKey('PS256', 'k1') }),
      detail: 'the token is signed with PS256, which the policy does not accept',
      isKept: true,
    },
    {
      name: 'with a header that must be understood, and is not',
      given: () => `${encode({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })}.${encode({ exp: 4e9 })}.c2ln`,
      detail: 'the header of the token asks for an extension that is not known',
      isKept: true,
    },
    ...[{ typ: 'ID' }, { typ: 'Refresh' }, { token_use: 'id' }, { at_hash: 'x' }].map((claims) => ({
      name: `that is none for access, as its claim ${Object.keys(claims).join()} says (${Object.values(claims).join()})`,
      given: () => provider.token('a', { claims }),
      detail: 'the token is not an access token, as its claims show',
      isKept: true,
    })),
    {
      name: 'of the wrong type',
      given: () => provider.token('a', { header: { typ: 'logout+jwt' } }),
      detail: 'the type of the token is neither JWT nor at+jwt',
      isKept: true,
    },
  ];
  for (const { name, given, detail, isKept } of BAD) {
    it(`${name} is refused with what is wrong`, async () => {
      const outcome = await bear(given());
      await bench.broker.close();
      const keepUntilMs = isKept ? bench.clock.nowMs() + 10_000 : undefined;
      assert.deepEqual(outcome, {
        kind: 'refused',
        reason: 'InvalidToken',
        detail,
        keepUntilMs,
        retryAtMs: undefined,
      });
    });
  }

  it('is accepted within the clock tolerance', async () => {
    const outcome = await bear(provider.token('a', { exp: nowSeconds() - 29 }));
    await bench.broker.close();
    assert.equal(reasonOf(outcome), 'granted');
  });

  it('is not to be judged while the keys cannot be had', async () => {
    provider.onJwks = () => ({ status: 500 });
    const outcome = await bear(provider.token('a'));
    await bench.broker.close();
    assert.equal(reasonOf(outcome), 'ProviderUnavailable');
  });

  it('is verified once for all who send it at the same moment', async () => {
    const token = await provider.token('a');
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => bear(token)));
    await bench.broker.close();
    assert.ok(outcomes.every((outcome) => outcome === outcomes[0]));
  });

  const SIGNED = ['RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
  for (const alg of SIGNED) {
    it(`signed with ${alg} is granted where the policy accepts it`, async () => {
      provider.keys = [k1, await createSigningKey(alg, 'other')];
      // The name that RFC 9864 has for it is none of a policy.
      const algorithm = alg === 'Ed25519' ? 'EdDSA' : alg;
      const accepting = { ...plan, verification: { ...plan.verification, algorithms: [algorithm] } };
      const [, key] = provider.keys;
      assert.ok(key !== undefined);
      const token = await provider.token('a', { key });
      assert.equal(reasonOf(await bear(token, accepting)), 'granted');
      assert.equal(reasonOf(await bench.broker.obtain(bearerRequest(plan, token))), 'InvalidToken');
      await bench.broker.close();
    });
  }
});

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
