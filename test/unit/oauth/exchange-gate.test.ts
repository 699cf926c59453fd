/** How exchanges with one provider are paced. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';

import { DEFAULT_BOUNDS, ExchangeGate, type Admission } from '../../../src/oauth/exchange-gate.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

let clock: ManualClock;
let gate: ExchangeGate;
let seen: Admission[];

beforeEach(() => {
  clock = manualClock();
  gate = new ExchangeGate(clock, DEFAULT_BOUNDS);
  seen = [];
});

/** Asks `count` times; what was answered is in `seen` when it is. */
async function enter(count: number, deadlineMs = 60_000): Promise<void> {
  for (let asked = 0; asked < count; asked += 1) {
    void gate.enter({ lane: 'a', isRefresh: false, deadlineMs }).then((admission) => seen.push(admission));
  }
  await turnOfEventLoop();
}

async function leave(count: number): Promise<void> {
  for (let left = 0; left < count; left += 1) gate.leave();
  await turnOfEventLoop();
}

async function advance(ms: number): Promise<void> {
  clock.advance(ms);
  await turnOfEventLoop();
}

describe('the gate', () => {
  it('admits eight at once, and one for each that leaves', async () => {
    await enter(12);
    assert.equal(seen.length, 8);
    await leave(3);
    assert.equal(seen.length, 11);
  });

  it('goes on at its pace when the clock is set back', async () => {
    await enter(1);
    clock.setBack(3_600_000);
    await leave(1);
    await enter(8);
    assert.equal(seen.length, 9);
  });

  it('admits a burst of 20, then 20 a second', async () => {
    for (let wave = 0; wave < 5; wave += 1) {
      await enter(8);
      await leave(Math.min(8, seen.length));
    }
    assert.equal(seen.length, 20);
    // Whoever is admitted now never leaves: 8 are running at the end.
    await advance(49);
    assert.equal(seen.length, 20);
    await advance(1);
    assert.equal(seen.length, 21);
    await advance(50);
    assert.equal(seen.length, 22);
  });

  it('saves up no more than its burst', async () => {
    await advance(3_600_000);
    for (let wave = 0; wave < 5; wave += 1) {
      await enter(8);
      await leave(Math.min(8, seen.length));
    }
    assert.equal(seen.length, 20);
  });

  it('turns away who waits too long, and only them', async () => {
    await enter(8);
    await enter(1, 1_000);
    await enter(1, 5_000);
    await advance(1_000);
    assert.deepEqual(seen.slice(8), ['late']);
    await leave(1);
    assert.deepEqual(seen.slice(8), ['late', 'admitted']);
  });

  it('turns away at once when its queue is full', async () => {
    gate = new ExchangeGate(clock, { maxConcurrent: 1, perSecond: 20, burst: 20, maxQueued: 2 });
    await enter(4);
    assert.deepEqual(seen, ['admitted', 'full']);
  });

  /** The names in the order in which they are let through, one at a time. */
  async function orderOf(
    bounds: { readonly maxQueued: number },
    names: readonly string[],
  ): Promise<readonly string[]> {
    gate = new ExchangeGate(clock, { maxConcurrent: 1, perSecond: 1_000, burst: 1_000, ...bounds });
    const order: string[] = [];
    for (const name of names) {
      const turn = { lane: name.charAt(0), isRefresh: name.endsWith('r'), deadlineMs: 60_000 };
      void gate.enter(turn).then((admission) => {
        order.push(admission === 'admitted' ? name : `${name} ${admission}`);
      });
    }
    await turnOfEventLoop();
    for (let left = 0; left < names.length; left += 1) await leave(1);
    return order;
  }

  it('lets the lanes take turns', async () => {
    const order = await orderOf({ maxQueued: 99 }, ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']);
    assert.deepEqual(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('lets refreshes go first', async () => {
    const order = await orderOf({ maxQueued: 99 }, ['a1', 'a2', 'a3', 'b1r', 'a4r']);
    assert.deepEqual(order, ['a1', 'b1r', 'a4r', 'a2', 'a3']);
  });

  it('makes the longest lane give way when its queue is full', async () => {
    const order = await orderOf({ maxQueued: 3 }, ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'a5']);
    assert.deepEqual(order, ['a1', 'a4 full', 'b2 full', 'a5 full', 'a2', 'b1', 'a3']);
  });

  it('admits nobody during a pause', async () => {
    gate.pause(2_000);
    await enter(1);
    await advance(1_999);
    assert.deepEqual(seen, []);
    await advance(1);
    assert.deepEqual(seen, ['admitted']);
  });

  it('lets everyone go when it is closed, and leaves no timer', async () => {
    await enter(10);
    gate.close();
    await turnOfEventLoop();
    await enter(1);
    assert.deepEqual(seen.slice(8), ['closed', 'closed', 'closed']);
    assert.deepEqual(clock.pending(), []);
  });
});
