/** Debouncing of changes before a compile. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { debounce } from '../../../src/control/debounce.ts';

const OPTIONS = { quietMs: 100, ceilingMs: 500 };

test('a burst runs once, after its quiet time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const task = mock.fn();
  const debounced = debounce(task, OPTIONS);
  debounced.trigger();
  t.mock.timers.tick(60);
  debounced.trigger();
  t.mock.timers.tick(99);
  assert.equal(task.mock.callCount(), 0);
  t.mock.timers.tick(1);
  assert.equal(task.mock.callCount(), 1);
  t.mock.timers.tick(1_000);
  assert.equal(task.mock.callCount(), 1);
});

test('a storm runs at the ceiling', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const task = mock.fn();
  const debounced = debounce(task, OPTIONS);
  for (let elapsed = 0; elapsed < 500; elapsed += 50) {
    debounced.trigger();
    t.mock.timers.tick(50);
  }
  assert.equal(task.mock.callCount(), 1);
});

test('nothing runs after cancel', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const task = mock.fn();
  const debounced = debounce(task, OPTIONS);
  debounced.trigger();
  debounced.cancel();
  t.mock.timers.tick(1_000);
  assert.equal(task.mock.callCount(), 0);
});
