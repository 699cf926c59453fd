/** Rate limits over all proxy threads of the process. */

import { hash } from 'node:crypto';

import { rateStep, WINDOW_WORDS } from '../http/rate-window.ts';
import type { RateLimit } from '../model/route-options.ts';
import { RATE_ENTRY_WORDS, RATE_SETS, RATE_WAYS } from './shared-counters.ts';

/** Set in every key, and in neither 0 nor {@link CLAIMED}. */
const KEY_MARK = 1n << 63n;
/** In place of a key while its words are being emptied. */
const CLAIMED = 1n;

/**
 * A table of fixed size in memory that the threads share, without locks: a thread may end at any instruction. A key has
 * eight places; where all are taken it gets that of the caller whose last request is longest ago.
 */
export class RateLimiter {
  readonly #words: BigUint64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigUint64Array(memory);
  }

  /**
   * Counts a request of `subject` under the limit called `name`.
   * @returns when to come again, where the limit is reached; milliseconds since the epoch
   */
  take(name: string, limit: RateLimit, subject: string, nowMs: number): number | undefined {
    const entry = this.#entryOf(`${name}\n${limit.requests}/${limit.windowMs}\n${subject}`);
    for (;;) {
      const words = this.#windowOf(entry);
      const step = rateStep(words, limit, nowMs);
      if (step.kind === 'refuse') return step.retryAtMs;
      const place = entry + 1 + step.at;
      const known = words[step.at] ?? 0n;
      // Another thread may have counted one of the same caller: then this one is looked at anew.
      if (Atomics.compareExchange(this.#words, place, known, step.next) === known) return undefined;
    }
  }

  #windowOf(entry: number): readonly bigint[] {
    return Array.from({ length: WINDOW_WORDS }, (_, at) => Atomics.load(this.#words, entry + 1 + at));
  }

  #entryOf(text: string): number {
    const digest = hash('sha256', text, 'buffer');
    const key = digest.readBigUInt64LE(0) | KEY_MARK;
    // It fails where another thread was quicker, which has then made progress.
    for (;;) {
      const entry = this.#find(key, digest.readUInt32LE(8) % RATE_SETS);
      if (entry !== undefined) return entry;
    }
  }

  #find(key: bigint, set: number): number | undefined {
    const first = set * RATE_WAYS * RATE_ENTRY_WORDS;
    let quietest = first;
    let quietestKey = 0n;
    let quietestSince = Infinity;
    for (let way = 0; way < RATE_WAYS; way += 1) {
      const entry = first + way * RATE_ENTRY_WORDS;
      const found = Atomics.load(this.#words, entry);
      if (found === key) return entry;
      const since = found === 0n ? -1 : this.#lastUse(entry);
      if (since >= quietestSince) continue;
      quietest = entry;
      quietestKey = found;
      quietestSince = since;
    }
    return this.#claim(quietest, quietestKey, key) ? quietest : undefined;
  }

  #lastUse(entry: number): number {
    // The beginnings of parts are in the high bits, so that the greatest word is the latest.
    return Math.max(...this.#windowOf(entry).map(Number));
  }

  #claim(entry: number, previous: bigint, key: bigint): boolean {
    if (Atomics.compareExchange(this.#words, entry, previous, CLAIMED) !== previous) return false;
    for (let at = 1; at <= WINDOW_WORDS; at += 1) Atomics.store(this.#words, entry + at, 0n);
    Atomics.store(this.#words, entry, key);
    return true;
  }
}
