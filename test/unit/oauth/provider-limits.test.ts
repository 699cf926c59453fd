/** Headers by which a provider states its limits. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { parseLimits, quotaResetMs } from '../../../src/oauth/provider-limits.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const NONE = { retryAtMs: undefined, remaining: undefined, resetAtMs: undefined, quotas: [] };

describe('the limits of a provider', () => {
  it('are unknown without headers', () => {
    assert.deepEqual(parseLimits({}, NOW_MS), NONE);
  });

  const RETRY: readonly { readonly given: string; readonly want: number | undefined }[] = [
    { given: '0', want: NOW_MS },
    { given: '120', want: NOW_MS + 120_000 },
    { given: 'Thu, 01 Jan 2026 00:00:30 GMT', want: NOW_MS + 30_000 },
    { given: 'Wed, 31 Dec 2025 00:00:00 GMT', want: NOW_MS },
    { given: '-5', want: undefined },
    { given: '1.5', want: undefined },
    { given: 'soon', want: undefined },
    { given: '', want: undefined },
  ];
  for (const { given, want } of RETRY) {
    it(`are read from Retry-After: ${given}`, () => {
      assert.deepEqual(parseLimits({ 'retry-after': given }, NOW_MS), { ...NONE, retryAtMs: want });
    });
  }

  it('are read from X-RateLimit, an instant or seconds', () => {
    const instant = { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(NOW_MS / 1_000 + 9) };
    assert.deepEqual(parseLimits(instant, NOW_MS), { ...NONE, remaining: 7, resetAtMs: NOW_MS + 9_000 });
    const seconds = { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '9' };
    assert.deepEqual(parseLimits(seconds, NOW_MS), { ...NONE, remaining: 7, resetAtMs: NOW_MS + 9_000 });
  });

  it('are read from the quota headers of Auth0', () => {
    const { quotas } = parseLimits(
      {
        'auth0-client-quota-limit': 'b=per_hour;q=100;r=99;t=1, b=per_day;q=300;r=0;t=4000',
        'auth0-organization-quota-limit': 'b=per_hour;q=5;r=5;t=2',
      },
      NOW_MS,
    );
    assert.deepEqual(quotas, [
      { subject: 'client', window: 'per_hour', remaining: 99, resetAtMs: NOW_MS + 1_000 },
      { subject: 'client', window: 'per_day', remaining: 0, resetAtMs: NOW_MS + 4_000_000 },
      { subject: 'organization', window: 'per_hour', remaining: 5, resetAtMs: NOW_MS + 2_000 },
    ]);
    assert.equal(quotaResetMs(quotas), NOW_MS + 4_000_000);
    assert.equal(quotaResetMs(quotas.slice(0, 1)), undefined);
  });

  it('are not made of nonsense', () => {
    const nonsense = {
      'auth0-client-quota-limit': ';;=,b=x;r=-1;t=z,,b;r;t',
      'x-ratelimit-remaining': 'NaN',
    };
    assert.deepEqual(parseLimits(nonsense, NOW_MS), NONE);
  });
});
