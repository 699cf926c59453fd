/** The parts of a request and of a change that `micro.ts` measures, each on inputs as they come. */

import { randomBytes } from 'node:crypto';

import { SignJWT } from 'jose';

import { createCacheKeys } from '../src/authz/cache-key.ts';
import { compile } from '../src/compile/compile.ts';
import { generateKey } from '../src/dev/auth0/signing-keys.ts';
import { takeCredentials } from '../src/http/credentials.ts';
import { createMatcher } from '../src/match/matcher.ts';
import { Redacted } from '../src/model/redacted.ts';
import { processJwksResponse } from '../src/oauth/jwks.ts';
import { verifyToken } from '../src/oauth/verifier.ts';
import { planOf } from '../test/support/plan.ts';
import { DEFAULT_OPTIONS } from '../test/support/snapshot.ts';
import { cluster, ingress, PATHS, put } from './cluster-objects.ts';

/** One turn does the work once; a promise is awaited. */
export type Turn = (turn: number) => unknown;

const INGRESSES = 5_000;
const CLIENT_ID = 'kZ8n2LrXw0bQ7yT4mVvJp3cD6fGhAs9E';
/** Callers whose requests come in turn. */
const CALLERS = 1_024;

export const CASES: ReadonlyMap<string, { readonly title: string; prepare(): Turn | Promise<Turn> }> =
  new Map<string, { readonly title: string; prepare(): Turn | Promise<Turn> }>([
    ['match', { title: `match a request, ${INGRESSES * PATHS} routes`, prepare: prepareMatch }],
    ['credentials', { title: 'take credentials from a Basic header', prepare: prepareCredentials }],
    ['digest', { title: 'key of the token cache', prepare: prepareDigest }],
    ['verify', { title: 'verify a token, RS256', prepare: prepareVerify }],
    ['compile', { title: `compile after one of ${INGRESSES} Ingresses changed`, prepare: prepareCompile }],
  ]);

function prepareMatch(): Turn {
  const matcher = createMatcher(compile(cluster(INGRESSES).snapshot(), DEFAULT_OPTIONS).table);
  // Far apart, as callers are.
  const hosts = Array.from(
    { length: CALLERS },
    (_, index) => `web-${(index * 7_919) % INGRESSES}.example.com`,
  );
  return (turn) => matcher.match(hosts[turn % CALLERS] ?? '', '/v1/3/orders/4711');
}

function prepareCredentials(): Turn {
  const plan = planOf();
  const headers = Array.from({ length: CALLERS }, () => {
    const secret = randomBytes(48).toString('base64url');
    return `Basic ${Buffer.from(`${CLIENT_ID}:${secret}`).toString('base64')}`;
  });
  return (turn) =>
    takeCredentials(plan, {
      authorization: [headers[turn % CALLERS] ?? ''],
      query: undefined,
      body: undefined,
    });
}

function prepareDigest(): Turn {
  const plan = planOf();
  const keys = createCacheKeys(randomBytes(32));
  const secrets = Array.from({ length: CALLERS }, () => new Redacted(randomBytes(48).toString('base64url')));
  const [first = new Redacted('')] = secrets;
  return (turn) => keys.forClient(plan, CLIENT_ID, secrets[turn % CALLERS] ?? first, []);
}

async function prepareVerify(): Promise<Turn> {
  const plan = planOf();
  const { kid, alg, privateKey, publicJwk } = await generateKey('RS256');
  const fetched = processJwksResponse('jwks', {
    kind: 'answer',
    status: 200,
    headers: {},
    json: { keys: [publicJwk] },
  });
  if (fetched.kind === 'fault') throw new Error(fetched.message);
  const token = await new SignJWT({ azp: CLIENT_ID, scope: 'read:orders' })
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer(plan.provider.issuer)
    .setSubject(`${CLIENT_ID}@clients`)
    .setAudience('https://orders.example.com/')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  const input = { token, plan, keySet: fetched.value, clientId: CLIENT_ID, nowMs: Date.now() };
  return async () => {
    const { kind } = await verifyToken(input);
    if (kind !== 'verified') throw new Error('the token was rejected');
  };
}

function prepareCompile(): Turn {
  const store = cluster(INGRESSES);
  compile(store.snapshot(), DEFAULT_OPTIONS);
  return (turn) => {
    put(store, ingress(turn % INGRESSES, `/changed-${turn}`));
    return compile(store.snapshot(), DEFAULT_OPTIONS);
  };
}
