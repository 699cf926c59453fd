/** Which addresses a provider may have. */

import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { BlockList, type LookupFunction } from 'node:net';
import { describe, it } from 'node:test';

import { AddressRefused, createAddressRules } from '../../../src/oauth/address-rules.ts';

const NOTHING = new BlockList();

const REFUSED = [
  '0.0.0.0',
  '0.1.2.3',
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'fd00:ec2::254',
  'FD00:0EC2:0:0:0:0:0:254',
  'fd20:ce::254',
  'ff02::1',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::ffff:0:169.254.169.254',
  '64:ff9b::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '::169.254.169.254',
];

const LOOPBACK = [
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '64:ff9b::127.0.0.1',
];

const PERMITTED = [
  '10.0.0.1',
  '192.168.1.1',
  '172.16.0.1',
  '93.184.215.14',
  'fd00::1',
  '2606:4700::1',
  '::ffff:10.0.0.1',
];

describe('the addresses of providers', () => {
  const strict = createAddressRules({ allowInsecureIssuers: false, allowedBlocks: NOTHING });
  const lax = createAddressRules({ allowInsecureIssuers: true, allowedBlocks: NOTHING });

  for (const address of REFUSED) {
    it(`never include ${address}`, () => {
      assert.equal(strict.permits(address), false);
      assert.equal(lax.permits(address), false);
    });
  }
  for (const address of LOOPBACK) {
    it(`include ${address} in development only`, () => {
      assert.equal(strict.permits(address), false);
      assert.equal(lax.permits(address), true);
    });
  }
  for (const address of PERMITTED) {
    it(`include ${address}`, () => assert.equal(strict.permits(address), true));
  }

  it('include what the operator allows', () => {
    const allowedBlocks = new BlockList();
    allowedBlocks.addSubnet('169.254.10.0', 24, 'ipv4');
    allowedBlocks.addAddress('127.0.0.1', 'ipv4');
    const rules = createAddressRules({ allowInsecureIssuers: false, allowedBlocks });
    assert.equal(rules.permits('169.254.10.7'), true);
    assert.equal(rules.permits('::ffff:169.254.10.7'), true);
    assert.equal(rules.permits('127.0.0.1'), true);
    assert.equal(rules.permits('127.0.0.2'), false);
    assert.equal(rules.permits('169.254.169.254'), false);
  });
});

describe('a name', () => {
  function resolve(found: readonly LookupAddress[] | Error, all: boolean) {
    const lookup: LookupFunction = (_hostname, _options, callback) => {
      if (found instanceof Error) callback(found, []);
      else callback(null, [...found]);
    };
    const rules = createAddressRules({ allowInsecureIssuers: false, allowedBlocks: NOTHING, lookup });
    const { promise, resolve: settle, reject } = Promise.withResolvers<unknown>();
    rules.lookup('idp.test', { all }, (error, address, family) => {
      if (error === null) settle(all ? address : [address, family]);
      else reject(error);
    });
    return promise;
  }
  const good = { address: '93.184.215.14', family: 4 };
  const bad = { address: '169.254.169.254', family: 4 };

  it('resolves to its permitted addresses only', async () => {
    assert.deepEqual(await resolve([bad, good], true), [good]);
    assert.deepEqual(await resolve([bad, good], false), ['93.184.215.14', 4]);
  });

  it('without a permitted address is refused', async () => {
    await assert.rejects(resolve([bad], true), (error) => {
      assert.ok(error instanceof AddressRefused);
      assert.equal(
        error.message,
        'idp.test has no address that a provider may have: see --allow-provider-cidrs',
      );
      return true;
    });
  });

  it('that does not resolve fails as the resolver says', async () => {
    await assert.rejects(resolve(new Error('no such name'), true), /no such name/);
  });
});
