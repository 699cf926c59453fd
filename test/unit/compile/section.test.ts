/** What a section of the table remembers of the one that it was made of. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { madeOf, replacedSince, replaceEntries, type Section } from '../../../src/compile/section.ts';
import { eventually } from '../../support/eventually.ts';

const first: Section<number> = { a: 1, b: 2 };

describe('a section made of another one', () => {
  it('has the new entries at the places of the old ones', () => {
    const next = replaceEntries(first, { a: 3 });
    assert.deepEqual(Object.entries(next), [
      ['a', 3],
      ['b', 2],
    ]);
    assert.deepEqual(first, { a: 1, b: 2 });
  });

  it('knows what it was made of, and which entries were replaced', () => {
    const next = replaceEntries(first, { b: 3 });
    assert.equal(madeOf(next), first);
    assert.deepEqual(replacedSince(first, next), ['b']);
  });

  it('says nothing of any other section, not even of one that says the same or of the one before the last', () => {
    const second = replaceEntries(first, { a: 3 });
    const third = replaceEntries(second, { b: 4 });
    assert.equal(replacedSince({ ...second }, third), undefined);
    assert.equal(replacedSince(first, third), undefined);
    assert.equal(replacedSince(second, first), undefined);
    assert.equal(madeOf(first), undefined);
  });

  it('is that one where nothing is replaced', () => {
    assert.equal(replaceEntries(first, {}), first);
  });

  it('does not keep it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const next = replaceEntries({ ...first }, { a: 3 });
    await eventually('the old section is collected', async () => {
      await setImmediate();
      collect();
      return madeOf(next) === undefined;
    });
    assert.deepEqual(next, { a: 3, b: 2 });
  });
});
