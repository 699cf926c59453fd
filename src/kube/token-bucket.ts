/** A rate limit: so many at once, and so many a second after that. */

import type { Clock } from '../model/clock.ts';

export interface TokenBucket {
  /** Takes a token; @returns how long to wait before it may be used. */
  take(): number;
}

export function createTokenBucket(clock: Clock, perSecond: number, burst: number): TokenBucket {
  let tokens = burst;
  let lastMs = clock.nowMs();
  return {
    take() {
      const nowMs = clock.nowMs();
      tokens = Math.min(burst, tokens + (Math.max(0, nowMs - lastMs) / 1_000) * perSecond);
      lastMs = nowMs;
      tokens -= 1;
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1_000;
    },
  };
}
