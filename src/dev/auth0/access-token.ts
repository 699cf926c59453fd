/** Signs access tokens in both profiles of Auth0, and tokens that a careful gateway must refuse. */

import { createHmac, randomUUID } from 'node:crypto';

import { SignJWT, type JWTPayload } from 'jose';

import type { TokenPlan } from './decide.ts';
import { generateKey, type SigningKey } from './signing-keys.ts';

export const DEFAULT_LIFETIME_SECONDS = 86_400;

/** Ways in which an issued token is not what it should be. */
export type TokenFlaw =
  /** Not a JWT, as Auth0 gives for its own `/userinfo`. */
  | 'opaque'
  | 'wrong-audience'
  | 'wrong-issuer'
  /** Issued to another client than the one that asked. */
  | 'wrong-client'
  /** Signed by another key than its `kid` says. */
  | 'bad-signature'
  /** Signed by a key that the key set does not hold. */
  | 'unknown-key'
  | 'expired'
  | 'not-yet-valid'
  | 'without-expiry'
  /** `typ` of an ID token. */
  | 'wrong-type'
  /** `alg: none`. */
  | 'unsigned'
  /** `alg: HS256`, keyed with the public key: the classic confusion. */
  | 'symmetric';

export interface TokenContext {
  readonly issuer: string;
  readonly key: SigningKey;
  readonly nowMs: number;
}

interface TokenHeader {
  readonly typ: string;
  readonly kid: string;
}

/** Issues the token that `plan` describes, with `flaw` where one is wanted. */
export async function issueToken(plan: TokenPlan, context: TokenContext, flaw?: TokenFlaw): Promise<string> {
  if (flaw === 'opaque') return randomUUID().replaceAll('-', '');
  const header = { typ: typeOf(plan, flaw), kid: context.key.kid };
  const spoil = (flaw && CLAIM_FLAWS[flaw]) ?? ((claims: JWTPayload) => claims);
  const claims = spoil(claimsOf(plan, context));
  if (flaw === 'unsigned') return `${encode({ alg: 'none', ...header })}.${encode(claims)}.`;
  if (flaw === 'symmetric') return signSymmetrically(claims, context.key, header);
  if (flaw !== 'bad-signature' && flaw !== 'unknown-key') return await sign(claims, context.key, header);
  const stranger = await generateKey(context.key.alg);
  return await sign(claims, stranger, flaw === 'unknown-key' ? { ...header, kid: stranger.kid } : header);
}

function claimsOf(plan: TokenPlan, { issuer, nowMs }: TokenContext): JWTPayload {
  const { clientId, api, scopes, organization, customClaims } = plan;
  const issuedAt = Math.floor(nowMs / 1_000);
  const isRfc9068 = api.profile === 'rfc9068';
  return {
    iss: issuer,
    sub: `${clientId}@clients`,
    aud: api.identifier,
    iat: issuedAt,
    exp: issuedAt + (api.tokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(organization !== undefined && { org_id: organization }),
    ...(isRfc9068
      ? { client_id: clientId, jti: randomUUID() }
      : { gty: 'client-credentials', azp: clientId }),
    ...(api.rbac === true && { permissions: scopes }),
    ...customClaims,
  };
}

const CLAIM_FLAWS: Readonly<Partial<Record<TokenFlaw, (claims: JWTPayload) => JWTPayload>>> = {
  'wrong-audience': (claims) => ({ ...claims, aud: 'https://another-api.example.com/' }),
  'wrong-issuer': (claims) => ({ ...claims, iss: 'https://another-issuer.example.com/' }),
  'wrong-client': (claims) => ({
    ...claims,
    sub: 'another-client@clients',
    ...(claims['azp'] !== undefined && { azp: 'another-client' }),
    ...(claims['client_id'] !== undefined && { client_id: 'another-client' }),
  }),
  expired: ({ iat = 0, ...claims }) => ({ ...claims, iat: iat - 7_200, exp: iat - 3_600 }),
  'not-yet-valid': ({ iat = 0, ...claims }) => ({ ...claims, iat, nbf: iat + 3_600 }),
  'without-expiry': ({ exp: _exp, ...claims }) => claims,
};

function typeOf(plan: TokenPlan, flaw: TokenFlaw | undefined): string {
  if (flaw === 'wrong-type') return 'logout+jwt';
  return plan.api.profile === 'rfc9068' ? 'at+jwt' : 'JWT';
}

async function sign(claims: JWTPayload, key: SigningKey, header: TokenHeader): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: key.alg, ...header }).sign(key.privateKey);
}

function signSymmetrically(claims: JWTPayload, key: SigningKey, header: TokenHeader): string {
  const input = `${encode({ alg: 'HS256', ...header })}.${encode(claims)}`;
  const secret = JSON.stringify(key.publicJwk);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
