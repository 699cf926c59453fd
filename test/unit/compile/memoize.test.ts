/** What is remembered from one run of lookups to the next, and for how long. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startRun } from '../../../src/compile/memoize.ts';

describe('runs of lookups', () => {
  const input = {};

  it('knows in a run what was kept or recalled in it', () => {
    const first = startRun<string>(undefined);
    assert.equal(first.find('a'), undefined);
    assert.equal(first.keep('a', [input], 'made'), 'made');
    assert.equal(first.find('a'), 'made');
    const second = startRun(first.findings);
    assert.equal(second.find('a'), undefined);
    assert.equal(second.recall('a', [input]), 'made');
    assert.equal(second.find('a'), 'made');
  });

  const cases = [
    { name: 'another input', key: 'a', inputs: [{}] },
    { name: 'one input more', key: 'a', inputs: [input, input] },
    { name: 'another key', key: 'b', inputs: [input] },
  ];
  for (const { name, key, inputs } of cases) {
    it(`recalls nothing for ${name}`, () => {
      const first = startRun<string>(undefined);
      first.keep('a', [input], 'made');
      assert.equal(startRun(first.findings).recall(key, inputs), undefined);
    });
  }

  it('forgets what a run did not ask for, so that it does not grow with all that ever was', () => {
    const first = startRun<string>(undefined);
    first.keep('a', [input], 'made');
    const second = startRun(first.findings);
    second.keep('b', [input], 'made');
    assert.equal(startRun(second.findings).recall('a', [input]), undefined);
  });
});
