/** How many of something are open over all threads, in all and by name, in memory of a fixed size. */

import { hash } from 'node:crypto';

import { TALLY_COLUMNS, TALLY_ROWS } from './shared-counters.ts';

/** One name's places in the memory of a thread. */
export type TallyPlaces = readonly number[];

const THREAD_WORDS = 1 + TALLY_ROWS * TALLY_COLUMNS;

/**
 * A count-min sketch: each name is counted in one column of each row, and the least of them is its number, which may be
 * too high where names share all of their columns, and is never too low. Each thread writes to its own part only, so that
 * what a thread left behind that ended is gone when its successor starts.
 */
export class SharedTally {
  readonly #words: Int32Array;
  readonly #own: number;
  readonly #threads: number;

  /** `thread`: from 0; its part is set to zero. */
  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(memory);
    this.#threads = this.#words.length / THREAD_WORDS;
    this.#own = thread * THREAD_WORDS;
    for (let at = this.#own; at < this.#own + THREAD_WORDS; at += 1) {
      if (this.#words[at] !== 0) Atomics.store(this.#words, at, 0);
    }
  }

  get total(): number {
    return this.#sum(0);
  }

  add(places: TallyPlaces, change: 1 | -1): void {
    Atomics.add(this.#words, this.#own, change);
    for (const place of places) Atomics.add(this.#words, this.#own + place, change);
  }

  count(places: TallyPlaces): number {
    return Math.min(...places.map((place) => this.#sum(place)));
  }

  #sum(place: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread += 1) {
      sum += Atomics.load(this.#words, thread * THREAD_WORDS + place);
    }
    return sum;
  }
}

export function tallyPlaces(name: string): TallyPlaces {
  const digest = hash('sha256', name, 'buffer');
  return Array.from({ length: TALLY_ROWS }, (_, row) => {
    return 1 + row * TALLY_COLUMNS + (digest.readUInt32LE(row * 4) % TALLY_COLUMNS);
  });
}
