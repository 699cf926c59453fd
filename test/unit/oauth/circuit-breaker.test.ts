/** When the circuit to a provider opens and closes. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

import { CircuitBreaker, type Health, type Permit } from '../../../src/oauth/circuit-breaker.ts';

const DOWN: Health = { kind: 'unavailable', retryAtMs: undefined };
const WELL: Health = { kind: 'healthy' };

let states: number[];
let breaker: CircuitBreaker;

beforeEach(() => {
  states = [];
  breaker = new CircuitBreaker((state) => states.push(state));
});

function enter(nowMs: number): Permit {
  const permit = breaker.enter(nowMs);
  assert.equal(permit.kind, 'permit');
  return permit;
}

function fail(times: number, nowMs = 0): void {
  for (let count = 0; count < times; count += 1) breaker.report(enter(nowMs), DOWN, nowMs);
}

describe('the circuit', () => {
  it('opens after five failures in a row, for five seconds', () => {
    fail(4);
    assert.equal(breaker.check(0), undefined);
    fail(1);
    const open = { kind: 'open', reason: 'ProviderUnavailable', retryAtMs: 5_000 };
    assert.deepEqual(breaker.check(4_999), open);
    assert.deepEqual(breaker.enter(4_999), open);
    assert.equal(breaker.check(5_000), undefined);
    assert.deepEqual(states, [2]);
  });

  it('forgets failures at a success', () => {
    fail(4);
    breaker.report(enter(0), WELL, 0);
    fail(4);
    assert.equal(breaker.check(0), undefined);
  });

  it('lets one probe through after the pause', () => {
    fail(5);
    assert.equal(enter(5_000).isProbe, true);
    assert.deepEqual(breaker.enter(5_000), { kind: 'open', reason: 'ProviderUnavailable', retryAtMs: 6_000 });
  });

  it('does not wait for a clock that is set back to catch up', () => {
    fail(5, 3_600_000);
    assert.equal(breaker.check(3_600_000 - 55_000)?.retryAtMs, 3_605_000);
    assert.equal(enter(0).isProbe, true);
  });

  it('closes when the probe succeeds', () => {
    fail(5);
    breaker.report(enter(5_000), WELL, 5_100);
    assert.equal(enter(5_100).isProbe, false);
    assert.deepEqual(states, [2, 1, 0]);
  });

  it('doubles its pause up to a minute while probes fail', () => {
    fail(5);
    let nowMs = 0;
    const pauses: number[] = [];
    for (let probe = 0; probe < 6; probe += 1) {
      const open = breaker.check(nowMs);
      assert.ok(open !== undefined);
      pauses.push(open.retryAtMs - nowMs);
      nowMs = open.retryAtMs;
      breaker.report(enter(nowMs), DOWN, nowMs);
    }
    assert.deepEqual(pauses, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('gives the probe to the next where it was never sent', () => {
    fail(5);
    breaker.report(enter(5_000), { kind: 'unknown' }, 5_000);
    assert.equal(enter(5_000).isProbe, true);
  });

  it('learns nothing from what was sent before it opened', () => {
    const early = enter(0);
    fail(5);
    breaker.report(early, WELL, 100);
    assert.notEqual(breaker.check(100), undefined);
    breaker.report(early, DOWN, 100);
    assert.equal(breaker.check(100)?.retryAtMs, 5_000);
  });

  it('opens at once where the provider asks for patience, but not for a day', () => {
    breaker.report(enter(0), { kind: 'rateLimited', retryAtMs: 7_000 }, 0);
    assert.deepEqual(breaker.check(0), { kind: 'open', reason: 'ProviderRateLimited', retryAtMs: 7_000 });
    breaker.report(enter(7_000), { kind: 'unavailable', retryAtMs: 86_400_000 }, 7_000);
    assert.deepEqual(breaker.check(7_000), {
      kind: 'open',
      reason: 'ProviderUnavailable',
      retryAtMs: 67_000,
    });
  });
});
