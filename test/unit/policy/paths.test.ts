/** Paths in a policy are held to what requests may have: another path would protect nothing, unseen. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { pathFault } from '../../../src/http/target-rules.ts';
import { decodePolicySpec } from '../../../src/policy/decode.ts';
import { policy } from './spec-builders.ts';

const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('/', '.', '..', ';', 'a', '%', '\\', '?', '#', '{', ' ', '\n', 'é'),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
  },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)) },
);
const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);

test('a policy accepts exactly the paths that a request may have', () => {
  fc.assert(
    fc.property(path, (candidate) => {
      const isPossible = !candidate.includes('?') && pathFault(candidate) === undefined;
      const decoded = decodePolicySpec(policy({ exempt: [{ path: candidate }] }));
      assert.equal(decoded.kind === 'valid', isPossible, candidate);
    }),
    { numRuns: 2_000 },
  );
});
