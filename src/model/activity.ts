/** What callers did lately: as proxy threads report it, and as the status page tells it. Plain data. */

import { REASONS, type Reason } from './reasons.ts';

/** A request that was answered with a reason, or would have been but for a dry run. */
export interface RefusedRequest {
  readonly atMs: number;
  readonly reason: Reason;
  readonly clientId: string | undefined;
  /** As the caller sent it. */
  readonly host: string;
  /** `namespace/name`, or empty. */
  readonly policy: string;
  /** The policy is tried out only: the request went on. */
  readonly isDryRun: boolean;
}

export interface RequestCounts {
  /** Sent on to a service. */
  readonly passed: number;
  /** What the caller can cure: its reason has a 4xx status. */
  readonly refused: number;
  /** What the caller cannot cure: its reason has a 5xx status. */
  readonly failed: number;
}

export interface ExchangeCounts {
  readonly granted: number;
  readonly refused: number;
  readonly failed: number;
}

/** What one proxy thread saw since its last report. */
export interface ActivityReport {
  /** By policy; the empty key for requests that met none. */
  readonly requests: Readonly<Record<string, RequestCounts>>;
  /** Oldest first; the newest 200 where there were more. */
  readonly refusals: readonly RefusedRequest[];
}

export interface MinuteActivity {
  readonly startMs: number;
  readonly requests: RequestCounts;
  readonly exchanges: ExchangeCounts;
}

/** The last hour, over all proxy threads. */
export interface Activity {
  /** One entry for each minute, oldest first; the last is the minute under way. */
  readonly minutes: readonly MinuteActivity[];
  /** Sums by policy. */
  readonly requests: Readonly<Record<string, RequestCounts>>;
  /** Sums by issuer. */
  readonly exchanges: Readonly<Record<string, ExchangeCounts>>;
  /** Newest first. */
  readonly refusals: readonly RefusedRequest[];
}

/** Whose doing a reason is: the caller's, or not. */
export function blameOf(reason: Reason): 'refused' | 'failed' {
  return REASONS[reason].status < 500 ? 'refused' : 'failed';
}
