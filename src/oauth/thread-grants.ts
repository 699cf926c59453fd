/** The tokens that one proxy thread holds: all of them small, the latest ones with all that requests need. */

import { LRUCache } from 'lru-cache';

import { tokenClientId } from '../authz/claims.ts';
import type { Grant } from '../authz/ports.ts';
import { claimsOf } from './verifier.ts';

/** Claims, and what the proxy derives from a grant, take several times the memory of its token. */
const MAX_RECENT = 2_048;

/** A grant without its claims. */
type Held = Omit<Grant, 'claims' | 'kind'> & { readonly clientId: string | undefined };

export class ThreadGrants {
  readonly #recent: LRUCache<string, Grant>;
  readonly #held: LRUCache<string, Held>;

  constructor(maxTokens: number) {
    this.#recent = new LRUCache({ max: Math.min(maxTokens, MAX_RECENT) });
    this.#held = new LRUCache({ max: maxTokens });
  }

  /** The same object for the same grant, as long as it is in use. */
  get(key: string): Grant | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    const { token, keyId, issuer, usableUntilMs, refreshFromMs } = held;
    const claims = claimsOf(token);
    const grant: Grant = { kind: 'granted', token, claims, keyId, issuer, usableUntilMs, refreshFromMs };
    this.#recent.set(key, grant);
    return grant;
  }

  set(key: string, grant: Grant): void {
    const { claims, token, keyId, issuer, usableUntilMs, refreshFromMs } = grant;
    const clientId = tokenClientId(claims);
    this.#held.set(key, { token, keyId, issuer, usableUntilMs, refreshFromMs, clientId });
    this.#recent.set(key, grant);
  }

  delete(key: string): void {
    this.#recent.delete(key);
    this.#held.delete(key);
  }

  /** Those that a key of `issuer` signed, or may have. */
  deleteSignedBy(issuer: string, keyId: string | undefined): void {
    this.#deleteWhere(
      (grant) => grant.issuer === issuer && (grant.keyId === undefined || grant.keyId === keyId),
    );
  }

  deleteClient(clientId: string): void {
    this.#deleteWhere((grant) => grant.clientId === clientId);
  }

  clear(): void {
    this.#recent.clear();
    this.#held.clear();
  }

  /** A grant in use may have been crowded out of the others, so both are searched. */
  #deleteWhere(matches: (grant: Omit<Held, 'token'>) => boolean): void {
    const keys = new Set<string>();
    for (const [key, held] of this.#held.entries()) if (matches(held)) keys.add(key);
    for (const [key, grant] of this.#recent.entries()) {
      if (matches({ ...grant, clientId: tokenClientId(grant.claims) })) keys.add(key);
    }
    for (const key of keys) this.delete(key);
  }
}
