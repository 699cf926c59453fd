/** What the limits in an answer change: the pace at which the provider is asked, and what one client may still ask. */

import type { BrokerTelemetry } from '../telemetry/ports.ts';
import type { CallerLimits } from './caller-limits.ts';
import { quotaResetMs, type ProviderLimits } from './provider-limits.ts';
import type { Provider } from './provider.ts';
import type { TokenResult } from './token-response.ts';

interface Judged {
  readonly result: TokenResult;
  readonly limits: ProviderLimits;
  readonly nowMs: number;
}

interface Listeners {
  readonly telemetry: BrokerTelemetry;
  readonly callers: CallerLimits;
}

/** An absurd `X-RateLimit-Reset` must not keep everyone waiting. */
const MAX_PAUSE_MS = 10_000;

export function heedLimits(provider: Provider, clientId: string, judged: Judged, listeners: Listeners): void {
  const { remaining, resetAtMs } = judged.limits;
  if (remaining !== undefined) {
    listeners.telemetry.rateLimitRemaining(provider.settings.issuer, remaining);
  }
  // The tenant has nothing left: the next request would only be refused.
  if (remaining === 0 && resetAtMs !== undefined) {
    provider.gate.pause(Math.min(resetAtMs - judged.nowMs, MAX_PAUSE_MS));
  }
  heedQuota(provider, clientId, judged, listeners);
}

/** That nothing is left decides only where a token was refused: Auth0 also counts by quotas that it does not enforce. */
function heedQuota(
  provider: Provider,
  clientId: string,
  { result, limits, nowMs }: Judged,
  { telemetry, callers }: Listeners,
): void {
  const quotas = limits.quotas.filter(({ subject }) => subject === 'client');
  if (result.kind === 'token') {
    // Only an answer to the right secret may make a client known to the metrics.
    for (const { window, remaining } of quotas) {
      telemetry.quotaRemaining(provider.settings.issuer, clientId, window, remaining);
    }
  } else if (result.reason === 'CallerQuotaExceeded') {
    const resetAtMs = quotaResetMs(quotas);
    if (resetAtMs !== undefined) callers.quotaSpent(provider.key, clientId, resetAtMs, nowMs);
  }
}
