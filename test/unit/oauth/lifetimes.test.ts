/** How long a token may be used. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { lifetimeOf, type LifetimeInput } from '../../../src/oauth/lifetimes.ts';
import { planOf } from '../../support/plan.ts';

const { cache } = planOf();
const AN_HOUR: LifetimeInput = {
  expiresAtMs: 3_600_000,
  expiresInSeconds: undefined,
  nowMs: 0,
  cache,
  random: 0,
};

const CASES: readonly {
  readonly name: string;
  readonly given: Partial<LifetimeInput>;
  readonly want: readonly [usableUntilMs: number, refreshFromMs: number];
}[] = [
  { name: 'an hour', given: {}, want: [3_595_000, 3_535_000] },
  { name: 'an hour, with all the jitter', given: { random: 1 }, want: [3_595_000, 3_547_000] },
  {
    name: 'a shorter expires_in',
    given: { expiresInSeconds: 605 },
    want: [600_000, 540_000],
  },
  {
    name: 'a quarter of a short life as window',
    given: { expiresAtMs: 45_000 },
    want: [40_000, 30_000],
  },
  {
    name: 'maxTtl',
    given: { cache: { ...cache, maxTtlMs: 100_000 } },
    want: [100_000, 75_000],
  },
  {
    name: 'revalidateAfter below maxTtl',
    given: { cache: { ...cache, maxTtlMs: 100_000, revalidateAfterMs: 8_000 } },
    want: [8_000, 6_000],
  },
  {
    name: 'no window',
    given: { cache: { ...cache, refreshBeforeMs: 0 } },
    want: [3_595_000, 3_595_000],
  },
  { name: 'exactly 5 s', given: { expiresAtMs: 5_000 }, want: [0, 0] },
  { name: 'a moment more', given: { expiresAtMs: 5_004 }, want: [4, 3] },
];

describe('the life of a token', () => {
  for (const { name, given, want } of CASES) {
    it(`is decided by ${name}`, () => {
      const { usableUntilMs, refreshFromMs } = lifetimeOf({ ...AN_HOUR, ...given });
      assert.deepEqual([usableUntilMs, refreshFromMs], want);
    });
  }
});
