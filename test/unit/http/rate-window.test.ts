/** The arithmetic of rate limits, held to what it promises: never more than the limit in any window. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { rateStep, WINDOW_WORDS } from '../../../src/http/rate-window.ts';

const START_MS = Date.UTC(2026, 10, 24);

/** One caller; time is given with each request. */
function caller(requests: number, windowMs: number): (nowMs: number) => number | undefined {
  const words = Array<bigint>(WINDOW_WORDS).fill(0n);
  return (nowMs) => {
    const step = rateStep(words, { requests, windowMs }, START_MS + nowMs);
    if (step.kind === 'refuse') return step.retryAtMs - START_MS;
    words[step.at] = step.next;
    return undefined;
  };
}

describe('a rate limit', () => {
  it('lets as many through as it says, and no more', () => {
    const take = caller(3, 60_000);
    assert.deepEqual(
      [0, 1, 2, 3].map((nowMs) => take(nowMs) === undefined),
      [true, true, true, false],
    );
  });

  it('opens again when it says so, and not before', () => {
    const take = caller(2, 60_000);
    take(1_000);
    take(30_000);
    const retryAtMs = take(40_000) ?? 0;
    assert.ok(retryAtMs > 61_000 && retryAtMs <= 67_000, String(retryAtMs));
    assert.notEqual(take(retryAtMs - 1), undefined);
    assert.equal(take(retryAtMs), undefined);
    assert.notEqual(take(retryAtMs), undefined, 'the second of the two is not forgotten yet');
  });

  it('forgets what is long ago', () => {
    const take = caller(1, 1_000);
    assert.equal(take(0), undefined);
    assert.equal(take(1_000_000_000), undefined);
  });

  it('is not upset by a clock that is set back', () => {
    const take = caller(1, 1_000);
    assert.equal(take(5_000), undefined);
    assert.equal(take(0), undefined);
    assert.notEqual(take(1), undefined);
  });

  it('never lets more through in any window', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1_000, max: 4_321 }),
        gaps,
        (requests, windowMs, steps) => {
          const take = caller(requests, windowMs);
          const admitted: number[] = [];
          let nowMs = 0;
          for (const step of steps) {
            nowMs += step;
            const retryAtMs = take(nowMs);
            const recent = admitted.filter((at) => at > nowMs - windowMs).length;
            if (retryAtMs === undefined) {
              admitted.push(nowMs);
              assert.ok(recent < requests, `${recent} of ${requests} within ${windowMs} ms`);
            } else {
              assert.ok(retryAtMs > nowMs);
              // It errs by less than two parts of ten.
              const within = admitted.filter((at) => at > nowMs - windowMs * 1.25).length;
              assert.ok(within >= requests, 'refused although there was room');
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
