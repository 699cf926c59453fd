/** Why no token was obtained: for the caller, the operator and the log. */

import type { Reason } from '../model/reasons.ts';

export type TokenFailureReason = Extract<
  Reason,
  | 'InvalidClient'
  | 'GrantMissing'
  | 'CallerQuotaExceeded'
  | 'ProviderRateLimited'
  | 'ProviderUnavailable'
  | 'ProviderMisconfigured'
  | 'TokenRejected'
>;

export interface TokenFailure {
  readonly kind: 'failed';
  readonly reason: TokenFailureReason;
  /** Lowercase, for the caller: holds no word of the answer. */
  readonly detail: string;
  /** What the operator should know beyond that: holds no secret. */
  readonly cause: string | undefined;
  /** A registered `error` code of the answer, for the log. */
  readonly errorCode: string | undefined;
  readonly retryAtMs: number | undefined;
  /** A token was issued all the same; default: none. */
  readonly wasIssued?: boolean;
}

export const UNREACHABLE = 'the provider cannot be reached';

/** The provider judged the client, rather than failed to. */
export function isRefusedClient({ reason }: TokenFailure): boolean {
  return reason === 'InvalidClient' || reason === 'GrantMissing';
}

export function failed(reason: TokenFailureReason, detail: string, retryAtMs?: number): TokenFailure {
  return { kind: 'failed', reason, detail, cause: undefined, errorCode: undefined, retryAtMs };
}
