/** Turns failures into what callers are told, and says how long the same answer is given without asking. */

import type { Refusal } from '../authz/ports.ts';
import type { Reason } from '../model/reasons.ts';
import type { PolicyPlan } from '../model/table.ts';
import { PAUSE_CEILING_MS } from './circuit-breaker.ts';
import type { TokenFailure } from './token-failure.ts';

/** Spares the provider a flood of requests that cannot succeed; short, so that mending it shows at once. */
const MISCONFIGURED_TTL_MS = 5_000;
const QUOTA_TTL_CEILING_MS = 60_000;
/** `Retry-After` where the provider names no time. */
const DEFAULT_RETRY_MS = 5_000;

export function refusalOf(failure: TokenFailure, cache: PolicyPlan['cache'], nowMs: number): Refusal {
  const { reason, detail } = failure;
  const retryAtMs = failure.retryAtMs ?? nowMs + DEFAULT_RETRY_MS;
  switch (reason) {
    case 'InvalidClient':
      return refuse(reason, detail, { keepUntilMs: keepFor(cache.rejectedTtlMs, nowMs) });
    case 'GrantMissing':
      return refuse(reason, detail, { keepUntilMs: keepFor(cache.forbiddenTtlMs, nowMs) });
    case 'ProviderMisconfigured':
    case 'TokenRejected':
      return refuse(reason, detail, { keepUntilMs: nowMs + MISCONFIGURED_TTL_MS });
    case 'CallerQuotaExceeded':
      return refuse(reason, detail, {
        keepUntilMs: Math.min(retryAtMs, nowMs + QUOTA_TTL_CEILING_MS),
        retryAtMs,
      });
    case 'ProviderRateLimited':
    case 'ProviderUnavailable':
      break;
  }
  return refuse(reason, detail, {
    // The next one would be no better, and is counted by the provider too.
    keepUntilMs: failure.wasIssued === true ? nowMs + MISCONFIGURED_TTL_MS : undefined,
    retryAtMs: Math.min(retryAtMs, nowMs + PAUSE_CEILING_MS),
  });
}

export function refuse(
  reason: Reason,
  detail: string,
  times: { readonly keepUntilMs?: number | undefined; readonly retryAtMs?: number | undefined } = {},
): Refusal {
  return { kind: 'refused', reason, detail, keepUntilMs: times.keepUntilMs, retryAtMs: times.retryAtMs };
}

/** A time of 0 means: not to be kept. */
function keepFor(ttlMs: number, nowMs: number): number | undefined {
  return ttlMs === 0 ? undefined : nowMs + ttlMs;
}
