/** A document that a provider publishes: its last good copy, fetched once at a time and not again right after a failure. */

import type { Clock } from '../model/clock.ts';
import type { ProviderFault } from './discovery.ts';

const FIRST_BACKOFF_MS = 1_000;
const BACKOFF_CEILING_MS = 60_000;

const NOT_FETCHED: ProviderFault = {
  kind: 'fault',
  reason: 'DiscoveryFailed',
  isOutage: true,
  message: 'not fetched yet',
};

export type Fetched<T> = { readonly kind: 'document'; readonly value: T } | ProviderFault;

export interface ProviderDocumentOptions<T> {
  readonly fetch: () => Promise<Fetched<T>>;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  /** Told after each fetch; `previous` is the good copy until then. */
  readonly onFetched: (fetched: Fetched<T>, previous: T | undefined) => void;
}

export class ProviderDocument<T> {
  readonly #options: ProviderDocumentOptions<T>;
  #current: T | undefined;
  #fault: ProviderFault | undefined;
  #fetching: Promise<void> | undefined;
  #triedAtMs = -Infinity;
  #renewedAtMs = -Infinity;
  #failures = 0;

  constructor(options: ProviderDocumentOptions<T>) {
    this.#options = options;
  }

  /** The last good copy, whatever its age. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Why the last fetch failed; `undefined` after one that did not. */
  get fault(): ProviderFault | undefined {
    return this.#fault;
  }

  /** How long it is to the next fetch: at the end of its age, or of the pause after a failure. */
  get dueInMs(): number {
    const sinceMs = this.#options.clock.monotonicMs() - this.#triedAtMs;
    const pauseMs =
      this.#failures === 0
        ? this.#options.maxAgeMs
        : Math.min(BACKOFF_CEILING_MS, FIRST_BACKOFF_MS * 2 ** (this.#failures - 1));
    return Math.max(0, pauseMs - sinceMs);
  }

  /**
   * The last good copy, renewed in the background when it is old: nobody waits for a provider that is down. Without
   * one, what the next fetch gives, or why the last one failed where that was a moment ago.
   */
  async obtain(): Promise<Fetched<T>> {
    const isDue = this.dueInMs === 0;
    if (this.#current !== undefined) {
      // Fails by value, into `fault`.
      if (isDue) void this.fetch();
      return { kind: 'document', value: this.#current };
    }
    if (this.#fault === undefined || isDue) await this.fetch();
    if (this.#current !== undefined) return { kind: 'document', value: this.#current };
    return this.#fault ?? NOT_FETCHED;
  }

  /** Fetches because something is missing in the copy, no more often than once in `pauseMs`. */
  async renew(pauseMs: number): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#renewedAtMs >= pauseMs) {
      this.#renewedAtMs = nowMs;
      await this.fetch();
    } else {
      await this.#fetching;
    }
  }

  /** Fetches now, or joins the fetch under way. */
  fetch(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const { fetch, clock, onFetched } = this.#options;
    this.#triedAtMs = clock.monotonicMs();
    const fetched = await fetch();
    this.#triedAtMs = clock.monotonicMs();
    const previous = this.#current;
    if (fetched.kind === 'document') {
      this.#current = fetched.value;
      this.#fault = undefined;
      this.#failures = 0;
    } else {
      this.#fault = fetched;
      this.#failures += 1;
    }
    onFetched(fetched, previous);
  }
}
