/** What a provider says about its limits in the headers of an answer. */

import type { ReplyHeaders } from './provider-http.ts';

export interface ProviderLimits {
  /** RFC 9110, section 10.2.3. */
  readonly retryAtMs: number | undefined;
  /** `X-RateLimit-Remaining` and `X-RateLimit-Reset`: the limit of the tenant. */
  readonly remaining: number | undefined;
  readonly resetAtMs: number | undefined;
  /** `Auth0-Client-Quota-Limit` and `Auth0-Organization-Quota-Limit`: the limit of this one caller. */
  readonly quotas: readonly QuotaWindow[];
}

export interface QuotaWindow {
  readonly subject: 'client' | 'organization';
  readonly window: 'per_hour' | 'per_day' | 'other';
  readonly remaining: number;
  readonly resetAtMs: number;
}

const MAX_WINDOWS = 8;

export function parseLimits(headers: ReplyHeaders, nowMs: number): ProviderLimits {
  const resetSeconds = wholeNumber(headers['x-ratelimit-reset']);
  return {
    retryAtMs: parseRetryAfter(headers['retry-after'], nowMs),
    remaining: wholeNumber(headers['x-ratelimit-remaining']),
    resetAtMs: resetSeconds === undefined ? undefined : resetTime(resetSeconds, nowMs),
    quotas: [
      ...parseQuota('client', headers['auth0-client-quota-limit'], nowMs),
      ...parseQuota('organization', headers['auth0-organization-quota-limit'], nowMs),
    ],
  };
}

/** When a quota that is used up begins anew; `undefined` while something is left. */
export function quotaResetMs(quotas: readonly QuotaWindow[]): number | undefined {
  const spent = quotas.filter(({ remaining }) => remaining === 0);
  return spent.length === 0 ? undefined : Math.max(...spent.map(({ resetAtMs }) => resetAtMs));
}

function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  const seconds = wholeNumber(text);
  if (seconds !== undefined) return nowMs + seconds * 1_000;
  // `Date.parse` takes much that is no HTTP date, among it numbers with a sign.
  const dateMs = text !== undefined && text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(nowMs, dateMs);
}

/** Auth0 states an instant; others the seconds that are left. */
function resetTime(seconds: number, nowMs: number): number {
  return seconds > 1_000_000_000 ? seconds * 1_000 : nowMs + seconds * 1_000;
}

/** `b=per_hour;q=100;r=0;t=1000,b=per_day;…`: bucket, quota, remaining, seconds until it begins anew. */
function parseQuota(
  subject: QuotaWindow['subject'],
  text: string | undefined,
  nowMs: number,
): readonly QuotaWindow[] {
  if (text === undefined) return [];
  return text
    .split(',', MAX_WINDOWS)
    .map((bucket) => new Map(bucket.split(';').map(keyAndValue)))
    .flatMap((bucket) => {
      const remaining = wholeNumber(bucket.get('r'));
      const seconds = wholeNumber(bucket.get('t'));
      if (remaining === undefined || seconds === undefined) return [];
      const window = windowOf(bucket.get('b'));
      return [{ subject, window, remaining, resetAtMs: nowMs + seconds * 1_000 }];
    });
}

/** A metric has this as a label: an answer must not make names of its own. */
function windowOf(text: string | undefined): QuotaWindow['window'] {
  return text === 'per_hour' || text === 'per_day' ? text : 'other';
}

function keyAndValue(part: string): readonly [string, string] {
  const [name = '', value = ''] = part.split('=', 2);
  return [name.trim(), value.trim()];
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text.trim()) ? Number(text) : undefined;
}
