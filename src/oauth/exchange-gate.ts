/** Paces exchanges with one provider: a cap on concurrency, a rate, and a bounded queue in front of both. */

import type { BrokerClock } from './clock.ts';

export interface GateBounds {
  readonly maxConcurrent: number;
  readonly perSecond: number;
  readonly burst: number;
  readonly maxQueued: number;
}

/** 20/s is a third of what a paid Auth0 tenant may ask for; the rest is for its other users. */
const DEFAULT_BOUNDS: GateBounds = { maxConcurrent: 8, perSecond: 20, burst: 20, maxQueued: 1_000 };

export type Admission = 'admitted' | 'full' | 'late' | 'closed';

interface Waiter {
  readonly settle: (admission: Admission) => void;
  readonly cancelDeadline: () => void;
}

export class ExchangeGate {
  readonly #clock: BrokerClock;
  readonly #bounds: GateBounds;
  readonly #queue = new Set<Waiter>();
  #running = 0;
  #tokens: number;
  #filledAtMs: number;
  #pausedUntilMs = 0;
  #cancelRefill: (() => void) | undefined;

  constructor(clock: BrokerClock, bounds: GateBounds = DEFAULT_BOUNDS) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#tokens = bounds.burst;
    this.#filledAtMs = clock.nowMs();
  }

  /** Waits for a turn, at most `deadlineMs`. After `admitted`, and only then, {@link ExchangeGate.leave} is due. */
  enter(deadlineMs: number): Promise<Admission> {
    if (this.#queue.size === 0 && this.#take()) return Promise.resolve('admitted');
    if (this.#queue.size >= this.#bounds.maxQueued) return Promise.resolve('full');
    const { promise, resolve } = Promise.withResolvers<Admission>();
    const waiter: Waiter = {
      settle: resolve,
      cancelDeadline: this.#clock.schedule(deadlineMs, () => {
        this.#queue.delete(waiter);
        resolve('late');
      }),
    };
    this.#queue.add(waiter);
    this.#admit();
    return promise;
  }

  leave(): void {
    this.#running -= 1;
    this.#admit();
  }

  /** Admits nobody before `untilMs`: the provider says that its limit is used up. */
  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** Turns away everyone who waits. */
  close(): void {
    this.#cancelRefill?.();
    for (const waiter of this.#queue) this.#settle(waiter, 'closed');
  }

  #admit(): void {
    for (const waiter of this.#queue) {
      if (!this.#take()) break;
      this.#settle(waiter, 'admitted');
    }
    this.#scheduleRefill();
  }

  #settle(waiter: Waiter, admission: Admission): void {
    this.#queue.delete(waiter);
    waiter.cancelDeadline();
    waiter.settle(admission);
  }

  #take(): boolean {
    const nowMs = this.#clock.nowMs();
    const { perSecond, burst, maxConcurrent } = this.#bounds;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) * perSecond) / 1_000);
    this.#filledAtMs = nowMs;
    if (this.#running >= maxConcurrent || this.#tokens < 1 || nowMs < this.#pausedUntilMs) return false;
    this.#tokens -= 1;
    this.#running += 1;
    return true;
  }

  /** Whoever leaves admits the next; only a want of tokens, or a pause, needs a timer. */
  #scheduleRefill(): void {
    if (this.#queue.size === 0 || this.#running >= this.#bounds.maxConcurrent) return;
    if (this.#cancelRefill !== undefined) return;
    const untilTokenMs = Math.ceil(((1 - this.#tokens) * 1_000) / this.#bounds.perSecond);
    const delayMs = Math.max(1, untilTokenMs, this.#pausedUntilMs - this.#clock.nowMs());
    this.#cancelRefill = this.#clock.schedule(delayMs, () => {
      this.#cancelRefill = undefined;
      this.#admit();
    });
  }
}
