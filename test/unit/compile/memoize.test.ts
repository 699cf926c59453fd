/** What is remembered from one run of lookups to the next, and for how long. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { memoizeByRun } from '../../../src/compile/memoize.ts';

describe('memory by run', () => {
  const owner = {};
  const input = {};

  it('knows in a run what was kept or recalled in it', () => {
    const run = memoizeByRun<string>();
    const first = run(owner);
    assert.equal(first.find('a'), undefined);
    assert.equal(first.keep('a', [input], 'made'), 'made');
    assert.equal(first.find('a'), 'made');
    const second = run(owner);
    assert.equal(second.find('a'), undefined);
    assert.equal(second.recall('a', [input]), 'made');
    assert.equal(second.find('a'), 'made');
  });

  const cases = [
    { name: 'another input', owner, key: 'a', inputs: [{}] },
    { name: 'one input more', owner, key: 'a', inputs: [input, input] },
    { name: 'another key', owner, key: 'b', inputs: [input] },
    { name: 'another owner', owner: {}, key: 'a', inputs: [input] },
  ];
  for (const { name, owner: asker, key, inputs } of cases) {
    it(`recalls nothing for ${name}`, () => {
      const run = memoizeByRun<string>();
      run(owner).keep('a', [input], 'made');
      assert.equal(run(asker).recall(key, inputs), undefined);
    });
  }

  it('forgets what a run did not ask for, so that it does not grow with all that ever was', () => {
    const run = memoizeByRun<string>();
    run(owner).keep('a', [input], 'made');
    run(owner).keep('b', [input], 'made');
    assert.equal(run(owner).recall('a', [input]), undefined);
  });
});
