/**
 * Memory of 100,000 cached tokens: those of the broker, and those of two proxy threads beside them. Run with
 * `node --expose-gc bench/memory.ts`; a number behind it is how many instead.
 */

import { createHash, randomBytes } from 'node:crypto';

import type { Grant } from '../src/authz/ports.ts';
import { compactToken } from '../src/oauth/compact-token.ts';
import { OutcomeStore } from '../src/oauth/outcome-store.ts';
import { ThreadGrants } from '../src/oauth/thread-grants.ts';
import { claimsOf } from '../src/oauth/verifier.ts';

const TOKENS = Number(process.argv[2] ?? 100_000);
const THREADS = 2;
const HOUR_MS = 3_600_000;
const ISSUER = 'https://acme.eu.auth0.com/';
const KEY_ID = 'h2Qk1zQYvG0vWcXQ5rG8A';
const HEADER = Buffer.from(`{"alg":"RS256","typ":"JWT","kid":"${KEY_ID}"}`).toString('base64url');
const SILENT = { cacheEntries: () => {}, cacheEvicted: () => {} };

/** A token as Auth0 issues it; the signature is noise of the right length. */
function tokenOf(clientId: string): string {
  const claims = {
    iss: ISSUER,
    sub: `${clientId}@clients`,
    aud: 'https://orders.acme.com/',
    iat: 1_795_509_085,
    exp: 1_795_595_485,
    scope: 'read:orders write:orders',
    gty: 'client-credentials',
    azp: clientId,
  };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${HEADER}.${payload}.${randomBytes(256).toString('base64url')}`;
}

function usedBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const keyOf = (index: number): string => createHash('sha256').update(String(index)).digest('base64url');
const usableUntilMs = Date.now() + HOUR_MS;
const refreshFromMs = usableUntilMs - 60_000;

const before = usedBytes();
const store = new OutcomeStore({
  maxTokens: TOKENS,
  maxRefusals: 10_000,
  telemetry: SILENT as unknown as ConstructorParameters<typeof OutcomeStore>[0]['telemetry'],
});
let length = 0;
for (let index = 0; index < TOKENS; index += 1) {
  const clientId = randomBytes(24).toString('base64url');
  const token = tokenOf(clientId);
  length += token.length;
  store.keepToken(keyOf(index), {
    token: compactToken(token),
    issuer: ISSUER,
    providerKey: ISSUER,
    clientId,
    secretTag: randomBytes(16).toString('base64url'),
    keyId: KEY_ID,
    usableUntilMs,
    refreshFromMs,
  });
}
const ofBroker = usedBytes() - before;

const held = TOKENS / 2 / THREADS;
const threads = Array.from({ length: THREADS }, () => new ThreadGrants(held));
for (const [thread, grants] of threads.entries()) {
  for (let index = 0; index < held; index += 1) {
    const token = tokenOf(randomBytes(24).toString('base64url'));
    const grant: Grant = {
      kind: 'granted',
      token,
      claims: claimsOf(token),
      keyId: KEY_ID,
      issuer: ISSUER,
      usableUntilMs,
      refreshFromMs,
    };
    grants.set(keyOf(thread * TOKENS + index), grant);
  }
}
const ofThreads = usedBytes() - before - ofBroker;

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
console.log(`tokens of ${Math.round(length / TOKENS)} characters`);
console.log(`broker, ${TOKENS} tokens: ${megabytes(ofBroker)}, ${Math.round(ofBroker / TOKENS)} bytes each`);
console.log(
  `${THREADS} threads, ${held} tokens each: ${megabytes(ofThreads)}, ${Math.round(ofThreads / held / THREADS)} bytes each`,
);
console.log(`together: ${megabytes(ofBroker + ofThreads)}`);
// Keeps both alive until here.
if (store.token(keyOf(0), Date.now()) === undefined || threads.length !== THREADS) throw new Error('lost');
