/** Keys of the table say what the objects of the cluster say. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { propertyKey } from '../../../src/compile/property-key.ts';

for (const text of ['a.example.com', 'shop/web:80', '', '7', '__proto__', 'constructor']) {
  test(`the key of "${text}" is the same text`, () => {
    assert.equal(propertyKey(text), text);
  });
}
