/** Waiting for a state of the world that no event announces. */

import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks `probe` until it gives something other than `undefined` or `false`, and gives that.
 * A probe that throws counts as not yet; its last error is the cause of the failure after `deadlineMs`.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  deadlineMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  let cause: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    await pause(50);
  }
  throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause });
}
