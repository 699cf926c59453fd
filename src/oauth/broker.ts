/** The token broker: one exchange for each question, however many ask it, and what came of it remembered. */

import type {
  Eviction,
  ExchangeOutcome,
  ExchangeRequest,
  Refusal,
  TokenBroker,
  TokenRequest,
} from '../authz/ports.ts';
import type { Redacted } from '../model/redacted.ts';
import type { ClientCredentialsPlan, PolicyPlan } from '../model/table.ts';
import type { BrokerTelemetry, Logger } from '../telemetry/ports.ts';
import { verifyBearer } from './bearer.ts';
import { CallerLimits, type LimitReached } from './caller-limits.ts';
import { ClientSecrets } from './client-secrets.ts';
import type { BrokerClock } from './clock.ts';
import { exchangeToken, type ObtainedToken } from './exchange.ts';
import { vanishedKeys, type KeySet } from './jwks.ts';
import { OutcomeStore, grantOf, type HeldToken } from './outcome-store.ts';
import { PolicyFaults } from './policy-faults.ts';
import { judgeProvider, providerWarnings, type IssuerState } from './provider-findings.ts';
import { createProviderHttp, type NetworkRules, type ProviderHttp } from './provider-http.ts';
import type { Provider } from './provider.ts';
import { Providers } from './providers.ts';
import { refusalOf, refuse } from './refusals.ts';
import { isRefusedClient, type TokenFailure } from './token-response.ts';

export type { IssuerState };

export interface BrokerOptions {
  readonly telemetry: BrokerTelemetry;
  readonly logger: Logger;
  readonly clock: BrokerClock;
  readonly network: NetworkRules;
  /** PEM private key of a client certificate, by `namespace/name` of its Secret. */
  readonly providerKey: (secret: string) => Redacted<string> | undefined;
  /** Told of what every proxy thread has to forget. */
  readonly onEvict: (eviction: Eviction) => void | Promise<void>;
  /** Default 100,000. */
  readonly maxTokens?: number;
  /** Default 10,000. */
  readonly maxRefusals?: number;
}

export interface Broker extends TokenBroker {
  /** Told of every compiled table, so that providers are looked at early and state of vanished ones is dropped. */
  observe(plans: readonly PolicyPlan[]): void;
  /** For condition IssuerReady. */
  issuerState(plan: PolicyPlan): IssuerState;
  onIssuerStateChange(listener: () => void): void;
  /** Forgets one client, or everything, here and in every thread. @returns how many entries of its own went. */
  purge(clientId: string | undefined): Promise<number>;
  close(): Promise<void>;
}

/** A client with a new secret is about to stop using the old one: it is asked for again within this time. */
const ROTATION_GRACE_MS = 60_000;
/** After a refresh that failed, the token is served on and the next attempt waits. */
const REFRESH_PAUSE_MS = 10_000;

/** How an exchange ended for those who wait for it. */
type Flight =
  | { readonly kind: 'outcome'; readonly outcome: ExchangeOutcome }
  | { readonly kind: 'limited'; readonly limit: LimitReached };

export function createBroker(options: BrokerOptions): Broker {
  return new CachingBroker(options);
}

class CachingBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #http: ProviderHttp;
  readonly #providers: Providers;
  readonly #store: OutcomeStore;
  readonly #limits = new CallerLimits();
  readonly #secrets = new ClientSecrets();
  readonly #faults = new PolicyFaults();
  readonly #listeners: (() => void)[] = [];
  readonly #bearerFlights = new Map<string, Promise<ExchangeOutcome>>();
  #flights = new Map<string, Promise<Flight>>();
  #isClosed = false;

  constructor(options: BrokerOptions) {
    const { telemetry, clock, logger, maxTokens = 100_000, maxRefusals = 10_000 } = options;
    this.#options = options;
    this.#http = createProviderHttp(options.network, options.providerKey);
    this.#store = new OutcomeStore({ maxTokens, maxRefusals, telemetry });
    this.#providers = new Providers({
      http: this.#http,
      clock,
      telemetry,
      logger,
      onChange: () => this.#issuerChanged(),
      onKeysReplaced: (provider, previous, next) => this.#keysReplaced(provider, previous, next),
    });
  }

  async obtain(request: TokenRequest): Promise<ExchangeOutcome> {
    try {
      if (this.#isClosed) return refuse('ProviderUnavailable', 'the gateway is shutting down');
      if (request.kind === 'exchange') return await this.#obtainToken(request);
      return await this.#verifyOnce(request);
    } catch (error) {
      this.#options.logger.error({ err: error, policy: request.plan.policy }, 'token broker failed');
      return refuse('ProviderUnavailable', 'the gateway could not ask the provider');
    }
  }

  observe(plans: readonly PolicyPlan[]): void {
    if (this.#isClosed) return;
    const gone = this.#providers.observe(plans);
    this.#faults.retain(new Set(plans.map(({ policy }) => policy)));
    if (gone.size > 0) this.#store.dropTokens(({ providerKey }) => gone.has(providerKey), 'purged');
  }

  issuerState(plan: PolicyPlan): IssuerState {
    const provider = this.#providers.find(plan.provider);
    const view = provider ?? { metadata: undefined, keySet: undefined, fault: undefined };
    const fault = this.#faults.get(plan.policy);
    const warnings = providerWarnings(plan, view);
    return { ...judgeProvider(plan, view), warnings: fault === undefined ? warnings : [...warnings, fault] };
  }

  onIssuerStateChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async purge(clientId: string | undefined): Promise<number> {
    // Exchanges under way finish for those who wait, but are remembered by nobody.
    this.#flights = new Map();
    this.#bearerFlights.clear();
    const matches = (held: HeldToken): boolean => clientId === undefined || held.clientId === clientId;
    const tokens = this.#store.dropTokens(matches, 'purged').length;
    const refusals = this.#store.dropRefusals(clientId);
    await this.#evict(clientId === undefined ? { kind: 'all' } : { kind: 'client', clientId });
    return tokens + refusals;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#providers.close();
    await this.#http.close();
  }

  async #verifyOnce(request: Extract<TokenRequest, { kind: 'bearer' }>): Promise<ExchangeOutcome> {
    const { key, plan } = request;
    const underWay = this.#bearerFlights.get(key);
    if (underWay !== undefined) return await underWay;
    const flight = verifyBearer(this.#providers.of(plan.provider), request, this.#options.clock).finally(
      () => {
        if (this.#bearerFlights.get(key) === flight) this.#bearerFlights.delete(key);
      },
    );
    this.#bearerFlights.set(key, flight);
    return await flight;
  }

  async #obtainToken(request: ExchangeRequest): Promise<ExchangeOutcome> {
    const { key, plan } = request;
    const known = this.#known(request);
    const { issuer } = plan.provider;
    if (known !== undefined) {
      this.#options.telemetry.exchangeSaved(issuer);
      return known;
    }
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) {
      this.#options.telemetry.exchangeSaved(issuer);
      const flight = await underWay;
      // The limit was another caller's; this one is judged by its own.
      return flight.kind === 'limited' ? await this.#obtainToken(request) : flight.outcome;
    }
    const nowMs = this.#options.clock.nowMs();
    const provider = this.#providers.of(plan.provider);
    const limit = this.#limits.reached(request, provider.key, nowMs);
    if (limit !== undefined) return this.#limited(request, limit);
    if (plan.clientCredentials === undefined)
      return refuse('PolicyUnavailable', 'the policy grants no tokens');
    const flight = await this.#fly(provider, plan.clientCredentials, request);
    return flight.kind === 'limited' ? this.#limited(request, flight.limit) : flight.outcome;
  }

  /** What needs no exchange. */
  #known({ key, purpose }: ExchangeRequest): ExchangeOutcome | undefined {
    const nowMs = this.#options.clock.nowMs();
    const held = this.#store.token(key, nowMs);
    if (held === undefined) return this.#store.refusal(key, nowMs);
    // In the refresh window a miss is a thread that does not know the token yet.
    return purpose === 'miss' || nowMs < held.refreshFromMs ? grantOf(held) : undefined;
  }

  #fly(provider: Provider, grant: ClientCredentialsPlan, request: ExchangeRequest): Promise<Flight> {
    const flights = this.#flights;
    const flight = this.#exchange(provider, grant, request).finally(() => flights.delete(request.key));
    flights.set(request.key, flight);
    return flight;
  }

  async #exchange(
    provider: Provider,
    grant: ClientCredentialsPlan,
    request: ExchangeRequest,
  ): Promise<Flight> {
    const { clock, telemetry } = this.#options;
    const flights = this.#flights;
    const options = { http: this.#http, clock, telemetry, limits: this.#limits };
    const result = await exchangeToken(provider, grant, request, options);
    if (result.kind === 'limited') return result;
    if (flights !== this.#flights) return { kind: 'outcome', outcome: this.#unremembered(request, result) };
    const outcome =
      result.kind === 'obtained'
        ? this.#remember(provider, request, result)
        : this.#failed(provider, request, result);
    return { kind: 'outcome', outcome };
  }

  #remember(provider: Provider, request: ExchangeRequest, obtained: ObtainedToken): ExchangeOutcome {
    const { key, clientId, plan } = request;
    const { issuer } = plan.provider;
    const { token, keyId, usableUntilMs, refreshFromMs } = obtained;
    const secretTag = this.#secrets.tagOf(request.clientSecret);
    const times = { usableUntilMs, refreshFromMs };
    this.#store.keepToken(key, {
      token,
      issuer,
      providerKey: provider.key,
      clientId,
      secretTag,
      keyId,
      ...times,
    });
    if (this.#secrets.succeeded(provider.key, clientId, secretTag)) {
      this.#rotated(provider, clientId, secretTag);
    }
    if (this.#faults.succeeded(plan.policy)) this.#issuerChanged();
    return { kind: 'granted', token, claims: obtained.claims, keyId, issuer, ...times };
  }

  #failed(provider: Provider, request: ExchangeRequest, failure: TokenFailure): ExchangeOutcome {
    const { key, clientId, plan } = request;
    const nowMs = this.#options.clock.nowMs();
    this.#log(request, failure);
    if (this.#faults.failed(plan.policy, failure)) this.#issuerChanged();
    const refusal = refusalOf(failure, plan.cache, nowMs);
    if (isRefusedClient(failure)) {
      this.#revoke(provider, request, failure);
    } else {
      const held = this.#store.token(key, nowMs);
      if (held !== undefined) return this.#servedOn(key, held, refusal);
    }
    this.#store.keepRefusal(key, clientId, refusal);
    return refusal;
  }

  /** The provider has spoken: a token that was held until now is held no longer. */
  #revoke(provider: Provider, request: ExchangeRequest, { reason }: TokenFailure): void {
    const { key, clientId, clientSecret } = request;
    if (reason === 'InvalidClient') {
      this.#secrets.refused(provider.key, clientId, this.#secrets.tagOf(clientSecret));
    }
    if (this.#store.dropToken(key, reason === 'InvalidClient' ? 'rotated' : 'purged')) {
      void this.#evict({ kind: 'key', key });
    }
  }

  /** The refresh came to nothing, the token is still good. */
  #servedOn(key: string, held: HeldToken, refusal: Refusal): ExchangeOutcome {
    const pausedMs = this.#options.clock.nowMs() + REFRESH_PAUSE_MS;
    const refreshFromMs = Math.min(held.usableUntilMs, Math.max(pausedMs, refusal.retryAtMs ?? 0));
    const kept = { ...held, refreshFromMs };
    this.#store.keepToken(key, kept);
    return grantOf(kept);
  }

  #limited({ key }: ExchangeRequest, { reason, detail, retryAtMs }: LimitReached): ExchangeOutcome {
    // Not to be kept: another address may ask the same question with another answer.
    const refusal = refuse(reason, detail, { retryAtMs });
    const held = this.#store.token(key, this.#options.clock.nowMs());
    return held === undefined ? refusal : this.#servedOn(key, held, refusal);
  }

  /** After a purge: the caller gets its answer, nobody keeps it. */
  #unremembered(request: ExchangeRequest, result: ObtainedToken | TokenFailure): ExchangeOutcome {
    const { clock } = this.#options;
    const { plan } = request;
    if (result.kind === 'failed') {
      return { ...refusalOf(result, plan.cache, clock.nowMs()), keepUntilMs: undefined };
    }
    const { token, claims, keyId, usableUntilMs, refreshFromMs } = result;
    const { issuer } = plan.provider;
    return { kind: 'granted', token, claims, keyId, issuer, usableUntilMs, refreshFromMs };
  }

  #rotated(provider: Provider, clientId: string, newTag: string): void {
    const nowMs = this.#options.clock.nowMs();
    const matches = (held: HeldToken): boolean =>
      held.providerKey === provider.key && held.clientId === clientId && held.secretTag !== newTag;
    const usableUntilMs = nowMs + ROTATION_GRACE_MS;
    const keys = this.#store.capTokens(matches, { usableUntilMs, refreshFromMs: nowMs });
    for (const key of keys) void this.#evict({ kind: 'key', key });
  }

  #keysReplaced(provider: Provider, previous: KeySet, next: KeySet): void {
    const vanished = vanishedKeys(previous, next);
    if (vanished.length === 0) return;
    const { issuer } = provider.settings;
    const keyIds = new Set(vanished.map(({ kid }) => kid));
    // A token that names no key may be signed with any of them.
    const matches = (held: HeldToken): boolean =>
      held.providerKey === provider.key && (held.keyId === undefined || keyIds.has(held.keyId));
    const keys = this.#store.dropTokens(matches, 'key_vanished');
    this.#options.logger.info({ issuer, tokens: keys.length }, 'signing key vanished');
    for (const keyId of keyIds)
      if (keyId !== undefined) void this.#evict({ kind: 'signingKey', issuer, keyId });
    for (const key of keys) void this.#evict({ kind: 'key', key });
  }

  #log({ plan, clientId }: ExchangeRequest, { reason, detail, cause, errorCode }: TokenFailure): void {
    const { issuer } = plan.provider;
    const fields = { issuer, policy: plan.policy, clientId, reason, detail, cause, errorCode };
    const { logger } = this.#options;
    if (reason === 'ProviderMisconfigured' || reason === 'TokenRejected') {
      logger.error(fields, 'exchange failed');
    } else if (reason === 'InvalidClient' || reason === 'GrantMissing' || reason === 'CallerQuotaExceeded') {
      logger.info(fields, 'exchange refused');
    } else {
      logger.warn(fields, 'exchange failed');
    }
  }

  /** Never rejects. */
  async #evict(eviction: Eviction): Promise<void> {
    try {
      await this.#options.onEvict(eviction);
    } catch (error) {
      this.#options.logger.error({ err: error, eviction: eviction.kind }, 'eviction failed');
    }
  }

  #issuerChanged(): void {
    for (const listener of this.#listeners) listener();
  }
}
