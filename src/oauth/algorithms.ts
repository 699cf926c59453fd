/** The signature algorithms that a policy may name: what tokens and keys call them, and which keys can sign with them. */

import type { JWK } from 'jose';

import type { ProviderFault } from './discovery.ts';

interface Algorithm {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
  readonly otherName?: string;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  // RFC 9864 names the curve instead.
  EdDSA: { kty: 'OKP', crv: 'Ed25519', otherName: 'Ed25519' },
};

/** The values of `alg` that stand for `algorithm`. */
export function namesOf(algorithm: string): readonly string[] {
  const otherName = ALGORITHMS[algorithm]?.otherName;
  return otherName === undefined ? [algorithm] : [algorithm, otherName];
}

/** Whether a policy could accept a token whose header holds `alg`. */
export function isAcceptable(alg: string): boolean {
  return Object.keys(ALGORITHMS).some((algorithm) => namesOf(algorithm).includes(alg));
}

/** Why no token of `issuer` would be accepted; `undefined`: one of `keys` can sign with one of `algorithms`. */
export function algorithmFault(
  issuer: string,
  keys: readonly JWK[],
  algorithms: readonly string[],
): ProviderFault | undefined {
  const offered = Object.keys(ALGORITHMS).filter((algorithm) => keys.some((key) => canSign(key, algorithm)));
  if (algorithms.some((algorithm) => offered.includes(algorithm))) return undefined;
  const rest =
    offered.length === 0
      ? 'nor with any other algorithm that a policy may name'
      : `but with ${offered.join(', ')}`;
  const message = `no key of ${issuer} can sign with ${algorithms.join(', ')}, ${rest}: see spec.verification.algorithms`;
  return { kind: 'fault', reason: 'UnsupportedAlgorithm', isOutage: false, message };
}

function canSign({ kty, crv, alg }: JWK, algorithm: string): boolean {
  const wanted = ALGORITHMS[algorithm];
  return (
    wanted !== undefined &&
    kty === wanted.kty &&
    (alg === undefined || namesOf(algorithm).includes(alg)) &&
    (wanted.crv === undefined || crv === wanted.crv)
  );
}
