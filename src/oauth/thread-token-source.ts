/** What one proxy thread remembers of the broker's outcomes, so that a hit asks nobody. */

import { LRUCache } from 'lru-cache';

import type {
  Eviction,
  ExchangeOutcome,
  Refusal,
  TokenBroker,
  TokenRequest,
  TokenSource,
} from '../authz/ports.ts';
import type { ProxyTelemetry } from '../telemetry/ports.ts';
import { ThreadGrants } from './thread-grants.ts';

export interface TokenSourceOptions {
  readonly broker: TokenBroker;
  readonly telemetry: ProxyTelemetry;
  readonly maxTokens: number;
  readonly maxRefusals: number;
}

export interface ThreadTokenSource extends TokenSource {
  /** What was asked for before and answered after is not remembered either. */
  evict(eviction: Eviction): void;
}

interface HeldRefusal {
  readonly refusal: Refusal;
  readonly clientId: string | undefined;
}

/** A question under way. */
interface Flight {
  readonly clientId: string | undefined;
  readonly outcome: Promise<ExchangeOutcome>;
}

export function createTokenSource(options: TokenSourceOptions): ThreadTokenSource {
  return new CachingTokenSource(options);
}

class CachingTokenSource implements ThreadTokenSource {
  readonly #broker: TokenBroker;
  readonly #telemetry: ProxyTelemetry;
  readonly #grants: ThreadGrants;
  readonly #refusals: LRUCache<string, HeldRefusal>;
  /** By key; an eviction takes a flight out, and only what is still in may be remembered. */
  readonly #flights = new Map<string, Flight>();

  constructor({ broker, telemetry, maxTokens, maxRefusals }: TokenSourceOptions) {
    this.#broker = broker;
    this.#telemetry = telemetry;
    this.#grants = new ThreadGrants(maxTokens);
    this.#refusals = new LRUCache({ max: maxRefusals });
  }

  lookup(key: string, nowMs: number): ExchangeOutcome | undefined {
    const grant = this.#grants.get(key);
    if (grant !== undefined) {
      if (nowMs < grant.usableUntilMs) {
        this.#telemetry.tokenCacheLookup('hit');
        return grant;
      }
      this.#grants.delete(key);
    }
    const refusal = this.#refusals.get(key)?.refusal;
    if (refusal !== undefined) {
      if (nowMs < (refusal.keepUntilMs ?? 0)) {
        this.#telemetry.tokenCacheLookup('negative_hit');
        return refusal;
      }
      this.#refusals.delete(key);
    }
    this.#telemetry.tokenCacheLookup('miss');
    return undefined;
  }

  obtain(request: TokenRequest): Promise<ExchangeOutcome> {
    const { key } = request;
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) {
      const isSaved = request.kind === 'exchange' && request.purpose === 'miss';
      if (isSaved) this.#telemetry.exchangeSaved(request.plan.provider.issuer);
      return underWay.outcome;
    }
    const clientId = request.kind === 'exchange' ? request.clientId : undefined;
    const flight: Flight = { clientId, outcome: this.#ask(request, () => this.#flights.get(key) === flight) };
    this.#flights.set(key, flight);
    return flight.outcome;
  }

  evict(eviction: Eviction): void {
    switch (eviction.kind) {
      case 'key':
        this.#grants.delete(eviction.key);
        this.#refusals.delete(eviction.key);
        this.#flights.delete(eviction.key);
        return;
      case 'signingKey':
        this.#grants.deleteSignedBy(eviction.issuer, eviction.keyId);
        // Which key signs the answers to come is not known yet.
        return this.#flights.clear();
      case 'client':
        return this.#evictClient(eviction.clientId);
      case 'all':
        this.#grants.clear();
        this.#refusals.clear();
        return this.#flights.clear();
    }
  }

  #evictClient(wanted: string): void {
    this.#grants.deleteClient(wanted);
    deleteWhere(this.#refusals, ({ clientId }) => clientId === wanted);
    // Whose token a caller brought shows only when it is verified.
    deleteWhere(this.#flights, ({ clientId }) => clientId === undefined || clientId === wanted);
  }

  async #ask(request: TokenRequest, isCurrent: () => boolean): Promise<ExchangeOutcome> {
    try {
      const outcome = await this.#broker.obtain(request);
      if (isCurrent()) this.#remember(request, outcome);
      return outcome;
    } finally {
      if (isCurrent()) this.#flights.delete(request.key);
    }
  }

  #remember(request: TokenRequest, outcome: ExchangeOutcome): void {
    const { key } = request;
    if (outcome.kind === 'granted') {
      this.#refusals.delete(key);
      this.#grants.set(key, outcome);
      return;
    }
    const held = this.#grants.get(key);
    if (held !== undefined && !isVerdict(outcome)) {
      // The provider could not be asked: the token serves on, and the next attempt waits.
      this.#grants.set(key, { ...held, refreshFromMs: outcome.retryAtMs ?? held.usableUntilMs });
      return;
    }
    this.#grants.delete(key);
    if (outcome.keepUntilMs === undefined) return;
    const clientId = request.kind === 'exchange' ? request.clientId : undefined;
    this.#refusals.set(key, { refusal: outcome, clientId });
  }
}

/** Whether the provider judged the client, rather than failed to. */
function isVerdict({ reason }: Refusal): boolean {
  return reason === 'InvalidClient' || reason === 'GrantMissing' || reason === 'InvalidToken';
}

function deleteWhere<V extends object>(
  entries: LRUCache<string, V> | Map<string, V>,
  matches: (value: V) => boolean,
): void {
  const keys: string[] = [];
  for (const [key, value] of entries.entries()) if (matches(value)) keys.push(key);
  for (const key of keys) entries.delete(key);
}
