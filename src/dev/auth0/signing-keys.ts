/** Signing keys of the emulator: next, current and previous, for each algorithm, as an Auth0 tenant has them. */

import { randomUUID } from 'node:crypto';

import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';

import type { SigningAlgorithm } from './tenant.ts';

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

interface KeyRing {
  readonly next: SigningKey;
  readonly current: SigningKey;
  readonly previous: SigningKey | undefined;
}

export class SigningKeys {
  readonly #rings: Map<SigningAlgorithm, KeyRing>;

  private constructor(rings: Map<SigningAlgorithm, KeyRing>) {
    this.#rings = rings;
  }

  static async generate(algorithms: Iterable<SigningAlgorithm>): Promise<SigningKeys> {
    const rings = await Promise.all(
      Array.from(new Set(algorithms), async (alg) => {
        const [current, next] = await Promise.all([generateKey(alg), generateKey(alg)]);
        return [alg, { next, current, previous: undefined }] as const;
      }),
    );
    return new SigningKeys(new Map(rings));
  }

  /** @throws when no API of the tenant signs with `alg`. */
  current(alg: SigningAlgorithm): SigningKey {
    const ring = this.#rings.get(alg);
    if (ring === undefined) throw new Error(`no signing key for ${alg}`);
    return ring.current;
  }

  /** The key set as `/.well-known/jwks.json` publishes it: the next key is there before it signs. */
  publicKeys(): readonly JWK[] {
    return [...this.#rings.values()].flatMap(({ current, next, previous }) =>
      [current, next, previous].flatMap((key) => (key === undefined ? [] : [key.publicJwk])),
    );
  }

  /** The next key signs from now on; the one before it is still published. */
  async rotate(): Promise<void> {
    for (const [alg, ring] of this.#rings) {
      this.#rings.set(alg, { next: await generateKey(alg), current: ring.next, previous: ring.current });
    }
  }

  /** The previous key is published no more: tokens that it signed are to be refused. */
  revokePrevious(): void {
    for (const [alg, ring] of this.#rings) this.#rings.set(alg, { ...ring, previous: undefined });
  }
}

/** A key that is in no key set, for tokens that must not verify. */
export async function generateKey(alg: SigningAlgorithm): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}
