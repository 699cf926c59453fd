/** How long a token may be used, and when to look for its successor. */

import type { PolicyPlan } from '../model/table.ts';

/** A token with less life than this could expire on its way to the upstream. */
const LAST_MOMENTS_MS = 5_000;

export interface LifetimeInput {
  /** `exp` of the token. */
  readonly expiresAtMs: number;
  /** `expires_in` of the answer, where it makes sense. */
  readonly expiresInSeconds: number | undefined;
  /** When the token was obtained. */
  readonly nowMs: number;
  readonly cache: PolicyPlan['cache'];
  /** Uniform in [0, 1). */
  readonly random: number;
}

export interface Lifetime {
  /** Not after `nowMs`: the token is of no use. */
  readonly usableUntilMs: number;
  readonly refreshFromMs: number;
}

export function lifetimeOf(input: LifetimeInput): Lifetime {
  const { expiresAtMs, expiresInSeconds = Infinity, nowMs, cache, random } = input;
  const { maxTtlMs = Infinity, revalidateAfterMs = Infinity, refreshBeforeMs } = cache;
  const usableUntilMs = Math.min(
    expiresAtMs - LAST_MOMENTS_MS,
    nowMs + expiresInSeconds * 1_000 - LAST_MOMENTS_MS,
    nowMs + maxTtlMs,
    nowMs + revalidateAfterMs,
  );
  const windowMs = Math.min(refreshBeforeMs, Math.max(0, usableUntilMs - nowMs) / 4);
  // Up to a fifth later, so that tokens of one moment are not refreshed in one moment.
  const refreshFromMs = Math.floor(usableUntilMs - windowMs * (1 - random / 5));
  return { usableUntilMs, refreshFromMs };
}
