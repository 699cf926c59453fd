/** What each answer of a provider comes to, over real HTTP. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import type { Refusal } from '../../../src/authz/ports.ts';
import type { PolicyPlan } from '../../../src/model/table.ts';
import { createBench, exchangeRequest, planFor, type BrokerBench } from '../../support/broker-bench.ts';
import {
  createSigningKey,
  startScriptedProvider,
  type ScriptedAnswer,
  type ScriptedProvider,
  type SigningKey,
  type TokenCall,
} from '../../support/scripted-provider.ts';

interface Case {
  readonly name: string;
  readonly given: (call: TokenCall) => ScriptedAnswer | Promise<ScriptedAnswer>;
  readonly want: Pick<Refusal, 'reason' | 'detail'>;
  readonly plan?: (plan: PolicyPlan) => PolicyPlan;
  /** Default 1. */
  readonly calls?: number;
}

const NEVER = new Promise<void>(() => {});

let provider: ScriptedProvider;
let bench: BrokerBench;
let stranger: SigningKey;
let elliptic: SigningKey;

before(async () => {
  stranger = await createSigningKey('RS256', 'k1');
  elliptic = await createSigningKey('ES256', 'ec');
  provider = await startScriptedProvider(() => bench.clock.nowMs());
});
after(() => provider.stop());

const oauthError =
  (status: number, error: string, description = '', headers: Record<string, string> = {}) =>
  (): ScriptedAnswer => ({ status, headers, body: { error, error_description: description } });

const issued =
  (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  (call: TokenCall): Promise<ScriptedAnswer> =>
    provider.grant(call, { claims, header });

const INVALID_CLIENT = {
  reason: 'InvalidClient',
  detail: 'the provider does not accept the client ID and client secret',
} as const;
const GRANT_MISSING = {
  reason: 'GrantMissing',
  detail: 'the provider has no grant of this client for what was asked',
} as const;
const misconfigured = (detail: string) => ({ reason: 'ProviderMisconfigured', detail }) as const;
const rejected = (detail: string) => ({ reason: 'TokenRejected', detail }) as const;
const unavailable = (detail: string) => ({ reason: 'ProviderUnavailable', detail }) as const;

const CASES: readonly Case[] = [
  {
    name: 'Auth0: a wrong secret',
    given: oauthError(401, 'access_denied', 'Unauthorized'),
    want: INVALID_CLIENT,
  },
  { name: 'a 401 without a body', given: () => ({ status: 401 }), want: INVALID_CLIENT },
  { name: '400 invalid_client', given: oauthError(400, 'invalid_client'), want: INVALID_CLIENT },
  { name: '403 invalid_client', given: oauthError(403, 'invalid_client'), want: INVALID_CLIENT },
  {
    name: 'Auth0: no client grant',
    given: oauthError(
      403,
      'access_denied',
      'Client is not authorized to access "https://api.test/". You need to create a "client-grant" associated to this API.',
    ),
    want: GRANT_MISSING,
  },
  {
    name: 'Auth0: a scope that was not granted',
    given: oauthError(403, 'access_denied', 'Client has not been granted scopes: write:orders'),
    want: GRANT_MISSING,
  },
  { name: '400 unauthorized_client', given: oauthError(400, 'unauthorized_client'), want: GRANT_MISSING },
  { name: '403 unauthorized_client', given: oauthError(403, 'unauthorized_client'), want: GRANT_MISSING },
  {
    name: 'Keycloak: a wrong secret',
    given: oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials'),
    want: INVALID_CLIENT,
  },
  {
    name: 'Keycloak: a client without the grant',
    given: oauthError(401, 'unauthorized_client', 'Client not enabled to retrieve service account'),
    want: GRANT_MISSING,
  },
  {
    name: 'Hydra: an audience that the client may not ask for',
    given: oauthError(
      400,
      'invalid_request',
      "Requested audience 'https://api.test/' has not been whitelisted by the OAuth 2.0 Client.",
    ),
    want: GRANT_MISSING,
  },
  {
    name: 'Entra ID: an unknown client',
    given: oauthError(
      400,
      'unauthorized_client',
      "AADSTS700016: Application with identifier 'x' was not found",
    ),
    want: INVALID_CLIENT,
  },
  {
    name: 'Entra ID: a client without a role',
    given: oauthError(400, 'invalid_grant', "AADSTS501051: Application 'x' is not assigned to a role"),
    want: GRANT_MISSING,
  },
  { name: '400 invalid_scope', given: oauthError(400, 'invalid_scope'), want: GRANT_MISSING },
  {
    name: 'Auth0: an organization that the client may not use',
    given: oauthError(400, 'invalid_request', 'client is not allowed for the organization org_1'),
    want: GRANT_MISSING,
  },
  {
    name: 'Auth0: an organization that is required and not sent',
    given: oauthError(400, 'invalid_request', 'parameter organization is required for this client'),
    want: misconfigured('the provider refused the token request with 400'),
  },
  {
    name: 'Auth0: an unknown audience',
    given: oauthError(403, 'access_denied', 'Service not found: https://api.test/'),
    want: misconfigured('the provider refused the token request with 403'),
  },
  {
    name: '400 invalid_request',
    given: oauthError(400, 'invalid_request'),
    want: misconfigured('the provider refused the token request with 400'),
  },
  {
    name: '400 invalid_target',
    given: oauthError(400, 'invalid_target'),
    want: misconfigured('the provider refused the token request with 400'),
  },
  {
    name: '400 unsupported_grant_type',
    given: oauthError(400, 'unsupported_grant_type'),
    want: misconfigured('the provider refused the token request with 400'),
  },
  {
    name: 'a 403 page of a firewall',
    given: () => ({ status: 403, body: '<html>blocked</html>' }),
    want: misconfigured('the provider refused the token request with 403'),
  },
  {
    name: 'a 403 of a gateway that speaks JSON, but no OAuth',
    given: () => ({ status: 403, body: { message: 'Forbidden' } }),
    want: misconfigured('the provider refused the token request with 403'),
  },
  {
    name: 'a 404',
    given: () => ({ status: 404, body: '<html>' }),
    want: misconfigured('the provider refused the token request with 404'),
  },
  {
    name: 'a 200 that is HTML',
    given: () => ({ body: '<html>sign in</html>' }),
    want: misconfigured('the token endpoint did not answer with JSON'),
  },
  {
    name: 'a 200 that is empty',
    given: () => ({ body: '' }),
    want: misconfigured('the token endpoint did not answer with JSON'),
  },
  {
    name: 'a 200 that is broken JSON',
    given: () => ({ body: '{"access_token": "', headers: { 'content-type': 'application/json' } }),
    want: misconfigured('the token endpoint did not answer with JSON'),
  },
  {
    name: 'a 200 without access_token',
    given: () => ({ body: { token_type: 'Bearer' } }),
    want: misconfigured('the answer of the token endpoint holds no access_token'),
  },
  {
    name: 'an empty access_token',
    given: () => ({ body: { access_token: '' } }),
    want: misconfigured('the answer of the token endpoint holds no access_token'),
  },
  {
    name: 'a DPoP token',
    given: async (call) => ({
      body: { access_token: await provider.token(call.form.get('client_id') ?? ''), token_type: 'DPoP' },
    }),
    want: rejected('the token is not of the type Bearer'),
  },
  {
    name: 'an opaque token',
    given: () => ({ body: { access_token: 'b3BhcXVl', token_type: 'Bearer' } }),
    want: rejected('the provider issued an opaque token, not a signed JWT'),
  },
  {
    name: 'an encrypted token',
    given: () => ({ body: { access_token: 'a.b.c.d.e' } }),
    want: rejected('the provider issued an opaque token, not a signed JWT'),
  },
  {
    name: 'a bad signature',
    given: (call) => provider.grant(call, { key: stranger }),
    want: rejected('the signature of the token is wrong'),
  },
  {
    name: 'a key that is not published',
    given: (call) => provider.grant(call, { header: { kid: 'other' } }),
    want: rejected('the issuer publishes no usable key that fits the token'),
  },
  {
    name: 'an algorithm that the policy does not accept',
    given: (call) => provider.grant(call, { key: elliptic }),
    want: rejected('the token is signed with ES256, which the policy does not accept'),
  },
  {
    name: 'another issuer',
    given: issued({ iss: 'https://elsewhere.test/' }),
    want: rejected('the token is from another issuer'),
  },
  {
    name: 'another client in azp',
    given: issued({ azp: 'other' }),
    want: rejected('the token was issued to another client'),
  },
  {
    name: 'another client in client_id although azp fits',
    given: issued({ client_id: 'other' }),
    want: rejected('the token was issued to another client'),
  },
  {
    name: 'another client in sub alone',
    given: issued({ azp: undefined, sub: 'other@clients' }),
    want: rejected('the token was issued to another client'),
  },
  {
    name: 'an ID token',
    given: issued({}, { typ: 'id+jwt' }),
    want: rejected('the type of the token is neither JWT nor at+jwt'),
  },
  {
    name: 'an ID token that calls itself JWT',
    given: issued({ typ: 'ID' }),
    want: rejected('the token is not an access token, as its claims show'),
  },
  {
    name: 'no exp',
    given: (call) => provider.grant(call, { exp: undefined }),
    want: rejected('the token states no expiry'),
  },
  {
    name: 'an exp that is text',
    given: issued({ exp: 'tomorrow' }),
    want: rejected('the token states no expiry'),
  },
  {
    name: 'an exp that no date can hold',
    given: issued({ exp: 1e300 }),
    want: rejected('the token states no expiry'),
  },
  {
    name: 'an nbf in an hour',
    given: (call) => issued({ nbf: bench.clock.nowMs() / 1_000 + 3_600 })(call),
    want: rejected('the token is not valid yet: compare the clocks of gateway and provider'),
  },
  {
    name: 'a token that has expired',
    given: (call) => provider.grant(call, { exp: bench.clock.nowMs() / 1_000 - 3_600 }),
    want: rejected('the token has expired: compare the clocks of gateway and provider'),
  },
  {
    name: 'a token with exactly 5 s to live',
    given: (call) => provider.grant(call, { exp: bench.clock.nowMs() / 1_000 + 5 }),
    want: rejected('the token has less than 5 s to live'),
  },
  {
    name: 'a 500 that is HTML',
    given: () => ({ status: 500, body: '<html>' }),
    want: unavailable('the token endpoint answered 500'),
  },
  { name: 'a 503', given: oauthError(503, 'x'), want: unavailable('the token endpoint answered 503') },
  {
    name: '400 temporarily_unavailable',
    given: oauthError(400, 'temporarily_unavailable'),
    want: unavailable('the token endpoint answered 400'),
  },
  {
    name: 'a redirect',
    given: () => ({ status: 302, headers: { location: `${provider.origin}/oauth/token` } }),
    want: unavailable('the token endpoint answered with a redirect, which is not followed'),
  },
  {
    name: 'a connection that breaks',
    given: () => ({ break: 'reset' }),
    // The first breaks a connection that had been idle since the keys were fetched.
    calls: 2,
    want: unavailable('the provider cannot be reached'),
  },
  {
    name: 'a provider that does not answer',
    given: () => ({ after: NEVER }),
    plan: (plan) => ({ ...plan, provider: { ...plan.provider, timeoutMs: 100 } }),
    want: unavailable('the provider cannot be reached'),
  },
  {
    name: 'an answer of more than 256 KiB',
    given: () => ({ body: { access_token: 'x'.repeat(256 * 1024) } }),
    want: unavailable('the provider cannot be reached'),
  },
  {
    name: 'the limit of the tenant',
    given: oauthError(429, 'too_many_requests', 'Global limit has been reached'),
    want: { reason: 'ProviderRateLimited', detail: 'the provider limits token requests' },
  },
  {
    name: 'a limit of the tenant while the client has quota left',
    given: oauthError(429, 'too_many_requests', '', {
      'auth0-client-quota-limit': 'b=per_hour;q=100;r=99;t=10',
    }),
    want: { reason: 'ProviderRateLimited', detail: 'the provider limits token requests' },
  },
  {
    name: 'Auth0: the limit of the tenant with another status',
    given: oauthError(500, 'access_denied', 'Global limit has been reached'),
    want: { reason: 'ProviderRateLimited', detail: 'the provider limits token requests' },
  },
  {
    name: 'Auth0: the limit of the tenant beside a quota that is not enforced',
    given: oauthError(429, 'too_many_requests', 'Global limit has been reached', {
      'auth0-client-quota-limit': 'b=per_hour;q=100;r=0;t=10',
    }),
    want: { reason: 'ProviderRateLimited', detail: 'the provider limits token requests' },
  },
  {
    name: 'Auth0: the quota of the client by its header',
    given: oauthError(429, 'access_denied', '', {
      'auth0-client-quota-limit': 'b=per_hour;q=100;r=3;t=10,b=per_day;q=300;r=0;t=4000',
    }),
    want: { reason: 'CallerQuotaExceeded', detail: 'the token quota of the client is used up' },
  },
  {
    name: 'Auth0: the quota of the organization by its header',
    given: oauthError(429, 'access_denied', '', {
      'auth0-organization-quota-limit': 'b=per_hour;q=100;r=0;t=10',
    }),
    want: { reason: 'CallerQuotaExceeded', detail: 'the token quota of the client is used up' },
  },
  {
    name: 'Auth0: the quota of the client in words',
    given: oauthError(429, 'too_many_requests', 'Client quota exceeded'),
    want: { reason: 'CallerQuotaExceeded', detail: 'the token quota of the client is used up' },
  },
];

describe('a token request that fails', () => {
  beforeEach(() => {
    bench = createBench();
    provider.calls.length = 0;
  });

  for (const { name, given, want, plan = (same: PolicyPlan) => same, calls = 1 } of CASES) {
    it(`${name} is ${want.reason}`, async () => {
      provider.onToken = given;
      const outcome = await bench.broker.obtain(exchangeRequest({ plan: plan(planFor(provider.issuer)) }));
      await bench.broker.close();
      assert.equal(outcome.kind, 'refused');
      assert.deepEqual({ reason: outcome.reason, detail: outcome.detail }, want);
      assert.equal(provider.calls.length, calls);
    });
  }
});

it('a client that is registered for the other way of authentication is told to the operator', async () => {
  bench = createBench();
  provider.onToken = oauthError(
    401,
    'invalid_client',
    "The OAuth 2.0 Client supports client authentication method 'client_secret_basic', but method 'client_secret_post' was requested.",
  );
  const outcome = await bench.broker.obtain(exchangeRequest({ plan: planFor(provider.issuer) }));
  await bench.broker.close();
  assert.equal(outcome.kind === 'refused' && outcome.detail, INVALID_CLIENT.detail);
  assert.equal(
    bench.recorded.logs[0]?.fields['cause'],
    'the client is registered for another way of authentication: see spec.clientCredentials.tokenEndpointAuthMethod',
  );
});

const HINTS: readonly { readonly name: string; readonly given: Case['given']; readonly cause: string }[] = [
  {
    name: 'another client',
    given: issued({ azp: 'other' }),
    cause: 'see spec.verification.bindClient',
  },
  {
    name: 'another algorithm',
    given: (call) => provider.grant(call, { key: elliptic }),
    cause: 'see spec.verification.algorithms',
  },
  {
    name: 'another issuer',
    given: issued({ iss: 'https://elsewhere.test/' }),
    cause: 'see spec.provider.issuer and spec.provider.additionalIssuers',
  },
];
for (const { name, given, cause } of HINTS) {
  it(`a token of ${name} makes the policy say which field decides`, async () => {
    bench = createBench();
    const plan = planFor(provider.issuer);
    provider.onToken = given;
    await bench.broker.obtain(exchangeRequest({ plan }));
    const { warnings } = bench.broker.issuerState(plan);
    await bench.broker.close();
    assert.equal(warnings[0]?.message.split(': ').at(-1), cause);
  });
}

it('an error that comes with 200 is named in the log', async () => {
  bench = createBench();
  provider.onToken = () => ({ status: 200, body: { error: 'unauthorized_client' } });
  const outcome = await bench.broker.obtain(exchangeRequest({ plan: planFor(provider.issuer) }));
  await bench.broker.close();
  assert.equal(outcome.kind === 'refused' && outcome.reason, 'ProviderMisconfigured');
  assert.equal(bench.recorded.logs[0]?.fields['errorCode'], 'unauthorized_client');
});

const TIMES: readonly {
  readonly name: string;
  readonly given: Case['given'];
  /** Milliseconds from now. */
  readonly want: { readonly keep: number | undefined; readonly retry: number | undefined };
}[] = [
  {
    name: 'a refused secret is kept for rejectedTtl',
    given: oauthError(401, 'access_denied'),
    want: { keep: 10_000, retry: undefined },
  },
  {
    name: 'a missing grant is kept for forbiddenTtl',
    given: oauthError(403, 'unauthorized_client'),
    want: { keep: 60_000, retry: undefined },
  },
  {
    name: 'a misconfiguration is kept for 5 s',
    given: oauthError(400, 'invalid_request'),
    want: { keep: 5_000, retry: undefined },
  },
  {
    name: 'an outage is not kept, and may be retried after 5 s',
    given: () => ({ status: 500 }),
    want: { keep: undefined, retry: 5_000 },
  },
  {
    name: 'Retry-After of a 503 is passed on',
    given: () => ({ status: 503, headers: { 'retry-after': '17' } }),
    want: { keep: undefined, retry: 17_000 },
  },
  {
    name: 'Retry-After of a 429 is passed on',
    given: () => ({ status: 429, headers: { 'retry-after': '3' } }),
    want: { keep: undefined, retry: 3_000 },
  },
  {
    name: 'Retry-After of more than a minute counts as a minute',
    given: () => ({ status: 503, headers: { 'retry-after': '86400' } }),
    want: { keep: undefined, retry: 60_000 },
  },
  {
    name: 'without Retry-After the reset of the tenant limit counts',
    given: () => ({
      status: 429,
      headers: { 'x-ratelimit-reset': String(bench.clock.nowMs() / 1_000 + 7), 'x-ratelimit-remaining': '0' },
    }),
    want: { keep: undefined, retry: 7_000 },
  },
  {
    name: 'a quota is kept until it begins anew, at most a minute',
    given: () => ({ status: 429, headers: { 'auth0-client-quota-limit': 'b=per_hour;q=1;r=0;t=900' } }),
    want: { keep: 60_000, retry: 900_000 },
  },
];

describe('how long a failure lasts', () => {
  beforeEach(() => {
    bench = createBench();
  });

  for (const { name, given, want } of TIMES) {
    it(name, async () => {
      provider.onToken = given;
      const outcome = await bench.broker.obtain(exchangeRequest({ plan: planFor(provider.issuer) }));
      await bench.broker.close();
      assert.equal(outcome.kind, 'refused');
      const fromNow = (atMs: number | undefined): number | undefined =>
        atMs === undefined ? undefined : atMs - bench.clock.nowMs();
      assert.deepEqual({ keep: fromNow(outcome.keepUntilMs), retry: fromNow(outcome.retryAtMs) }, want);
    });
  }
});
