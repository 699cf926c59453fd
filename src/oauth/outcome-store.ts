/** What the broker remembers: tokens and refusals, each bounded, so that a flood of bad secrets evicts no token. */

import { LRUCache } from 'lru-cache';

import type { Grant, Refusal } from '../authz/ports.ts';
import type { BrokerTelemetry } from '../telemetry/ports.ts';
import { expandToken, type CompactToken } from './compact-token.ts';
import { claimsOf } from './verifier.ts';

/** A token and what decides about it; its claims are read from it again when it is handed out. */
export interface HeldToken {
  readonly token: CompactToken;
  readonly issuer: string;
  readonly providerKey: string;
  readonly clientId: string;
  /** Tells one secret of a client from another, for rotation. */
  readonly secretTag: string;
  readonly keyId: string | undefined;
  readonly usableUntilMs: number;
  readonly refreshFromMs: number;
}

interface HeldRefusal {
  readonly refusal: Refusal;
  readonly clientId: string;
}

export interface OutcomeStoreOptions {
  readonly maxTokens: number;
  readonly maxRefusals: number;
  readonly telemetry: BrokerTelemetry;
}

type Cause = Parameters<BrokerTelemetry['cacheEvicted']>[1];
type Matches = (held: HeldToken, key: string) => boolean;

export class OutcomeStore {
  readonly #telemetry: BrokerTelemetry;
  readonly #tokens: LRUCache<string, HeldToken>;
  readonly #refusals: LRUCache<string, HeldRefusal>;

  constructor({ maxTokens, maxRefusals, telemetry }: OutcomeStoreOptions) {
    this.#telemetry = telemetry;
    this.#tokens = new LRUCache({
      max: maxTokens,
      dispose: (_held, _key, reason) => this.#crowdedOut('tokens', reason),
    });
    this.#refusals = new LRUCache({
      max: maxRefusals,
      dispose: (_held, _key, reason) => this.#crowdedOut('refusals', reason),
    });
  }

  token(key: string, nowMs: number): HeldToken | undefined {
    const held = this.#tokens.get(key);
    if (held === undefined || nowMs < held.usableUntilMs) return held;
    this.dropToken(key, 'expired');
    return undefined;
  }

  refusal(key: string, nowMs: number): Refusal | undefined {
    const held = this.#refusals.get(key);
    if (held === undefined) return undefined;
    const { keepUntilMs = 0 } = held.refusal;
    if (nowMs < keepUntilMs) return held.refusal;
    this.#dropRefusal(key, 'expired');
    return undefined;
  }

  keepToken(key: string, held: HeldToken): void {
    this.#refusals.delete(key);
    this.#tokens.set(key, held);
    this.#telemetry.cacheEntries('tokens', this.#tokens.size);
  }

  /** Does nothing where the refusal is not to be kept. */
  keepRefusal(key: string, clientId: string, refusal: Refusal): void {
    if (refusal.keepUntilMs === undefined) return;
    this.#refusals.set(key, { refusal, clientId });
    this.#telemetry.cacheEntries('refusals', this.#refusals.size);
  }

  /** @returns whether there was one. */
  dropToken(key: string, cause: Cause): boolean {
    if (!this.#tokens.delete(key)) return false;
    this.#telemetry.cacheEvicted('tokens', cause);
    this.#telemetry.cacheEntries('tokens', this.#tokens.size);
    return true;
  }

  /** @returns the keys of what was dropped. */
  dropTokens(matches: Matches, cause: Cause): readonly string[] {
    const keys = this.#keysOf(matches);
    for (const key of keys) this.dropToken(key, cause);
    return keys;
  }

  /** @returns how many were dropped. */
  dropRefusals(clientId: string | undefined): number {
    const keys: string[] = [];
    for (const [key, held] of this.#refusals.entries()) {
      if (clientId === undefined || held.clientId === clientId) keys.push(key);
    }
    for (const key of keys) this.#dropRefusal(key, 'purged');
    return keys.length;
  }

  /** Shortens lives. @returns the keys of those that were shortened. */
  capTokens(matches: Matches, cap: Pick<HeldToken, 'usableUntilMs' | 'refreshFromMs'>): readonly string[] {
    const keys = this.#keysOf((held, key) => held.usableUntilMs > cap.usableUntilMs && matches(held, key));
    for (const key of keys) {
      const held = this.#tokens.peek(key);
      if (held !== undefined) {
        const refreshFromMs = Math.min(held.refreshFromMs, cap.refreshFromMs);
        this.#tokens.set(key, { ...held, usableUntilMs: cap.usableUntilMs, refreshFromMs });
      }
      this.#telemetry.cacheEvicted('tokens', 'rotated');
    }
    return keys;
  }

  #keysOf(matches: Matches): readonly string[] {
    const keys: string[] = [];
    for (const [key, held] of this.#tokens.entries()) if (matches(held, key)) keys.push(key);
    return keys;
  }

  #dropRefusal(key: string, cause: Cause): void {
    if (!this.#refusals.delete(key)) return;
    this.#telemetry.cacheEvicted('refusals', cause);
    this.#telemetry.cacheEntries('refusals', this.#refusals.size);
  }

  #crowdedOut(cache: 'tokens' | 'refusals', reason: LRUCache.DisposeReason): void {
    if (reason === 'evict') this.#telemetry.cacheEvicted(cache, 'capacity');
  }
}

export function grantOf(held: HeldToken): Grant {
  const { issuer, keyId, usableUntilMs, refreshFromMs } = held;
  const token = expandToken(held.token);
  return { kind: 'granted', token, claims: claimsOf(token), keyId, issuer, usableUntilMs, refreshFromMs };
}
