/** Verifies access tokens (RFC 7519, RFC 9068): signature, issuer, times, type, algorithm and client. */

import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyResult,
} from 'jose';

import { tokenClientId } from '../authz/claims.ts';
import type { VerifiedClaims } from '../authz/ports.ts';
import type { PolicyPlan } from '../model/table.ts';
import { isAcceptable, namesOf } from './algorithms.ts';
import type { KeySet } from './jwks.ts';

export interface VerificationInput {
  readonly token: string;
  readonly plan: Pick<PolicyPlan, 'provider' | 'verification'>;
  readonly keySet: KeySet;
  /** The client that must own the token, where that is asked; `undefined`: any. */
  readonly clientId: string | undefined;
  readonly nowMs: number;
}

type FailedCheck =
  | 'form'
  | 'algorithm'
  | 'crit'
  | 'typ'
  | 'key'
  | 'signature'
  | 'iss'
  | 'expired'
  | 'exp'
  | 'nbf'
  | 'use'
  | 'claims'
  | 'client';

export type Verification =
  | {
      readonly kind: 'verified';
      readonly claims: VerifiedClaims;
      readonly keyId: string | undefined;
      readonly expiresAtMs: number;
    }
  | RejectedToken;

export interface RejectedToken {
  readonly kind: 'rejected';
  readonly check: FailedCheck;
  /** Lowercase, without a value of the token. */
  readonly detail: string;
}

const DETAILS: Readonly<Record<Exclude<FailedCheck, 'algorithm'>, string>> = {
  form: 'the token is not a signed JWT',
  crit: 'the header of the token asks for an extension that is not known',
  typ: 'the type of the token is neither JWT nor at+jwt',
  key: 'the issuer publishes no usable key that fits the token',
  signature: 'the signature of the token is wrong',
  iss: 'the token is from another issuer',
  expired: 'the token has expired',
  exp: 'the token states no expiry',
  nbf: 'the token is not valid yet',
  use: 'the token is not an access token, as its claims show',
  claims: 'the claims of the token are malformed',
  client: 'the token was issued to another client',
};

export async function verifyToken(input: VerificationInput): Promise<Verification> {
  const { clientId } = input;
  let verified: JWTVerifyResult;
  try {
    verified = await verifySignatureAndClaims(input);
  } catch (error) {
    const check = failedCheck(error);
    return check === 'algorithm' ? algorithmRejected(input.token) : rejected(check);
  }
  const { payload, protectedHeader } = verified;
  if (!isAccessTokenType(protectedHeader.typ)) return rejected('typ');
  if (isForOtherUse(payload)) return rejected('use');
  const { exp } = payload;
  // A number that no date can hold is no expiry.
  if (exp === undefined || !(exp > 0 && exp < 8.64e12)) return rejected('exp');
  if (clientId !== undefined && tokenClientId(payload) !== clientId) return rejected('client');
  return { kind: 'verified', claims: payload, keyId: protectedHeader.kid, expiresAtMs: exp * 1_000 };
}

async function verifySignatureAndClaims(input: VerificationInput): Promise<JWTVerifyResult> {
  const { token, keySet } = input;
  try {
    return await jwtVerify(token, keySet.resolve, optionsOf(input));
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return await verifyWithAny(input, error);
  }
}

/** Without a `kid`, or with one that several keys share, each key that fits is tried. */
async function verifyWithAny(
  input: VerificationInput,
  candidates: AsyncIterable<CryptoKey>,
): Promise<JWTVerifyResult> {
  for await (const key of candidates) {
    try {
      return await jwtVerify(input.token, key, optionsOf(input));
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function optionsOf({ plan, nowMs }: VerificationInput) {
  return {
    issuer: [plan.provider.issuer, ...plan.provider.additionalIssuers],
    algorithms: plan.verification.algorithms.flatMap(namesOf),
    clockTolerance: plan.verification.clockToleranceSeconds,
    requiredClaims: ['exp'],
    currentDate: new Date(nowMs),
  };
}

function failedCheck(error: unknown): FailedCheck {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimCheck(error.claim);
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JOSENotSupported) return 'crit';
  if (error instanceof errors.JWKSNoMatchingKey) return 'key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWTInvalid) return 'claims';
  if (error instanceof errors.JWSInvalid) return 'form';
  // A published key that cannot be used, such as one of no point on its curve.
  return 'key';
}

function claimCheck(claim: string): FailedCheck {
  return claim === 'iss' || claim === 'exp' || claim === 'nbf' ? claim : 'claims';
}

/** RFC 9068, section 4, and the older profile of Auth0; the header is optional in RFC 7519. */
function isAccessTokenType(typ: string | undefined): boolean {
  return typ === undefined || /^(?:application\/)?(?:jwt|at\+jwt)$/i.test(typ);
}

/** Where all tokens of an issuer have the type JWT, their claims tell them apart (RFC 8725, section 3.12). */
function isForOtherUse(payload: JWTPayload): boolean {
  const { typ, token_use: use, at_hash: hashOfAccessToken } = payload;
  const isOther = (typeof typ === 'string' && OTHER_TYPES.has(typ)) || use === 'id';
  return isOther || hashOfAccessToken !== undefined;
}

/** The `typ` that Keycloak writes into the payload. */
const OTHER_TYPES: ReadonlySet<string> = new Set(['ID', 'Refresh', 'Offline', 'Logout']);

/** What is not registered could be anything, a secret too. */
const REGISTERED_ALGORITHM = /^(?:none|EdDSA|Ed25519|Ed448|ES256K|(?:HS|RS|PS|ES)(?:256|384|512))$/;

function algorithmRejected(token: string): Verification {
  const { alg = '' } = decodeProtectedHeader(token);
  const name = REGISTERED_ALGORITHM.test(alg) ? alg : 'an unknown algorithm';
  const who = isAcceptable(alg) ? 'the policy does not accept' : 'no policy accepts';
  const detail = `the token is signed with ${name}, which ${who}`;
  return { kind: 'rejected', check: 'algorithm', detail };
}

function rejected(check: Exclude<FailedCheck, 'algorithm'>): Verification {
  return { kind: 'rejected', check, detail: DETAILS[check] };
}

/** The claims of a token that was verified before. */
export function claimsOf(token: string): JWTPayload {
  const payload = token.split('.', 2)[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as JWTPayload;
}
