/** How claims are found, compared and sent on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { claimHolds } from '../../../src/authz/claim-operators.ts';
import { claimAt, claimHeaderValue, tokenClientId } from '../../../src/authz/claims.ts';
import type { ClaimRequirement } from '../../../src/model/table.ts';

describe('a claim', () => {
  const claims = { a: { b: [1, { c: 2 }], 'x.y': null }, 'https://acme/roles': ['r'], t: 'text' };
  const cases: readonly { path: readonly string[]; want: unknown }[] = [
    { path: ['a', 'b'], want: [1, { c: 2 }] },
    { path: ['a', 'x.y'], want: null },
    { path: ['https://acme/roles'], want: ['r'] },
    { path: ['a', 'x', 'y'], want: undefined },
    { path: ['a', 'b', '0'], want: undefined },
    { path: ['a', 'x.y', 'z'], want: undefined },
    { path: ['t', 'length'], want: undefined },
    { path: ['constructor'], want: undefined },
    { path: ['a', '__proto__'], want: undefined },
  ];
  for (const { path, want } of cases) {
    it(`at ${path.join(' > ')} is ${JSON.stringify(want)}`, () =>
      assert.deepEqual(claimAt(claims, path), want));
  }
});

describe('a required claim', () => {
  const cases: readonly {
    operator: ClaimRequirement['operator'];
    values: readonly string[];
    holds: readonly unknown[];
    fails: readonly unknown[];
  }[] = [
    { operator: 'Exists', values: [], holds: ['', 0, false, [], {}], fails: [undefined, null] },
    { operator: 'NotExists', values: [], holds: [undefined], fails: [null, '', 0, false, [], {}] },
    {
      operator: 'Equals',
      values: ['a'],
      holds: ['a', ['a'], ['a', 'a']],
      fails: [undefined, null, 'A', 'ab', '', [], ['a', 'b'], ['a', {}], { a: 'a' }],
    },
    { operator: 'Equals', values: ['a', 'b'], holds: [['b', 'a']], fails: ['a', ['a'], ['a', 'b', 'c']] },
    { operator: 'Equals', values: ['1'], holds: [1, '1'], fails: [1.5, true] },
    { operator: 'Equals', values: ['true'], holds: [true, 'true'], fails: [false, 1] },
    {
      operator: 'OneOf',
      values: ['a', 'b'],
      holds: ['a', 'b', ['x', 'b']],
      fails: [undefined, 'c', 'a b', [], [['a']]],
    },
    {
      operator: 'Contains',
      values: ['a', 'b'],
      holds: [['a', 'x', 'b']],
      fails: [undefined, 'a', 'ab', 'a b', ['a'], []],
    },
    { operator: 'Contains', values: ['a'], holds: ['a', ['a']], fails: ['abc', { a: 1 }] },
    {
      operator: 'Matches',
      values: ['a+', 'b'],
      holds: ['aa', 'b', ['x', 'a']],
      fails: [undefined, 'ab', 'xa', '', [], {}],
    },
    { operator: 'Matches', values: ['('], holds: [], fails: ['(', ''] },
  ];
  for (const { operator, values, holds, fails } of cases) {
    const given = { path: ['c'], operator, values };
    it(`${operator} ${values.join(' ')} holds for ${JSON.stringify(holds)}`, () => {
      for (const claim of holds) assert.equal(claimHolds({ c: claim }, given), true, JSON.stringify(claim));
    });
    it(`${operator} ${values.join(' ')} fails for ${JSON.stringify(fails)}`, () => {
      for (const claim of fails) assert.equal(claimHolds({ c: claim }, given), false, JSON.stringify(claim));
    });
  }
});

describe('the client of a token', () => {
  const cases: readonly { given: Readonly<Record<string, unknown>>; want: string | undefined }[] = [
    { given: { client_id: 'a', azp: 'b', sub: 'c' }, want: 'a' },
    { given: { azp: 'b', sub: 'c' }, want: 'b' },
    { given: { sub: 'c@clients' }, want: 'c' },
    { given: { sub: 'c@clients@clients' }, want: 'c@clients' },
    { given: { sub: 'auth0|7' }, want: 'auth0|7' },
    { given: { client_id: 7, azp: '', sub: 'c' }, want: 'c' },
    { given: {}, want: undefined },
  ];
  for (const { given, want } of cases) {
    it(`is ${want} for ${JSON.stringify(given)}`, () => assert.equal(tokenClientId(given), want));
  }
});

describe('the header of a claim', () => {
  const cases: readonly { given: unknown; want: string | undefined }[] = [
    { given: 'text, more', want: 'text, more' },
    { given: 'é', want: 'é' },
    { given: '', want: '' },
    { given: 7, want: '7' },
    { given: false, want: 'false' },
    { given: ['a', 1, true], want: 'a,1,true' },
    { given: ['a,admin'], want: undefined },
    { given: ['a', ['b']], want: undefined },
    { given: ['a', 'b\n'], want: undefined },
    { given: [], want: undefined },
    { given: {}, want: undefined },
    { given: null, want: undefined },
    { given: undefined, want: undefined },
    { given: 'a\r\nX-Admin: 1', want: undefined },
    { given: 'a\tb', want: undefined },
    { given: '\u010a', want: undefined },
    { given: '\x85', want: undefined },
  ];
  for (const { given, want } of cases) {
    it(`is ${JSON.stringify(want)} for ${JSON.stringify(given)}`, () =>
      assert.equal(claimHeaderValue(given), want));
  }

  it('never holds what Node would refuse or cut', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' }))),
        (claim) => {
          const value = claimHeaderValue(claim) ?? '';
          assert.ok(
            Buffer.from(value, 'latin1').toString('latin1') === value && !/[\x00-\x1f\x7f]/.test(value),
          );
        },
      ),
    );
  });
});
