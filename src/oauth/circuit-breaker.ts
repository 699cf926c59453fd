/** Stops asking a provider that is down, and asks once in a while whether it is back. */

const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 5_000;
/** A provider may ask for patience, but not put the gateway out of use for a day. */
export const PAUSE_CEILING_MS = 60_000;

/** Closed, half-open, open. */
export type CircuitState = 0 | 1 | 2;

export type CircuitReason = 'ProviderUnavailable' | 'ProviderRateLimited';

/** Why nothing may be sent, and when that may change. */
export interface CircuitOpen {
  readonly kind: 'open';
  readonly reason: CircuitReason;
  readonly retryAtMs: number;
}

/** Leave to send one exchange; report how it went, exactly once. */
export interface Permit {
  readonly kind: 'permit';
  readonly isProbe: boolean;
}

/** What an exchange said about the health of the provider. */
export type Health =
  | { readonly kind: 'healthy' }
  /** Nothing was learnt: the exchange was never sent. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable'; readonly retryAtMs: number | undefined }
  | { readonly kind: 'rateLimited'; readonly retryAtMs: number | undefined };

export class CircuitBreaker {
  readonly #onState: (state: CircuitState) => void;
  #failures = 0;
  /** Times that it opened without a success in between. */
  #openings = 0;
  #openUntilMs = 0;
  #reason: CircuitReason = 'ProviderUnavailable';
  #state: CircuitState = 0;

  /** @param onState told of each change */
  constructor(onState: (state: CircuitState) => void) {
    this.#onState = onState;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Whether an exchange would be refused at `nowMs`. */
  check(nowMs: number): CircuitOpen | undefined {
    if (this.#state === 0 || (this.#state === 2 && this.#isPauseOver(nowMs))) return undefined;
    const retryAtMs = this.#state === 2 ? this.#openUntilMs : nowMs + 1_000;
    return { kind: 'open', reason: this.#reason, retryAtMs };
  }

  /** Takes leave to send; the first after a pause is the probe, and the only one until it reports. */
  enter(nowMs: number): Permit | CircuitOpen {
    const open = this.check(nowMs);
    if (open !== undefined) return open;
    const isProbe = this.#state === 2;
    if (isProbe) this.#become(1);
    return { kind: 'permit', isProbe };
  }

  report(permit: Permit, health: Health, nowMs: number): void {
    // What was sent before it opened says nothing about now.
    if (this.#state !== 0 && !permit.isProbe) return;
    switch (health.kind) {
      case 'healthy':
        this.#failures = 0;
        this.#openings = 0;
        return this.#become(0);
      case 'unknown':
        return permit.isProbe ? this.#become(2) : undefined;
      case 'rateLimited':
        return this.#open('ProviderRateLimited', health.retryAtMs ?? nowMs + FIRST_PAUSE_MS, nowMs);
      case 'unavailable':
        this.#failures += 1;
        if (permit.isProbe || this.#failures >= FAILURES_TO_OPEN || health.retryAtMs !== undefined) {
          this.#open('ProviderUnavailable', health.retryAtMs ?? nowMs + this.#nextPauseMs(), nowMs);
        }
    }
  }

  /** More than the longest pause is left only where the clock has been set back. */
  #isPauseOver(nowMs: number): boolean {
    const leftMs = this.#openUntilMs - nowMs;
    return leftMs <= 0 || leftMs > PAUSE_CEILING_MS;
  }

  #nextPauseMs(): number {
    return Math.min(PAUSE_CEILING_MS, FIRST_PAUSE_MS * 2 ** this.#openings);
  }

  #open(reason: CircuitReason, untilMs: number, nowMs: number): void {
    this.#openUntilMs = Math.min(untilMs, nowMs + PAUSE_CEILING_MS);
    this.#reason = reason;
    this.#openings += 1;
    this.#become(2);
  }

  #become(state: CircuitState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
