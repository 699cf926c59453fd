/** How problems are put together. */

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { createProblemList } from '../../../src/compile/problem-list.ts';
import type { Problem } from '../../../src/model/problems.ts';

it('takes more problems than fit on the stack', () => {
  const many = Array.from({ length: 200_000 }, (_, at): Problem => {
    const name = String(at).padStart(6, '0');
    return {
      reason: 'NoEndpoints',
      object: { kind: 'Ingress', namespace: 'shop', name },
      field: '',
      message: '',
    };
  });
  const list = createProblemList();
  list.addAll(many);
  assert.equal(list.sorted().length, many.length);
});
