/** How long to wait after failures: 0.8 s, doubled up to 30 s, jittered, forgotten after two healthy minutes. */

import type { Clock } from '../model/clock.ts';

const FIRST_MS = 800;
const CEILING_MS = 30_000;
const HEALTHY_MS = 120_000;

export interface Backoff {
  /** Counts one failure; @returns how long to wait before the next attempt. */
  failed(): number;
  /** Failures so far without two healthy minutes between them. */
  failures(): number;
}

export function createBackoff(clock: Clock): Backoff {
  let failures = 0;
  let lastMs = 0;
  return {
    failed() {
      const nowMs = clock.nowMs();
      if (nowMs - lastMs > HEALTHY_MS + CEILING_MS) failures = 0;
      lastMs = nowMs;
      const fullMs = Math.min(CEILING_MS, FIRST_MS * 2 ** failures);
      failures += 1;
      // Between half and all of it: a thousand pods must not come back at the same instant.
      return fullMs * (0.5 + clock.random() / 2);
    },
    failures: () => failures,
  };
}
