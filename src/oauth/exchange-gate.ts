/** Paces exchanges with one provider: a cap on concurrency, a rate, and a bounded, fair queue in front of both. */

import type { Clock } from '../model/clock.ts';
import { FairQueue } from './fair-queue.ts';

export interface GateBounds {
  readonly maxConcurrent: number;
  readonly perSecond: number;
  readonly burst: number;
  readonly maxQueued: number;
}

/** 20/s is a third of what a paid Auth0 tenant may ask for; the rest is for its other users. */
export const DEFAULT_BOUNDS: GateBounds = { maxConcurrent: 8, perSecond: 20, burst: 20, maxQueued: 1_000 };

export type Admission = 'admitted' | 'full' | 'late' | 'closed';

export interface Turn {
  /** Whoever shares a lane shares its turns: the address of the caller, so that one flood keeps only itself waiting. */
  readonly lane: string;
  /** Goes before everyone else: the successor of a token in use, whose secret was right before. */
  readonly isRefresh: boolean;
  readonly deadlineMs: number;
}

interface Waiter {
  readonly settle: (admission: Admission) => void;
  readonly cancelDeadline: () => void;
}

export class ExchangeGate {
  readonly #clock: Clock;
  readonly #bounds: GateBounds;
  readonly #refreshes: FairQueue<Waiter>;
  readonly #queue: FairQueue<Waiter>;
  #running = 0;
  #tokens: number;
  #filledAtMs: number;
  #pausedUntilMs = -Infinity;
  #cancelRefill: (() => void) | undefined;
  #isClosed = false;

  constructor(clock: Clock, bounds: GateBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#refreshes = new FairQueue(bounds.maxQueued);
    this.#queue = new FairQueue(bounds.maxQueued);
    this.#tokens = bounds.burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Waits for a turn. After `admitted`, and only then, {@link ExchangeGate.leave} is due. */
  enter({ lane, isRefresh, deadlineMs }: Turn): Promise<Admission> {
    if (this.#isClosed) return Promise.resolve('closed');
    const isFirst = this.#refreshes.size === 0 && (isRefresh || this.#queue.size === 0);
    if (isFirst && this.#take()) return Promise.resolve('admitted');
    const queue = isRefresh ? this.#refreshes : this.#queue;
    const { promise, resolve } = Promise.withResolvers<Admission>();
    const cancelDeadline = this.#clock.schedule(deadlineMs, () => {
      queue.delete(waiter);
      resolve('late');
    });
    const waiter: Waiter = { settle: resolve, cancelDeadline };
    const displaced = queue.push(lane, waiter);
    if (displaced !== undefined) settle(displaced, 'full');
    this.#admit();
    return promise;
  }

  leave(): void {
    this.#running -= 1;
    this.#admit();
  }

  /** Admits nobody for so long: the provider says that its limit is used up. */
  pause(delayMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + delayMs);
  }

  /** Turns away everyone who waits, and who comes. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRefill?.();
    for (let next = this.#next(); next !== undefined; next = this.#next()) settle(next, 'closed');
  }

  #admit(): void {
    while (this.#waiting > 0 && this.#take()) {
      const next = this.#next();
      if (next !== undefined) settle(next, 'admitted');
    }
    this.#scheduleRefill();
  }

  #next(): Waiter | undefined {
    return this.#refreshes.shift() ?? this.#queue.shift();
  }

  get #waiting(): number {
    return this.#refreshes.size + this.#queue.size;
  }

  #take(): boolean {
    const nowMs = this.#clock.monotonicMs();
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
    if (this.#waiting === 0 || this.#running >= this.#bounds.maxConcurrent) return;
    if (this.#cancelRefill !== undefined) return;
    const untilTokenMs = Math.ceil(((1 - this.#tokens) * 1_000) / this.#bounds.perSecond);
    const delayMs = Math.max(1, untilTokenMs, this.#pausedUntilMs - this.#clock.monotonicMs());
    this.#cancelRefill = this.#clock.schedule(delayMs, () => {
      this.#cancelRefill = undefined;
      this.#admit();
    });
  }
}

function settle(waiter: Waiter, admission: Admission): void {
  waiter.cancelDeadline();
  waiter.settle(admission);
}
