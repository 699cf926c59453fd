/** What the broker goes on knowing after an exchange, and what makes it forget: rotation, vanished keys, a purge. */

import type { Eviction, ExchangeOutcome, ExchangeRequest, Grant, Refusal } from '../authz/ports.ts';
import type { Clock } from '../model/clock.ts';
import type { BrokerTelemetry, Logger } from '../telemetry/ports.ts';
import { ClientSecrets } from './client-secrets.ts';
import { compactToken } from './compact-token.ts';
import type { ObtainedToken } from './exchange.ts';
import { vanishedKeys, type KeySet } from './jwks.ts';
import { OutcomeStore, grantOf, type HeldToken } from './outcome-store.ts';
import type { Provider } from './provider.ts';

export interface TokenMemoryOptions {
  readonly telemetry: BrokerTelemetry;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told of what every proxy thread has to forget. */
  readonly onEvict: (eviction: Eviction) => void | Promise<void>;
  readonly maxTokens: number;
  readonly maxRefusals: number;
}

/** A client with a new secret is about to stop using the old one: it is asked for again within this time. */
const ROTATION_GRACE_MS = 60_000;
/** After a refresh that failed, the token is served on and the next attempt waits. */
const REFRESH_PAUSE_MS = 10_000;

export class TokenMemory {
  readonly #options: TokenMemoryOptions;
  readonly #store: OutcomeStore;
  readonly #secrets = new ClientSecrets();

  constructor(options: TokenMemoryOptions) {
    this.#options = options;
    this.#store = new OutcomeStore(options);
  }

  /** The answer that needs no exchange. */
  recall({ key, purpose }: ExchangeRequest): ExchangeOutcome | undefined {
    const nowMs = this.#options.clock.nowMs();
    const held = this.#store.token(key, nowMs);
    if (held === undefined) return this.#store.refusal(key, nowMs);
    this.#noteOldSecret(held);
    // In the refresh window a miss is a thread that does not know the token yet.
    return purpose === 'miss' || nowMs < held.refreshFromMs ? grantOf(held) : undefined;
  }

  remember(provider: Provider, request: ExchangeRequest, obtained: ObtainedToken): void {
    const { key, clientId, clientSecret } = request;
    const { token, keyId, usableUntilMs, refreshFromMs } = obtained;
    const secretTag = this.#secrets.tagOf(clientSecret);
    this.#store.keepToken(key, {
      token: compactToken(token),
      issuer: provider.settings.issuer,
      providerKey: provider.key,
      clientId,
      secretTag,
      keyId,
      usableUntilMs,
      refreshFromMs,
    });
    if (this.#secrets.succeeded(provider.key, clientId, secretTag)) {
      this.#rotated(provider, clientId, secretTag);
    }
    this.#noteOldSecret({ issuer: provider.settings.issuer, providerKey: provider.key, clientId, secretTag });
  }

  /** Whoever still uses it is about to be locked out. */
  #noteOldSecret(used: Pick<HeldToken, 'issuer' | 'providerKey' | 'clientId' | 'secretTag'>): void {
    const { issuer, providerKey, clientId, secretTag } = used;
    if (this.#secrets.isOld(providerKey, clientId, secretTag)) this.#options.telemetry.oldSecretUsed(issuer);
  }

  /** The provider has judged the client: a token that was held until now is held no longer. */
  revoke(provider: Provider, request: ExchangeRequest, refusal: Refusal): void {
    const { key, clientId, clientSecret } = request;
    const isSecretWrong = refusal.reason === 'InvalidClient';
    if (isSecretWrong) this.#secrets.refused(provider.key, clientId, this.#secrets.tagOf(clientSecret));
    if (this.#store.dropToken(key, isSecretWrong ? 'rotated' : 'purged'))
      void this.#evict({ kind: 'key', key });
    this.#store.keepRefusal(key, clientId, refusal);
  }

  /** Nobody could judge the client: a token that is still good serves on, and the next refresh waits. */
  serveOn({ key, clientId }: ExchangeRequest, refusal: Refusal): Grant | Refusal {
    const nowMs = this.#options.clock.nowMs();
    const held = this.#store.token(key, nowMs);
    if (held === undefined) {
      this.#store.keepRefusal(key, clientId, refusal);
      return refusal;
    }
    const pausedUntilMs = Math.max(nowMs + REFRESH_PAUSE_MS, refusal.retryAtMs ?? 0);
    const kept = { ...held, refreshFromMs: Math.min(held.usableUntilMs, pausedUntilMs) };
    this.#store.keepToken(key, kept);
    return grantOf(kept);
  }

  /** Drops the tokens that a key signed which `next` no longer holds. */
  keysReplaced(provider: Provider, previous: KeySet, next: KeySet): void {
    const keyIds = new Set(vanishedKeys(previous, next).map(({ kid }) => kid));
    if (keyIds.size === 0) return;
    const { issuer } = provider.settings;
    // A token that names no key may be signed with any of them.
    const matches = (held: HeldToken): boolean =>
      held.providerKey === provider.key && (held.keyId === undefined || keyIds.has(held.keyId));
    const keys = this.#store.dropTokens(matches, 'key_vanished');
    this.#options.logger.info({ issuer, tokens: keys.length }, 'signing key vanished');
    for (const keyId of keyIds) void this.#evict({ kind: 'signingKey', issuer, keyId });
    for (const key of keys) void this.#evict({ kind: 'key', key });
  }

  /** Drops the tokens of providers that no policy names any more. */
  providersGone(providerKeys: ReadonlySet<string>): void {
    if (providerKeys.size === 0) return;
    this.#store.dropTokens(({ providerKey }) => providerKeys.has(providerKey), 'purged');
  }

  /** Forgets one client, or everything, also in every thread. @returns how many entries of its own went. */
  async purge(clientId: string | undefined): Promise<number> {
    const matches = (held: HeldToken): boolean => clientId === undefined || held.clientId === clientId;
    const tokens = this.#store.dropTokens(matches, 'purged').length;
    const refusals = this.#store.dropRefusals(clientId);
    await this.#evict(clientId === undefined ? { kind: 'all' } : { kind: 'client', clientId });
    return tokens + refusals;
  }

  #rotated(provider: Provider, clientId: string, newTag: string): void {
    const nowMs = this.#options.clock.nowMs();
    const matches = (held: HeldToken): boolean =>
      held.providerKey === provider.key && held.clientId === clientId && held.secretTag !== newTag;
    const usableUntilMs = nowMs + ROTATION_GRACE_MS;
    const keys = this.#store.capTokens(matches, { usableUntilMs, refreshFromMs: nowMs });
    for (const key of keys) void this.#evict({ kind: 'key', key });
  }

  /** Never rejects. */
  async #evict(eviction: Eviction): Promise<void> {
    try {
      await this.#options.onEvict(eviction);
    } catch (error) {
      this.#options.logger.error({ err: error, eviction: eviction.kind }, 'eviction failed');
    }
  }
}
