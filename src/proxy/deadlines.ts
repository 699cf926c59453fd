/** Deadlines of many connections by one timer: setting one is a store, which a timer for each request is not. */

/** Something that must not wait for ever. */
export interface Deadlined {
  /** In the time of {@link Deadlines.nowMs}; `Infinity` while nothing is awaited. */
  deadlineMs: number;
  /** Called once when the deadline has passed; it is `Infinity` again by then. */
  expire(): void;
}

export class Deadlines {
  /** A coarse monotonic clock that moves with each sweep. */
  nowMs = 0;
  readonly #watched = new Set<Deadlined>();
  readonly #timer: NodeJS.Timeout;

  constructor(sweepIntervalMs: number) {
    let lastMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#sweep(nowMs - lastMs);
      lastMs = nowMs;
    }, sweepIntervalMs);
    this.#timer.unref();
  }

  watch(item: Deadlined): void {
    this.#watched.add(item);
  }

  forget(item: Deadlined): void {
    this.#watched.delete(item);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  #sweep(elapsedMs: number): void {
    this.nowMs += elapsedMs;
    for (const item of this.#watched) {
      if (item.deadlineMs > this.nowMs) continue;
      item.deadlineMs = Infinity;
      item.expire();
    }
  }
}
