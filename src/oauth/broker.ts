/** The token broker: one exchange for each question, however many ask it. */

import type {
  BearerRequest,
  Eviction,
  ExchangeOutcome,
  ExchangeRequest,
  Grant,
  TokenBroker,
  TokenRequest,
} from '../authz/ports.ts';
import type { Clock } from '../model/clock.ts';
import type { IssuerState } from '../model/conditions.ts';
import type { Redacted } from '../model/redacted.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { BrokerTelemetry, Logger } from '../telemetry/ports.ts';
import { verifyBearer } from './bearer.ts';
import { CallerLimits, type LimitReached } from './caller-limits.ts';
import { DEFAULT_BOUNDS, type GateBounds } from './exchange-gate.ts';
import { exchangeToken, type ObtainedToken } from './exchange.ts';
import { PolicyFaults } from './policy-faults.ts';
import { judgeProvider, providerWarnings } from './provider-findings.ts';
import { createProviderHttp, type NetworkRules, type ProviderHttp } from './provider-http.ts';
import type { Provider } from './provider.ts';
import { Providers } from './providers.ts';
import { refusalOf, refuse } from './refusals.ts';
import { logFailure } from './failure-log.ts';
import { TokenMemory } from './token-memory.ts';
import { isRefusedClient, type TokenFailure } from './token-failure.ts';

export interface BrokerOptions {
  readonly telemetry: BrokerTelemetry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly network: NetworkRules;
  /** PEM private key of a client certificate, by `namespace/name` of its Secret. */
  readonly providerKey: (secret: string) => Redacted<string> | undefined;
  /** Told of what every proxy thread has to forget. */
  readonly onEvict: (eviction: Eviction) => void | Promise<void>;
  /** The pace at which one provider is asked. Default: 20 exchanges a second, 8 at a time, 1,000 waiting. */
  readonly gateBounds?: Partial<GateBounds>;
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
  /** Breaks exchanges under way; what is asked from now on is refused. */
  close(): Promise<void>;
}

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
  readonly #memory: TokenMemory;
  readonly #limits = new CallerLimits();
  readonly #faults = new PolicyFaults();
  readonly #listeners: (() => void)[] = [];
  readonly #bearerFlights = new Map<string, Promise<ExchangeOutcome>>();
  /** Replaced by a purge: what was asked for before is not to be remembered after. */
  #flights = new Map<string, Promise<Flight>>();
  #isClosed = false;

  constructor(options: BrokerOptions) {
    const { telemetry, clock, logger, onEvict, maxTokens = 100_000, maxRefusals = 10_000 } = options;
    this.#options = options;
    this.#http = createProviderHttp(options.network, options.providerKey);
    this.#memory = new TokenMemory({ telemetry, logger, clock, onEvict, maxTokens, maxRefusals });
    this.#providers = new Providers({
      http: this.#http,
      clock,
      telemetry,
      logger,
      gateBounds: { ...DEFAULT_BOUNDS, ...options.gateBounds },
      onChange: () => this.#issuerChanged(),
      onKeysReplaced: (provider, previous, next) => this.#memory.keysReplaced(provider, previous, next),
    });
  }

  async obtain(request: TokenRequest): Promise<ExchangeOutcome> {
    try {
      if (this.#isClosed) return refuse('ProviderUnavailable', 'the gateway is shutting down');
      if (request.kind === 'bearer') return await this.#verifyOnce(request);
      return await this.#obtainToken(request);
    } catch (error) {
      this.#options.logger.error({ err: error, policy: request.plan.policy }, 'token broker failed');
      return refuse('ProviderUnavailable', 'the gateway could not ask the provider');
    }
  }

  observe(plans: readonly PolicyPlan[]): void {
    if (this.#isClosed) return;
    this.#memory.providersGone(this.#providers.observe(plans));
    this.#faults.retain(new Set(plans.map(({ policy }) => policy)));
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
    this.#flights = new Map();
    this.#bearerFlights.clear();
    return await this.#memory.purge(clientId);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#providers.close();
    await this.#http.close();
  }

  async #verifyOnce(request: BearerRequest): Promise<ExchangeOutcome> {
    const { key, plan } = request;
    const underWay = this.#bearerFlights.get(key);
    if (underWay !== undefined) return await underWay;
    const provider = this.#providers.of(plan.provider);
    const flight = verifyBearer(provider, request, this.#options.clock).finally(() => {
      if (this.#bearerFlights.get(key) === flight) this.#bearerFlights.delete(key);
    });
    this.#bearerFlights.set(key, flight);
    return await flight;
  }

  async #obtainToken(request: ExchangeRequest): Promise<ExchangeOutcome> {
    const { key, plan } = request;
    const { clock, telemetry } = this.#options;
    const known = this.#memory.recall(request);
    if (known !== undefined) {
      telemetry.exchangeSaved(plan.provider.issuer);
      return known;
    }
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) {
      telemetry.exchangeSaved(plan.provider.issuer);
      const flight = await underWay;
      // The limit was another caller's; this one is judged by its own.
      return flight.kind === 'limited' ? await this.#obtainToken(request) : flight.outcome;
    }
    const provider = this.#providers.of(plan.provider);
    const limit = this.#limits.reached(request, provider.key, clock.nowMs());
    if (limit !== undefined) return this.#limited(request, limit);
    const flight = await this.#fly(provider, request);
    return flight.kind === 'limited' ? this.#limited(request, flight.limit) : flight.outcome;
  }

  /** Not to be kept: another address may ask the same question with another answer. */
  #limited(request: ExchangeRequest, { reason, detail, retryAtMs }: LimitReached): ExchangeOutcome {
    return this.#memory.serveOn(request, refuse(reason, detail, { retryAtMs }));
  }

  #fly(provider: Provider, request: ExchangeRequest): Promise<Flight> {
    const flights = this.#flights;
    const flight = this.#exchange(provider, request).finally(() => flights.delete(request.key));
    flights.set(request.key, flight);
    return flight;
  }

  async #exchange(provider: Provider, request: ExchangeRequest): Promise<Flight> {
    const { clock, telemetry } = this.#options;
    const flights = this.#flights;
    const options = { http: this.#http, clock, telemetry, limits: this.#limits };
    const result = await exchangeToken(provider, request, options);
    if (result.kind === 'limited') return result;
    const isRemembered = flights === this.#flights;
    const outcome =
      result.kind === 'obtained'
        ? this.#granted(provider, request, { result, isRemembered })
        : this.#failed(provider, request, { result, isRemembered });
    return { kind: 'outcome', outcome };
  }

  #granted(
    provider: Provider,
    request: ExchangeRequest,
    { result, isRemembered }: { readonly result: ObtainedToken; readonly isRemembered: boolean },
  ): Grant {
    if (isRemembered) this.#memory.remember(provider, request, result);
    if (this.#faults.succeeded(request.plan.policy)) this.#issuerChanged();
    const { issuer } = provider.settings;
    return { ...result, kind: 'granted', issuer };
  }

  #failed(
    provider: Provider,
    request: ExchangeRequest,
    { result, isRemembered }: { readonly result: TokenFailure; readonly isRemembered: boolean },
  ): ExchangeOutcome {
    const { logger, clock } = this.#options;
    logFailure(logger, request, result);
    if (this.#faults.failed(request.plan.policy, result)) this.#issuerChanged();
    const refusal = refusalOf(result, request.plan.cache, clock.nowMs());
    if (!isRemembered) return { ...refusal, keepUntilMs: undefined };
    if (!isRefusedClient(result)) return this.#memory.serveOn(request, refusal);
    this.#memory.revoke(provider, request, refusal);
    return refusal;
  }

  #issuerChanged(): void {
    for (const listener of this.#listeners) listener();
  }
}
