/** Which addresses an endpoint may have. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { judgeAddress } from '../../../src/compile/addresses.ts';

const USABLE: readonly (readonly [given: string, want: string])[] = [
  ['10.0.0.1', '10.0.0.1'],
  ['192.168.255.254', '192.168.255.254'],
  ['223.255.255.255', '223.255.255.255'],
  ['169.253.0.1', '169.253.0.1'],
  ['fd00::1', 'fd00::1'],
  ['FD00:0:0:0:0:0:0:A', 'fd00::a'],
  ['2001:db8::ffff:1', '2001:db8::ffff:1'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
];

const REFUSED: readonly (readonly [given: string, kind: string])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['169.254.0.1', 'link-local'],
  ['169.254.169.254', 'link-local'],
  ['100.100.100.200', 'metadata'],
  ['168.63.129.16', 'metadata'],
  ['224.0.0.1', 'multicast or reserved'],
  ['255.255.255.255', 'multicast or reserved'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::', 'unspecified'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['ff02::1', 'multicast'],
  ['fd00:ec2::254', 'metadata'],
  ['FD00:0EC2:0:0:0:0:0:0254', 'metadata'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::FFFF:169.254.169.254', 'link-local'],
  ['::169.254.169.254', 'link-local'],
  ['64:ff9b::169.254.169.254', 'link-local'],
  ['64:ff9b::100.100.100.200', 'metadata'],
];

const familyOf = (address: string) => (address.includes(':') ? 'IPv6' : 'IPv4');

describe('an endpoint address', () => {
  for (const [given, want] of USABLE) {
    it(`${given} is used as ${want}`, () => {
      assert.deepEqual(judgeAddress(given, familyOf(given), false), { kind: 'usable', address: want });
    });
  }

  for (const [given, kind] of REFUSED) {
    it(`${given} is refused as ${kind}`, () => {
      const message = `"${given}" must not be a ${kind} address`;
      assert.deepEqual(judgeAddress(given, familyOf(given), false), { kind: 'refused', message });
    });
  }

  for (const [given, kind] of REFUSED) {
    it(`${given} is ${kind === 'loopback' ? 'used' : 'refused'} where loopback is allowed`, () => {
      const { kind: judged } = judgeAddress(given, familyOf(given), true);
      assert.equal(judged, kind === 'loopback' ? 'usable' : 'refused');
    });
  }

  for (const given of [
    '',
    'web',
    '010.0.0.1',
    '10.0.0',
    '10.0.0.1:80',
    '[fd00::1]',
    'fe80::1%eth0',
    'fd00::1%1',
  ]) {
    it(`"${given}" is none`, () => {
      const message = `"${given}" must be an ${familyOf(given)} address`;
      assert.deepEqual(judgeAddress(given, familyOf(given), true), { kind: 'refused', message });
    });
  }

  it('must be of the family that its slice says', () => {
    assert.equal(judgeAddress('10.0.0.1', 'IPv6', false).kind, 'refused');
    assert.equal(judgeAddress('fd00::1', 'IPv4', false).kind, 'refused');
  });
});
