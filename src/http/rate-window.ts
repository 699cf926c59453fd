/**
 * The arithmetic of a rate limit: a window that slides in parts, kept as words that threads can exchange atomically. A word
 * holds when its part began and how many requests it has admitted, so that one that is too old says so itself.
 */

import type { RateLimit } from '../model/route-options.ts';

/** In any window there are never more requests than the limit; a full one opens again at most one part later. */
const PARTS = 10;
/** Words of one caller: a window that begins within a part touches one more. */
export const WINDOW_WORDS = PARTS + 1;
/** More than any limit counts to. */
const COUNT_BITS = 24n;
const COUNT_MASK = (1n << COUNT_BITS) - 1n;
/** Beginnings are told in hundredths of a second, 40 bits of them: for 348 years. */
const TICK_MS = 10;

export type RateStep =
  /** The word at `at` is to become `next`, if it has not changed meanwhile. */
  | { readonly kind: 'admit'; readonly at: number; readonly next: bigint }
  | { readonly kind: 'refuse'; readonly retryAtMs: number };

/** `words`: {@link WINDOW_WORDS} of one caller and limit; zero where nothing was counted. */
export function rateStep(
  words: readonly bigint[],
  { requests, windowMs }: Pick<RateLimit, 'requests' | 'windowMs'>,
  nowMs: number,
): RateStep {
  const partMs = Math.ceil(windowMs / PARTS / TICK_MS) * TICK_MS;
  const part = Math.floor(nowMs / partMs);
  const at = part % WINDOW_WORDS;
  let left = requests;
  const counted: { readonly part: number; readonly count: number }[] = [];
  for (const word of words) {
    const wordPart = (Number(word >> COUNT_BITS) * TICK_MS) / partMs;
    if (wordPart < part - PARTS || wordPart > part) continue;
    const count = Number(word & COUNT_MASK);
    counted.push({ part: wordPart, count });
    left -= count;
  }
  if (left <= 0) return { kind: 'refuse', retryAtMs: partMs * reopensAt(counted, left) };
  const own = counted.find((word) => word.part === part)?.count ?? 0;
  const began = BigInt((part * partMs) / TICK_MS);
  return { kind: 'admit', at, next: (began << COUNT_BITS) | BigInt(own + 1) };
}

/** The part in which enough requests are forgotten for one more. */
function reopensAt(
  counted: readonly { readonly part: number; readonly count: number }[],
  left: number,
): number {
  let room = left;
  let last = 0;
  for (const { part, count } of counted.toSorted((a, b) => a.part - b.part)) {
    room += count;
    last = part + PARTS + 1;
    if (room > 0) break;
  }
  return last;
}
