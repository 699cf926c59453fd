/** What `check` says in words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describeClaims, describeDuration, describeRefusal } from '../../../cmd/oidc-ingress/check-report.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 12, 0, 0);

const DURATIONS = [
  { given: 0, want: '0 s' },
  { given: 999, want: '1 s' },
  { given: 61_000, want: '1 min 1 s' },
  { given: 3_600_000, want: '1 h' },
  { given: 86_399_000, want: '23 h 59 min' },
  { given: 90_000_000, want: '1 d 1 h' },
];
for (const { given, want } of DURATIONS) {
  test(`${given} ms are ${want}`, () => assert.equal(describeDuration(given), want));
}

test('claims are told one a line, those that are absent not at all', () => {
  const claims = {
    iss: 'https://acme.eu.auth0.com/',
    aud: ['https://a.example.com/', 'https://b.example.com/'],
    sub: 'reader@clients',
    permissions: [],
    exp: NOW_MS / 1_000 + 90,
  };
  assert.deepEqual(describeClaims(claims, NOW_MS), [
    'issuer        https://acme.eu.auth0.com/',
    'audience      https://a.example.com/, https://b.example.com/',
    'client        reader',
    'permissions   none',
    'expires       in 1 min 30 s (2026-11-24T12:01:30.000Z)',
  ]);
  assert.deepEqual(describeClaims({ exp: NOW_MS / 1_000 - 60 }, NOW_MS), [
    'expires       1 min ago (2026-11-24T11:59:00.000Z)',
  ]);
});

test('a refusal says what callers would get, what to do, and when to try again', () => {
  const refusal = { kind: 'refused', detail: 'the tenant is busy', keepUntilMs: undefined } as const;
  const limited = { ...refusal, reason: 'ProviderRateLimited', retryAtMs: NOW_MS + 30_000 } as const;
  assert.deepEqual(describeRefusal(limited, NOW_MS), [
    'The identity provider is limiting requests: the tenant is busy',
    'a retry may succeed in 30 s',
    'callers would get 503 ProviderRateLimited',
    'Retry after Retry-After; the credentials are not at fault.',
  ]);
  const missing = { ...refusal, reason: 'GrantMissing', retryAtMs: undefined } as const;
  assert.equal(describeRefusal(missing, NOW_MS).length, 3);
});
