/** Judges what the token endpoint answered (RFC 6749, section 5, and what Auth0 makes of it). */

import { z } from 'zod';

import type { Reason } from '../model/reasons.ts';
import { quotaResetMs, type ProviderLimits } from './provider-limits.ts';
import type { ProviderAnswer, ProviderReply } from './provider-http.ts';

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
}

export type TokenResult =
  | {
      readonly kind: 'token';
      readonly token: string;
      /** `expires_in`; `undefined` where it is absent or makes no sense: then `exp` alone counts. */
      readonly expiresInSeconds: number | undefined;
    }
  | TokenFailure;

/** The provider judged the client, rather than failed to. */
export function isRefusedClient({ reason }: TokenFailure): boolean {
  return reason === 'InvalidClient' || reason === 'GrantMissing';
}

/** Codes that may be logged: an answer could repeat a secret in place of a code. */
const REGISTERED_CODES: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'too_many_requests',
  'unauthorized_client',
  'unsupported_grant_type',
]);

export const UNREACHABLE = 'the provider cannot be reached';

const tokenSchema = z.object({
  access_token: z.string().min(1),
  token_type: z.string().optional().catch(undefined),
  expires_in: z.unknown().optional(),
});

const errorSchema = z.object({
  error: z.string().catch(''),
  error_description: z.string().catch(''),
});

export function processTokenResponse(reply: ProviderReply, limits: ProviderLimits): TokenResult {
  if (reply.kind === 'failure')
    return { ...failed('ProviderUnavailable', UNREACHABLE), cause: reply.message };
  if (reply.status >= 200 && reply.status < 300) return processSuccess(reply);
  const { error, error_description } = errorSchema.safeParse(reply.json).data ?? {
    error: '',
    error_description: '',
  };
  const failure = classify(reply, error, error_description, limits);
  return { ...failure, errorCode: codeOf(error) };
}

function processSuccess({ json }: ProviderAnswer): TokenResult {
  if (json === undefined)
    return failed('ProviderMisconfigured', 'the token endpoint did not answer with JSON');
  const parsed = tokenSchema.safeParse(json);
  if (!parsed.success) {
    return failed('ProviderMisconfigured', 'the answer of the token endpoint holds no access_token');
  }
  const { access_token: token, token_type, expires_in } = parsed.data;
  if (token_type !== undefined && token_type.toLowerCase() !== 'bearer') {
    return failed('TokenRejected', 'the token is not of the type Bearer');
  }
  return { kind: 'token', token, expiresInSeconds: positiveSeconds(expires_in) };
}

/** RFC 6749 wants a number; some providers send digits in a string, or 0 for "not stated". */
function positiveSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

function classify(
  { status, json }: ProviderAnswer,
  error: string,
  description: string,
  limits: ProviderLimits,
): TokenFailure {
  const { retryAtMs } = limits;
  if (status === 429) return classifyLimit(error, description, limits);
  if (status >= 500 || status === 408 || error === 'server_error' || error === 'temporarily_unavailable') {
    return failed('ProviderUnavailable', `the token endpoint answered ${status}`, retryAtMs);
  }
  if (status >= 300 && status < 400) {
    return failed(
      'ProviderUnavailable',
      'the token endpoint answered with a redirect, which is not followed',
    );
  }
  if (status === 401 || ((status === 400 || status === 403) && error === 'invalid_client')) {
    return failed('InvalidClient', 'the provider does not accept the client ID and client secret');
  }
  if (
    (status === 400 || status === 403) &&
    json !== undefined &&
    isGrantMissing(status, error, description)
  ) {
    return failed('GrantMissing', 'the provider has no grant of this client for what was asked');
  }
  return failed('ProviderMisconfigured', `the provider refused the token request with ${status}`);
}

function isGrantMissing(status: number, error: string, description: string): boolean {
  switch (error) {
    case 'unauthorized_client':
    case 'invalid_scope':
      return true;
    case 'access_denied':
      // Auth0: the audience is no API of the tenant.
      return !/service not found/i.test(description);
    case 'invalid_target':
    case 'unsupported_grant_type':
      return false;
    default:
      // Auth0: an organization that the client may not use; one that is missing is a matter of the policy.
      if (/organization/i.test(description)) return !/required|missing/i.test(description);
      return status === 403 && error !== 'invalid_request' && !/service not found/i.test(description);
  }
}

function classifyLimit(error: string, description: string, limits: ProviderLimits): TokenFailure {
  const quotaMs = quotaResetMs(limits.quotas);
  if (quotaMs !== undefined || (error === 'too_many_requests' && /quota/i.test(description))) {
    return failed(
      'CallerQuotaExceeded',
      'the token quota of the client is used up',
      quotaMs ?? limits.retryAtMs,
    );
  }
  const retryAtMs = limits.retryAtMs ?? limits.resetAtMs;
  return failed('ProviderRateLimited', 'the provider limits token requests', retryAtMs);
}

function codeOf(error: string): string | undefined {
  if (error === '') return undefined;
  return REGISTERED_CODES.has(error) ? error : 'not registered';
}

export function failed(reason: TokenFailureReason, detail: string, retryAtMs?: number): TokenFailure {
  return { kind: 'failed', reason, detail, cause: undefined, errorCode: undefined, retryAtMs };
}
