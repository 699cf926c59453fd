/** `limits` of a policy: how often one caller may fail, and how often it may have the provider asked. */

import { LRUCache } from 'lru-cache';

import type { ExchangeRequest } from '../authz/ports.ts';
import { callerBlock } from '../http/source-ranges.ts';

const WINDOW_MS = 60_000;
/** The limit is reached only if all that is under way counts: that is known soon. */
const UNDECIDED_RETRY_MS = 1_000;
/** Callers counted at once; the one seen longest ago is forgotten first. */
const MAX_CALLERS = 50_000;

export interface LimitReached {
  readonly reason: 'TooManyFailures' | 'CallerQuotaExceeded';
  readonly detail: string;
  readonly retryAtMs: number;
}

interface Window {
  readonly endsAtMs: number;
  count: number;
  /** Of `count`: what may yet be taken back. */
  undecided: number;
}

interface SpentQuota {
  readonly askAgainAtMs: number;
  readonly resetAtMs: number;
}

export class CallerLimits {
  /** By policy, client and block of addresses. */
  readonly #failures = new LRUCache<string, Window>({ max: MAX_CALLERS });
  /** By policy and client. */
  readonly #exchanges = new LRUCache<string, Window>({ max: MAX_CALLERS });
  /** By provider and client: where the provider itself gives no more tokens. */
  readonly #spentQuotas = new LRUCache<string, SpentQuota>({ max: MAX_CALLERS });

  /** The limit that keeps the provider from being asked, if any. */
  reached(request: ExchangeRequest, providerKey: string, nowMs: number): LimitReached | undefined {
    const { failuresPerMinute, exchangesPerMinute = Infinity } = request.plan.limits;
    const failures = current(this.#failures, failureKey(request), nowMs);
    if (failures !== undefined && failures.count >= failuresPerMinute) {
      return {
        reason: 'TooManyFailures',
        detail: `more than ${failuresPerMinute} exchanges a minute were refused`,
        retryAtMs: failures.endsAtMs,
      };
    }
    const exchanges = current(this.#exchanges, exchangeKey(request), nowMs);
    if (exchanges !== undefined && exchanges.count >= exchangesPerMinute) {
      const isUsedUp = exchanges.count - exchanges.undecided >= exchangesPerMinute;
      return {
        reason: 'CallerQuotaExceeded',
        detail: `the policy allows ${exchangesPerMinute} exchanges a minute`,
        retryAtMs: isUsedUp ? exchanges.endsAtMs : nowMs + UNDECIDED_RETRY_MS,
      };
    }
    const spent = this.#spentQuotas.get(pair(providerKey, request.clientId));
    if (spent === undefined || spent.askAgainAtMs <= nowMs) return undefined;
    return {
      reason: 'CallerQuotaExceeded',
      detail: 'the token quota of the client is used up',
      retryAtMs: spent.resetAtMs,
    };
  }

  /**
   * Counts an exchange as it is sent, so that those sent at once cannot pass the limit together.
   *
   * @returns what takes it back, or leaves it counted; to be called once it has been answered
   */
  countExchange(request: ExchangeRequest, nowMs: number): (isCounted: boolean) => void {
    if (request.plan.limits.exchangesPerMinute === undefined) return () => {};
    const window = count(this.#exchanges, exchangeKey(request), nowMs);
    window.undecided += 1;
    return (isCounted) => {
      window.undecided -= 1;
      if (!isCounted) window.count -= 1;
    };
  }

  countFailure(request: ExchangeRequest, nowMs: number): void {
    count(this.#failures, failureKey(request), nowMs);
  }

  /** The provider refused a token until `resetAtMs`: within the next minute it need not be asked for another one. */
  quotaSpent(providerKey: string, clientId: string, resetAtMs: number, nowMs: number): void {
    // Meanwhile an operator may have raised it.
    const askAgainAtMs = Math.min(resetAtMs, nowMs + WINDOW_MS);
    this.#spentQuotas.set(pair(providerKey, clientId), { askAgainAtMs, resetAtMs });
  }
}

function current(windows: LRUCache<string, Window>, key: string, nowMs: number): Window | undefined {
  const window = windows.get(key);
  const leftMs = (window?.endsAtMs ?? 0) - nowMs;
  // More than a window is left only where the clock has been set back.
  return leftMs > 0 && leftMs <= WINDOW_MS ? window : undefined;
}

function count(windows: LRUCache<string, Window>, key: string, nowMs: number): Window {
  let window = current(windows, key, nowMs);
  if (window === undefined) {
    window = { endsAtMs: nowMs + WINDOW_MS, count: 0, undecided: 0 };
    windows.set(key, window);
  }
  window.count += 1;
  return window;
}

function failureKey({ plan, clientId, clientAddress }: ExchangeRequest): string {
  return `${plan.policy} ${callerBlock(clientAddress)} ${clientId}`;
}

function exchangeKey({ plan, clientId }: ExchangeRequest): string {
  return pair(plan.policy, clientId);
}

function pair(scope: string, clientId: string): string {
  return `${scope} ${clientId}`;
}
