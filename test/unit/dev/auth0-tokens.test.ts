/** Tokens, keys, secrets, limits and scripted faults of the emulator. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';

import { startAuth0Emulator, type Auth0Emulator } from '../../../src/dev/auth0-emulator.ts';
import type { TokenFlaw } from '../../../src/dev/auth0/access-token.ts';

const AUTH0 = 'https://orders.example.com/';
const RFC9068 = 'https://stock.example.com/';
const START_MS = Date.UTC(2026, 10, 24, 12, 0, 0);

let emulator: Auth0Emulator;
let nowMs = START_MS;

before(async () => {
  emulator = await startAuth0Emulator({
    nowMs: () => nowMs,
    tenant: {
      clients: [{ clientId: 'reader', clientSecrets: ['first'] }],
      apis: [
        { identifier: AUTH0, tokenLifetimeSeconds: 600 },
        { identifier: RFC9068, profile: 'rfc9068', signingAlg: 'ES256', rbac: true },
      ],
      grants: [
        {
          clientId: 'reader',
          audience: AUTH0,
          scopes: ['read:orders'],
          organizationUsage: 'allow',
          organizations: ['org_1'],
          customClaims: { 'https://example.com/plan': 'gold' },
        },
        { clientId: 'reader', audience: RFC9068, scopes: ['read:stock', 'write:stock'] },
      ],
    },
  });
});
after(() => emulator.close());

async function exchange(parameters: Readonly<Record<string, string>> = {}) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'reader',
    client_secret: 'first',
    audience: AUTH0,
    ...parameters,
  });
  const response = await fetch(`${emulator.issuer}oauth/token`, { method: 'POST', body });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

async function obtain(parameters?: Readonly<Record<string, string>>): Promise<string> {
  const { text } = await exchange(parameters);
  return (JSON.parse(text) as { readonly access_token: string }).access_token;
}

async function keySet(): Promise<JSONWebKeySet> {
  const response = await fetch(`${emulator.issuer}.well-known/jwks.json`);
  return (await response.json()) as JSONWebKeySet;
}

async function verify(token: string, audience = AUTH0) {
  const keys = createLocalJWKSet(await keySet());
  return await jwtVerify(token, keys, {
    issuer: emulator.issuer,
    audience,
    algorithms: ['RS256', 'ES256'],
    requiredClaims: ['exp'],
    currentDate: new Date(nowMs),
  });
}

test('publishes the endpoints of the tenant under its issuer', async () => {
  const response = await fetch(`${emulator.issuer}.well-known/openid-configuration`);
  const document = (await response.json()) as Record<string, unknown>;
  assert.equal(document['issuer'], `http://127.0.0.1:${emulator.port}/`);
  assert.equal(document['token_endpoint'], `http://127.0.0.1:${emulator.port}/oauth/token`);
  assert.equal(document['jwks_uri'], `http://127.0.0.1:${emulator.port}/.well-known/jwks.json`);
});

test('issues tokens in the profile of Auth0', async () => {
  const { payload, protectedHeader } = await verify(await obtain({ organization: 'org_1' }));
  assert.equal(protectedHeader.typ, 'JWT');
  assert.deepEqual(payload, {
    iss: emulator.issuer,
    sub: 'reader@clients',
    aud: AUTH0,
    iat: START_MS / 1_000,
    exp: START_MS / 1_000 + 600,
    scope: 'read:orders',
    org_id: 'org_1',
    gty: 'client-credentials',
    azp: 'reader',
    'https://example.com/plan': 'gold',
  });
});

test('issues tokens in the profile of RFC 9068, with the permissions of RBAC', async () => {
  const { payload, protectedHeader } = await verify(await obtain({ audience: RFC9068 }), RFC9068);
  assert.equal(protectedHeader.typ, 'at+jwt');
  assert.equal(protectedHeader.alg, 'ES256');
  const { jti, ...claims } = payload;
  assert.equal(typeof jti, 'string');
  assert.deepEqual(claims, {
    iss: emulator.issuer,
    sub: 'reader@clients',
    aud: RFC9068,
    iat: START_MS / 1_000,
    exp: START_MS / 1_000 + 86_400,
    scope: 'read:stock write:stock',
    client_id: 'reader',
    permissions: ['read:stock', 'write:stock'],
  });
});

test('signs with the next key after a rotation, and publishes the previous one until it is revoked', async () => {
  const old = await obtain();
  const published = (await keySet()).keys.map((key) => key.kid);
  await emulator.keys.rotate();
  const young = await obtain();
  assert.notEqual(decodeProtectedHeader(young).kid, decodeProtectedHeader(old).kid);
  assert.ok(published.includes(decodeProtectedHeader(young).kid));
  await verify(old);
  emulator.keys.revokePrevious();
  await assert.rejects(verify(old), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  await verify(young);
});

test('accepts the secret before a rotation until its window closes', async () => {
  emulator.tenant.rotateSecret('reader', 'second', nowMs + 30_000);
  assert.equal((await exchange({ client_secret: 'first' })).status, 200);
  assert.equal((await exchange({ client_secret: 'second' })).status, 200);
  nowMs += 30_000;
  assert.equal((await exchange({ client_secret: 'first' })).status, 401);
  assert.equal((await exchange({ client_secret: 'second' })).status, 200);
  emulator.tenant.rotateSecret('reader', 'first', 0);
  nowMs = START_MS;
});

test('grants come and go', async () => {
  const grant = emulator.tenant.grant('reader', RFC9068);
  assert.ok(grant);
  emulator.tenant.deleteGrant('reader', RFC9068);
  assert.equal((await exchange({ audience: RFC9068 })).status, 403);
  emulator.tenant.setGrant(grant);
  assert.equal((await exchange({ audience: RFC9068 })).status, 200);
});

test('the limit of the tenant answers 429 with its headers until the window ends', async () => {
  emulator.limits.setTenantLimit({ limit: 1, windowSeconds: 60 });
  nowMs = START_MS + 20_000;
  const first = await exchange();
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('x-ratelimit-remaining'), '0');
  assert.equal(first.headers.get('retry-after'), null);
  const second = await exchange();
  assert.equal(second.status, 429);
  assert.deepEqual(JSON.parse(second.text), {
    error: 'too_many_requests',
    error_description: 'Global limit has been reached',
  });
  assert.equal(second.headers.get('x-ratelimit-limit'), '1');
  assert.equal(second.headers.get('x-ratelimit-reset'), String((START_MS + 60_000) / 1_000));
  assert.equal(second.headers.get('retry-after'), '40');
  nowMs = START_MS + 60_000;
  assert.equal((await exchange()).status, 200);
  emulator.limits.setTenantLimit(undefined);
  nowMs = START_MS;
});

test('the quota of a client is told on success too, and answers 429 when it is used up', async () => {
  emulator.limits.setClientQuota('reader', { perHour: 1, perDay: 50 });
  emulator.limits.setOrganizationQuota('org_1', { perHour: 9 });
  const first = await exchange({ organization: 'org_1' });
  assert.equal(first.status, 200);
  const daily = 'b=per_day;q=50;r=49;t=43200';
  assert.equal(first.headers.get('auth0-client-quota-limit'), `b=per_hour;q=1;r=0;t=3600,${daily}`);
  assert.equal(first.headers.get('auth0-organization-quota-limit'), 'b=per_hour;q=9;r=8;t=3600');
  const second = await exchange();
  assert.equal(second.status, 429);
  assert.equal(second.headers.get('auth0-client-quota-limit'), `b=per_hour;q=1;r=0;t=3600,${daily}`);
  assert.equal(second.headers.get('retry-after'), '3600');
  emulator.limits.setClientQuota('reader', {});
  emulator.limits.setOrganizationQuota('org_1', {});
});

const FLAWS: readonly { readonly flaw: TokenFlaw; readonly want: string }[] = [
  { flaw: 'opaque', want: 'ERR_JWS_INVALID' },
  { flaw: 'wrong-audience', want: 'ERR_JWT_CLAIM_VALIDATION_FAILED' },
  { flaw: 'wrong-issuer', want: 'ERR_JWT_CLAIM_VALIDATION_FAILED' },
  { flaw: 'bad-signature', want: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
  { flaw: 'unknown-key', want: 'ERR_JWKS_NO_MATCHING_KEY' },
  { flaw: 'expired', want: 'ERR_JWT_EXPIRED' },
  { flaw: 'not-yet-valid', want: 'ERR_JWT_CLAIM_VALIDATION_FAILED' },
  { flaw: 'without-expiry', want: 'ERR_JWT_CLAIM_VALIDATION_FAILED' },
  { flaw: 'unsigned', want: 'ERR_JOSE_ALG_NOT_ALLOWED' },
  { flaw: 'symmetric', want: 'ERR_JOSE_ALG_NOT_ALLOWED' },
];
for (const { flaw, want } of FLAWS) {
  test(`a scripted ${flaw} token does not verify, and the one after it does`, async () => {
    emulator.faults.token.next(1, { flaw });
    await assert.rejects(verify(await obtain()), { code: want });
    await verify(await obtain());
  });
}

test('a scripted wrong-client token names another client in every claim', async () => {
  emulator.faults.token.next(2, { flaw: 'wrong-client' });
  const auth0 = decodeJwt(await obtain());
  assert.deepEqual([auth0.sub, auth0['azp']], ['another-client@clients', 'another-client']);
  const rfc9068 = decodeJwt(await obtain({ audience: RFC9068 }));
  assert.deepEqual([rfc9068.sub, rfc9068['client_id']], ['another-client@clients', 'another-client']);
});

test('a scripted wrong-type token has the type of another kind of token', async () => {
  emulator.faults.token.next(1, { flaw: 'wrong-type' });
  assert.equal(decodeProtectedHeader(await obtain()).typ, 'logout+jwt');
});

test('scripted answers come as they stand, once each, in order', async () => {
  emulator.faults.token.next(1, {
    answer: { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } },
  });
  emulator.faults.token.next(2, { expiresIn: 'soon', tokenType: 'mac', headers: { 'X-Extra': '1' } });
  emulator.faults.token.next(1, { expiresIn: { absent: true } });
  const raw = await exchange();
  assert.deepEqual([raw.status, raw.text, raw.headers.get('content-type')], [502, '<html>', 'text/html']);
  for (let turn = 0; turn < 2; turn += 1) {
    const spoilt = await exchange();
    const { expires_in: expiresIn, token_type: tokenType } = JSON.parse(spoilt.text) as Record<
      string,
      unknown
    >;
    assert.deepEqual([expiresIn, tokenType, spoilt.headers.get('x-extra')], ['soon', 'mac', '1']);
  }
  assert.ok(!Object.hasOwn(JSON.parse((await exchange()).text) as object, 'expires_in'));
  assert.ok(Object.hasOwn(JSON.parse((await exchange()).text) as object, 'expires_in'));
});

test('a scripted answer waits for what the test says', async () => {
  const gate = Promise.withResolvers<void>();
  emulator.faults.token.next(1, { until: gate.promise });
  let isAnswered = false;
  const waiting = exchange().then((answer) => {
    isAnswered = true;
    return answer;
  });
  // A request that comes later and is answered shows that the first one is held, not merely slow.
  assert.equal((await exchange()).status, 200);
  assert.equal(isAnswered, false);
  gate.resolve();
  assert.equal((await waiting).status, 200);
});

test('discovery and keys can fail and hang up too, and every call is counted', async () => {
  const before = { ...emulator.calls };
  emulator.faults.discovery.always({ answer: { status: 503, body: '' } });
  emulator.faults.jwks.next(1, { hangUp: true });
  for (let turn = 0; turn < 3; turn += 1) {
    const discovery = await fetch(`${emulator.issuer}.well-known/openid-configuration`);
    assert.equal(discovery.status, 503);
  }
  emulator.faults.discovery.clear();
  await assert.rejects(fetch(`${emulator.issuer}.well-known/jwks.json`));
  assert.equal((await keySet()).keys.length, 4);
  assert.equal(emulator.calls.discoveries, before.discoveries + 3);
  assert.equal(emulator.calls.jwksFetches, before.jwksFetches + 2);
});

test('refuses to start on a port that is taken', async () => {
  await assert.rejects(
    startAuth0Emulator({ tenant: { clients: [], apis: [], grants: [] }, port: emulator.port }),
    { code: 'EADDRINUSE' },
  );
});
