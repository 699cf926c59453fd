/** The decoder of OIDCPolicy, over every case that the API server is tested with too. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatFault } from '../../../src/model/faults.ts';
import { decodePolicySpec } from '../../../src/policy/decode.ts';
import { ACCEPTED } from './accepted-specs.ts';
import { REFUSED } from './refused-specs.ts';

for (const { name, spec } of ACCEPTED) {
  test(`the decoder accepts ${name}`, () => {
    const decoded = decodePolicySpec(spec);
    assert.deepEqual(decoded.kind === 'invalid' ? decoded.faults.map(formatFault) : [], []);
  });
}

for (const { name, spec, want } of REFUSED) {
  test(`the decoder refuses ${name}`, () => {
    const decoded = decodePolicySpec(spec);
    assert.equal(decoded.kind === 'invalid' ? decoded.faults.map(formatFault).join('; ') : 'accepted', want);
  });
}

test('a decoded policy is decoded to itself', () => {
  for (const { spec } of ACCEPTED) {
    const decoded = decodePolicySpec(spec);
    assert.ok(decoded.kind === 'valid');
    assert.deepEqual(decodePolicySpec(decoded.spec), decoded);
  }
});
