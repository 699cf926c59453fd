/** Whose address counts as the caller's. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { acceptedRequestId, clientAddress } from '../../../src/http/client-address.ts';

const isTrusted = (address: string): boolean => address.startsWith('10.') || address === '::1';

describe('the address of the caller', () => {
  const cases: readonly { name: string; peer: string; hops: string | undefined; want: string }[] = [
    { name: 'the peer without a header', peer: '10.0.0.1', hops: undefined, want: '10.0.0.1' },
    {
      name: 'an untrusted peer, whatever it says',
      peer: '192.0.2.1',
      hops: '198.51.100.1',
      want: '192.0.2.1',
    },
    {
      name: 'the last hop before the trusted ones',
      peer: '10.0.0.1',
      hops: '1.1.1.1, 198.51.100.1, 10.0.0.2',
      want: '198.51.100.1',
    },
    {
      name: 'the first hop where all are trusted',
      peer: '10.0.0.1',
      hops: '10.0.0.3,10.0.0.2',
      want: '10.0.0.3',
    },
    {
      name: 'the last known hop before junk',
      peer: '10.0.0.1',
      hops: '198.51.100.1, unknown, 10.0.0.2',
      want: '10.0.0.2',
    },
    { name: 'the peer where the header is empty', peer: '10.0.0.1', hops: '', want: '10.0.0.1' },
    {
      name: 'the peer where the last entry is empty',
      peer: '10.0.0.1',
      hops: '198.51.100.1,',
      want: '10.0.0.1',
    },
    { name: 'a hop without its port', peer: '10.0.0.1', hops: '198.51.100.1:4711', want: '198.51.100.1' },
    {
      name: 'an IPv6 hop without brackets and port',
      peer: '::1',
      hops: '[2001:db8::1]:4711',
      want: '2001:db8::1',
    },
    {
      name: 'an IPv4 peer without IPv6 mapping',
      peer: '::ffff:192.0.2.1',
      hops: undefined,
      want: '192.0.2.1',
    },
    {
      name: 'the hop before a mapped trusted peer',
      peer: '::FFFF:10.0.0.1',
      hops: '::ffff:198.51.100.1',
      want: '198.51.100.1',
    },
  ];
  for (const { name, peer, hops, want } of cases) {
    it(`is ${name}`, () => assert.equal(clientAddress(peer, hops, isTrusted), want));
  }
});

describe('a request ID', () => {
  it('is taken from a trusted peer', () => {
    assert.equal(acceptedRequestId('Ab_1.2-3', true), 'Ab_1.2-3');
    assert.equal(acceptedRequestId('a'.repeat(128), true), 'a'.repeat(128));
  });

  it('is not taken from others, nor where it could break a log line', () => {
    assert.equal(acceptedRequestId('a', false), undefined);
    for (const value of [undefined, '', 'a b', 'a\n', 'é', '"', 'a'.repeat(129)]) {
      assert.equal(acceptedRequestId(value, true), undefined);
    }
  });
});
