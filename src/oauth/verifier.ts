/** Verifies access tokens (RFC 7519, RFC 9068): signature, issuer, times, type, algorithm and client. */

import { errors, jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyResult } from 'jose';

import { tokenClientId } from '../authz/claims.ts';
import type { VerifiedClaims } from '../authz/ports.ts';
import type { PolicyPlan } from '../model/table.ts';
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
  | 'typ'
  | 'key'
  | 'signature'
  | 'iss'
  | 'exp'
  | 'nbf'
  | 'claims'
  | 'client';

export type Verification =
  | {
      readonly kind: 'verified';
      readonly claims: VerifiedClaims;
      readonly keyId: string | undefined;
      readonly expiresAtMs: number;
    }
  | {
      readonly kind: 'rejected';
      readonly check: FailedCheck;
      /** Lowercase, without a value of the token. */
      readonly detail: string;
    };

const DETAILS: Readonly<Record<FailedCheck, string>> = {
  form: 'the token is not a signed JWT',
  algorithm: 'the token is signed with an algorithm that the policy does not accept',
  typ: 'the type of the token is neither JWT nor at+jwt',
  key: 'the token is signed with a key that the issuer does not publish',
  signature: 'the signature of the token is wrong',
  iss: 'the token is from another issuer',
  exp: 'the token has expired or states no expiry',
  nbf: 'the token is not valid yet',
  claims: 'the claims of the token are malformed',
  client: 'the token was issued to another client',
};

export async function verifyToken(input: VerificationInput): Promise<Verification> {
  const { clientId } = input;
  let verified: JWTVerifyResult;
  try {
    verified = await verifySignatureAndClaims(input);
  } catch (error) {
    return rejected(failedCheck(error));
  }
  const { payload, protectedHeader } = verified;
  if (!isAccessTokenType(protectedHeader.typ)) return rejected('typ');
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
    algorithms: [...plan.verification.algorithms],
    clockTolerance: plan.verification.clockToleranceSeconds,
    requiredClaims: ['exp'],
    currentDate: new Date(nowMs),
  };
}

function failedCheck(error: unknown): FailedCheck {
  if (error instanceof errors.JWTExpired) return 'exp';
  if (error instanceof errors.JWTClaimValidationFailed) return claimCheck(error.claim);
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey) return 'key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWTInvalid) return 'claims';
  if (error instanceof errors.JWSInvalid) return 'form';
  // A published key that cannot be used, such as RSA with fewer than 2048 bits.
  return 'key';
}

function claimCheck(claim: string): FailedCheck {
  return claim === 'iss' || claim === 'exp' || claim === 'nbf' ? claim : 'claims';
}

/** RFC 9068, section 4, and the older profile of Auth0; the header is optional in RFC 7519. */
function isAccessTokenType(typ: string | undefined): boolean {
  return typ === undefined || /^(?:application\/)?(?:jwt|at\+jwt)$/i.test(typ);
}

function rejected(check: FailedCheck): Verification {
  return { kind: 'rejected', check, detail: DETAILS[check] };
}

/** The claims of a token that was verified before. */
export function claimsOf(token: string): JWTPayload {
  const payload = token.split('.', 2)[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as JWTPayload;
}
