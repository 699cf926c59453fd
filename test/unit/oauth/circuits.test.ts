/** Which circuit to a provider opens for whom. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

import { Circuits, type ProviderHealth } from '../../../src/oauth/circuits.ts';

const WELL: ProviderHealth = { kind: 'healthy' };
const SILENT: ProviderHealth = { kind: 'unavailable', retryAtMs: undefined, scope: 'provider' };
const FAILING: ProviderHealth = { kind: 'unavailable', retryAtMs: undefined, scope: 'policy' };

let states: number[];
let circuits: Circuits;

beforeEach(() => {
  states = [];
  circuits = new Circuits((state) => states.push(state));
});

function report(policy: string, health: ProviderHealth, nowMs = 0): void {
  const leave = circuits.enter(policy, nowMs);
  assert.equal(leave.kind, 'leave');
  circuits.report(leave, health, nowMs);
}

const isOpen = (policy: string, nowMs = 0): boolean => circuits.check(policy, nowMs) !== undefined;

describe('the circuits', () => {
  it('open for all policies where the provider does not answer', () => {
    for (const policy of ['a', 'b', 'a', 'b', 'a']) report(policy, SILENT);
    assert.deepEqual([isOpen('a'), isOpen('b'), isOpen('c')], [true, true, true]);
  });

  it('open for the one policy at whose requests the provider fails', () => {
    for (let count = 0; count < 5; count += 1) report('a', FAILING);
    assert.deepEqual([isOpen('a'), isOpen('b')], [true, false]);
  });

  it('open for all policies where the provider limits requests', () => {
    report('a', { kind: 'rateLimited', retryAtMs: 3_000 });
    assert.deepEqual([isOpen('b', 2_999), isOpen('b', 3_000)], [true, false]);
  });

  it('close each on its own', () => {
    for (let count = 0; count < 5; count += 1) report('a', FAILING);
    report('b', WELL);
    assert.equal(isOpen('a', 4_999), true);
    report('a', WELL, 5_000);
    assert.equal(isOpen('a', 5_000), false);
  });

  it('tell the worst of them', () => {
    for (let count = 0; count < 5; count += 1) report('a', FAILING);
    for (let count = 0; count < 5; count += 1) report('b', FAILING);
    report('a', WELL, 5_000);
    assert.deepEqual(states, [2]);
    report('b', WELL, 5_000);
    assert.deepEqual(states, [2, 1, 0]);
  });

  it('leave the probe of all to the next where the own circuit of a policy is open', () => {
    for (let count = 0; count < 5; count += 1) report('a', FAILING);
    for (let count = 0; count < 5; count += 1) report('b', SILENT);
    assert.equal(circuits.enter('a', 4_999).kind, 'open');
    report('b', WELL, 5_000);
    assert.equal(isOpen('c', 5_000), false);
  });
});
