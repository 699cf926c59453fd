/** A clock that moves only when a test says so. */

import type { Clock } from '../../src/model/clock.ts';
import { eventually } from './eventually.ts';

export interface ManualClock extends Clock {
  /** Moves on, and runs what falls due on the way. */
  advance(ms: number): void;
  /** Sets the time of day back, as a person or a time server may: nothing falls due sooner or later. */
  setBack(ms: number): void;
  /** How long it is to each thing that is scheduled, soonest first. */
  pending(): readonly number[];
  /** Waits until something is scheduled that far ahead, give or take nothing. */
  scheduled(delayMs: number): Promise<void>;
}

/** Every random number is `random`; the default makes each jittered delay the longest that it can be. */
export function manualClock(random = 1): ManualClock {
  let nowMs = Date.parse('2026-01-02T03:04:05Z');
  let behindMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const pending = (): readonly number[] => [...timers].map(({ atMs }) => atMs - nowMs).sort((a, b) => a - b);
  return {
    nowMs: () => nowMs - behindMs,
    monotonicMs: () => nowMs,
    random: () => random,
    schedule(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const due = [...timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.run();
      }
      nowMs = endMs;
    },
    setBack(ms) {
      behindMs += ms;
    },
    pending,
    async scheduled(delayMs) {
      await eventually(
        `something in ${delayMs} ms`,
        () => Promise.resolve(pending().includes(delayMs)),
        5_000,
      )
        // What is scheduled instead says more than the deadline.
        .catch((cause: unknown) => {
          throw new Error(`nothing in ${delayMs} ms, but in ${pending().join(', ')} ms`, { cause });
        });
    },
  };
}
