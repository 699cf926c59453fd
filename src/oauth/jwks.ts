/** The JSON Web Key Set of an issuer (RFC 7517). */

import { createLocalJWKSet, type JWK, type LocalJWKSet } from 'jose';
import { z } from 'zod';

import type { ProviderSettings } from '../model/table.ts';
import { isOutageStatus, type ProviderFault } from './discovery.ts';
import type { ProviderReply, ProviderRequest } from './provider-http.ts';

export interface KeySet {
  /** Finds the key for a token header. */
  readonly resolve: LocalJWKSet;
  readonly keys: readonly JWK[];
}

export type FetchedKeys = { readonly kind: 'document'; readonly value: KeySet } | ProviderFault;

/** Far more than any provider publishes; keeps a token without `kid` from being tried against thousands. */
const MAX_KEYS = 64;

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export function jwksRequest(provider: ProviderSettings, jwksUri: string): ProviderRequest {
  const { timeoutMs, ca, clientCertificate } = provider;
  return {
    method: 'GET',
    url: jwksUri,
    headers: {},
    body: undefined,
    timeoutMs,
    tls: { ca, clientCertificate },
  };
}

export function processJwksResponse(jwksUri: string, reply: ProviderReply): FetchedKeys {
  const fault = (message: string, isOutage = false): ProviderFault => ({
    kind: 'fault',
    reason: 'NoKeys',
    isOutage,
    message: `${jwksUri}: ${message}`,
  });
  if (reply.kind === 'failure') return fault(reply.message, true);
  if (reply.status !== 200) return fault(`answered ${reply.status}`, isOutageStatus(reply.status));
  if (reply.json === undefined) return fault('did not answer with JSON');
  const parsed = jwksSchema.safeParse(reply.json);
  if (!parsed.success) return fault('is not a JSON Web Key Set');
  const keys = parsed.data.keys.filter(isPublicSigningKey);
  if (keys.length === 0) return fault('holds no public signing key');
  if (keys.length > MAX_KEYS) return fault(`holds ${keys.length} keys, more than ${MAX_KEYS}`);
  return { kind: 'document', value: { keys, resolve: createLocalJWKSet({ keys }) } };
}

function isPublicSigningKey(key: JWK): boolean {
  const isAsymmetric = key.kty === 'RSA' || key.kty === 'EC' || key.kty === 'OKP';
  return isAsymmetric && key.d === undefined && (key.use === undefined || key.use === 'sig');
}

/** Keys of `previous` that `next` no longer holds; a `kid` that names other material counts too. */
export function vanishedKeys(previous: KeySet, next: KeySet): readonly JWK[] {
  const kept = new Set(next.keys.map(identityOf));
  return previous.keys.filter((key) => !kept.has(identityOf(key)));
}

function identityOf({ kid, kty, crv, n, e, x, y }: JWK): string {
  return JSON.stringify([kid, kty, crv, n, e, x, y]);
}

const KEY_TYPES: Readonly<Record<string, { readonly kty: string; readonly crv?: readonly string[] }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: ['P-256'] },
  ES384: { kty: 'EC', crv: ['P-384'] },
  EdDSA: { kty: 'OKP', crv: ['Ed25519'] },
};

/** Whether any key of the set could have signed with `algorithm`. */
export function offersAlgorithm({ keys }: KeySet, algorithm: string): boolean {
  const wanted = KEY_TYPES[algorithm];
  if (wanted === undefined) return false;
  return keys.some(
    ({ kty, crv, alg }) =>
      kty === wanted.kty &&
      (alg === undefined || alg === algorithm) &&
      (wanted.crv === undefined || (crv !== undefined && wanted.crv.includes(crv))),
  );
}
