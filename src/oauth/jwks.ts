/** The JSON Web Key Set of an issuer (RFC 7517). */

import { createLocalJWKSet, type JWK, type LocalJWKSet } from 'jose';
import { z } from 'zod';

import type { ProviderSettings } from '../model/table.ts';
import { answered, isOutageStatus, type ProviderFault } from './discovery.ts';
import type { ProviderReply, ProviderRequest } from './provider-http.ts';

export interface KeySet {
  /** Finds the key for a token header. */
  readonly resolve: LocalJWKSet;
  readonly keys: readonly JWK[];
}

export type FetchedKeys = { readonly kind: 'document'; readonly value: KeySet } | ProviderFault;

/** Far more than any provider publishes; keeps a token without `kid` from being tried against thousands. */
const MAX_KEYS = 64;

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

const jwksSchema = z.object({ keys: z.array(z.unknown()) });
const jwkSchema = z.union([
  z.looseObject({ kty: z.literal('RSA'), n: z.string() }),
  z.looseObject({ kty: z.enum(['EC', 'OKP']) }),
]);

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
  if (reply.kind === 'failure') return fault(reply.message, reply.cause !== 'setup');
  if (reply.status !== 200) return fault(answered(reply.status), isOutageStatus(reply.status));
  if (reply.json === undefined) return fault('did not answer with JSON');
  const parsed = jwksSchema.safeParse(reply.json);
  if (!parsed.success) return fault('is not a JSON Web Key Set');
  const signing = parsed.data.keys.flatMap((entry) => signingKeys(entry));
  const keys = signing.filter(isLongEnough);
  if (signing.length === 0) return fault('holds no public signing key');
  if (keys.length === 0) {
    return fault(`holds no public signing key but RSA keys of fewer than ${MIN_RSA_BITS} bits`);
  }
  if (keys.length > MAX_KEYS) return fault(`holds ${keys.length} keys, more than ${MAX_KEYS}`);
  return { kind: 'document', value: { keys, resolve: createLocalJWKSet({ keys }) } };
}

/** None or one: an entry that cannot be understood is ignored (RFC 7517, section 5). */
function signingKeys(entry: unknown): readonly JWK[] {
  const parsed = jwkSchema.safeParse(entry);
  return parsed.success && isPublicSigningKey(parsed.data) ? [parsed.data] : [];
}

function isPublicSigningKey(key: JWK): boolean {
  return key.d === undefined && (key.use === undefined || key.use === 'sig');
}

/** One that is not would only spoil the search among the others for the key of a token. */
function isLongEnough({ kty, n = '' }: JWK): boolean {
  if (kty !== 'RSA') return true;
  const modulus = BigInt(`0x0${Buffer.from(n, 'base64url').toString('hex')}`);
  return modulus >> BigInt(MIN_RSA_BITS - 1) > 0n;
}

/** Keys of `previous` that `next` no longer holds; a `kid` that names other material counts too. */
export function vanishedKeys(previous: KeySet, next: KeySet): readonly JWK[] {
  const kept = new Set(next.keys.map(identityOf));
  return previous.keys.filter((key) => !kept.has(identityOf(key)));
}

function identityOf({ kid, kty, crv, n, e, x, y }: JWK): string {
  return JSON.stringify([kid, kty, crv, n, e, x, y]);
}
