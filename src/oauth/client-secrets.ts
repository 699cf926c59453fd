/** Notices that a client has a new secret, without keeping any: a keyed digest tells one from another. */

import { createHmac, randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import type { Redacted } from '../model/redacted.ts';

const MAX_CLIENTS = 100_000;
/** Providers let two secrets of a client be valid at once. */
const MAX_TAGS = 4;

export class ClientSecrets {
  readonly #key = randomBytes(32);
  /** By provider and client: tags of the secrets that succeeded, oldest first. */
  readonly #known = new LRUCache<string, readonly string[]>({ max: MAX_CLIENTS });

  /** The same for the same secret, within this process only. */
  tagOf(secret: Redacted<string>): string {
    return createHmac('sha256', this.#key).update(secret.reveal()).digest('base64url').slice(0, 22);
  }

  /** @returns whether the client is known by other secrets, and this one is new. */
  succeeded(providerKey: string, clientId: string, tag: string): boolean {
    const name = `${providerKey} ${clientId}`;
    const known = this.#known.get(name) ?? [];
    if (known.includes(tag)) return false;
    this.#known.set(name, [...known, tag].slice(-MAX_TAGS));
    return known.length > 0;
  }

  /** Whether the client has a newer secret that succeeded. */
  isOld(providerKey: string, clientId: string, tag: string): boolean {
    const known = this.#known.get(`${providerKey} ${clientId}`) ?? [];
    return known.includes(tag) && known.at(-1) !== tag;
  }

  /** The provider no longer takes it; should it come back, it counts as new. */
  refused(providerKey: string, clientId: string, tag: string): void {
    const name = `${providerKey} ${clientId}`;
    const known = this.#known.get(name);
    if (known?.includes(tag) === true)
      this.#known.set(
        name,
        known.filter((other) => other !== tag),
      );
  }
}
