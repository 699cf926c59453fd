/** The providers that the policies of the table name, each once. */

import type { Clock } from '../model/clock.ts';
import type { PolicyPlan, ProviderSettings } from '../model/table.ts';
import type { BrokerTelemetry, Logger } from '../telemetry/ports.ts';
import type { GateBounds } from './exchange-gate.ts';
import type { KeySet } from './jwks.ts';
import type { ProviderHttp } from './provider-http.ts';
import { Provider, providerKeyOf } from './provider.ts';

export interface ProvidersOptions {
  readonly http: ProviderHttp;
  readonly clock: Clock;
  readonly telemetry: BrokerTelemetry;
  readonly logger: Logger;
  readonly gateBounds: GateBounds;
  /** Told when what is known of a provider may have changed. */
  readonly onChange: () => void;
  readonly onKeysReplaced: (provider: Provider, previous: KeySet, next: KeySet) => void;
}

export class Providers {
  readonly #options: ProvidersOptions;
  readonly #byKey = new Map<string, Provider>();
  readonly #loggedFaults = new Map<string, string>();

  constructor(options: ProvidersOptions) {
    this.#options = options;
  }

  /** Looks early at providers that are new. @returns the keys of those that are gone, and now closed. */
  observe(plans: readonly PolicyPlan[]): ReadonlySet<string> {
    const wanted = longestTimeouts(plans);
    const gone = new Set<string>();
    for (const [key, provider] of this.#byKey) {
      if (wanted.has(key)) continue;
      provider.close();
      this.#byKey.delete(key);
      this.#loggedFaults.delete(key);
      gone.add(key);
    }
    for (const plan of plans) {
      const provider = this.of(plan.provider);
      provider.timeoutMs = wanted.get(provider.key) ?? plan.provider.timeoutMs;
      provider.watch(plan.clientCredentials !== undefined);
    }
    return gone;
  }

  find(settings: ProviderSettings): Provider | undefined {
    return this.#byKey.get(providerKeyOf(settings));
  }

  /** Also for a plan that a thread still serves although the table has moved on; the next table ends it. */
  of(settings: ProviderSettings): Provider {
    const known = this.find(settings);
    if (known !== undefined) return known;
    const { http, clock, telemetry, gateBounds, onKeysReplaced } = this.#options;
    const onChange = (): void => this.#changed(provider);
    const provider: Provider = new Provider({
      settings,
      http,
      clock,
      telemetry,
      gateBounds,
      onChange,
      onKeysReplaced,
    });
    this.#byKey.set(provider.key, provider);
    return provider;
  }

  close(): void {
    for (const provider of this.#byKey.values()) provider.close();
    this.#byKey.clear();
  }

  #changed(provider: Provider): void {
    const { logger, onChange } = this.#options;
    const { fault, settings, key } = provider;
    // What a closed provider still answers, or fails to, is of no account.
    if (this.#byKey.get(key) !== provider) return;
    const { issuer } = settings;
    if (fault?.message !== this.#loggedFaults.get(key)) {
      if (fault === undefined) logger.info({ issuer }, 'provider is well again');
      else logger.warn({ issuer, reason: fault.reason, cause: fault.message }, 'provider cannot be read');
    }
    if (fault === undefined) this.#loggedFaults.delete(key);
    else this.#loggedFaults.set(key, fault.message);
    onChange();
  }
}

/** By key of the provider. */
function longestTimeouts(plans: readonly PolicyPlan[]): ReadonlyMap<string, number> {
  const longest = new Map<string, number>();
  for (const { provider } of plans) {
    const key = providerKeyOf(provider);
    longest.set(key, Math.max(provider.timeoutMs, longest.get(key) ?? 0));
  }
  return longest;
}
