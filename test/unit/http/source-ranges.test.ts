/** Which sources may call: addresses and blocks of both families, checked against what Node says of the same blocks. */

import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { addressBytes, callerBlock, sourceFilter } from '../../../src/http/source-ranges.ts';

interface Case {
  readonly name: string;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly address: string;
  readonly want: boolean;
}

const CASES: readonly Case[] = [
  { name: 'within a block', allow: ['10.0.0.0/8'], address: '10.255.0.1', want: true },
  { name: 'beside a block', allow: ['10.0.0.0/8'], address: '11.0.0.1', want: false },
  { name: 'a bound within a byte', allow: ['192.0.2.128/25'], address: '192.0.2.127', want: false },
  { name: 'an address alone', allow: ['192.0.2.7'], address: '192.0.2.7', want: true },
  { name: 'a block with bits behind its prefix', allow: ['10.1.2.3/8'], address: '10.9.9.9', want: true },
  { name: 'everything', allow: ['0.0.0.0/0'], address: '203.0.113.9', want: true },
  { name: 'IPv6', allow: ['2001:db8::/32'], address: '2001:db8:ffff::1', want: true },
  { name: 'IPv6 beside it', allow: ['2001:db8::/32'], address: '2001:db9::1', want: false },
  { name: 'all of IPv6, which IPv4 is not', allow: ['::/0'], address: '10.0.0.1', want: false },
  { name: 'IPv4 written as IPv6', allow: ['10.0.0.0/8'], address: '::ffff:10.0.0.1', want: true },
  { name: 'a mapped block', allow: ['::ffff:10.0.0.0/104'], address: '10.0.0.1', want: true },
  { name: 'a link-local address with a zone', allow: ['fe80::/10'], address: 'fe80::1%eth0', want: true },
  {
    name: 'one that is both allowed and denied',
    allow: ['10.0.0.0/8'],
    deny: ['10.0.0.1'],
    address: '10.0.0.1',
    want: false,
  },
  { name: 'one that is not denied', deny: ['10.0.0.1'], address: '10.0.0.2', want: true },
  { name: 'no address', deny: ['10.0.0.1'], address: '', want: false },
  { name: 'no address where everything is allowed', allow: ['0.0.0.0/0'], address: 'unix', want: false },
];

describe('a list of sources', () => {
  for (const { name, allow = [], deny = [], address, want } of CASES) {
    it(`${want ? 'lets through' : 'keeps out'} ${name}`, () => {
      assert.equal(sourceFilter({ allow, deny })?.(address), want);
    });
  }

  it('that is empty lets everybody through, without being asked', () => {
    assert.equal(sourceFilter({ allow: [], deny: [] }), undefined);
  });

  it('says the same as the block list of Node', () => {
    const block = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    );
    const given = fc.tuple(fc.array(block, { minLength: 1, maxLength: 4 }), fc.oneof(fc.ipV4(), fc.ipV6()));
    fc.assert(
      fc.property(given, fc.nat(7), ([blocks, other], at) => {
        // Half of the time an address that is near a block: it begins one.
        const address = blocks[at]?.[0] ?? other;
        // Node takes mapped addresses for IPv6 here, and the gateway for what they are.
        fc.pre([address, ...blocks.map(([base]) => base)].every((text) => !isMapped(text)));
        const list = new BlockList();
        // To Node, unlike here, an IPv4 address is in the block ::/0.
        const same = blocks.filter(([base]) => isIPv4(base) === isIPv4(address));
        for (const [base, bits] of same) list.addSubnet(base, bits, isIPv4(base) ? 'ipv4' : 'ipv6');
        const allow = blocks.map(([base, bits]) => `${base}/${bits}`);
        const want = list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
        assert.equal(sourceFilter({ allow, deny: [] })?.(address), want);
      }),
      { numRuns: 2_000 },
    );
  });
});

function isMapped(address: string): boolean {
  return !isIPv4(address) && addressBytes(address)?.length === 4;
}

describe('what counts as one caller', () => {
  const cases = [
    { name: 'an IPv4 address', given: ['192.0.2.1', '192.0.2.1'], want: true },
    { name: 'no two IPv4 addresses', given: ['192.0.2.1', '192.0.2.2'], want: false },
    { name: 'all of a /64', given: ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2'], want: true },
    { name: 'no two /64', given: ['2001:db8:0:1::1', '2001:db8:0:2::1'], want: false },
    {
      name: 'an IPv4 address in both notations',
      given: ['::ffff:192.0.2.1', '::ffff:c000:201'],
      want: false,
    },
  ] as const;
  for (const { name, given, want } of cases) {
    it(`is ${name}`, () => {
      const [a, b] = given.map(callerBlock);
      assert.equal(a === b, want);
    });
  }
});
