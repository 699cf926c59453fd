/** The header of the PROXY protocol: what is taken, what is waited for, what is refused. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { readProxyHeader } from '../../../src/http/proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const v2 = (hex: string): Buffer => Buffer.from(SIGNATURE + hex.replaceAll(' ', ''), 'hex');
const v1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const V4 = '21 11 000c c0000201 c6336401 d431 01bb';
const V6 = `21 21 0024 20010db8${'00'.repeat(11)}01 20010db8${'00'.repeat(11)}02 d431 01bb`;

const TAKEN: readonly { readonly name: string; readonly given: Buffer; readonly want: string | undefined }[] =
  [
    {
      name: 'version 1 for IPv4',
      given: v1('PROXY TCP4 192.0.2.1 198.51.100.1 54321 443\r\n'),
      want: '192.0.2.1',
    },
    {
      name: 'version 1 for IPv6',
      given: v1('PROXY TCP6 2001:DB8:0::1 2001:db8::2 0 65535\r\n'),
      want: '2001:db8::1',
    },
    {
      name: 'version 1 for IPv4 in IPv6',
      given: v1('PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n'),
      want: '192.0.2.1',
    },
    { name: 'version 1 for nobody', given: v1('PROXY UNKNOWN\r\n'), want: undefined },
    {
      name: 'version 1 for nobody, with what is not looked at',
      given: v1('PROXY UNKNOWN x y z\r\n'),
      want: undefined,
    },
    { name: 'version 2 for IPv4', given: v2(V4), want: '192.0.2.1' },
    { name: 'version 2 for IPv6', given: v2(V6), want: '2001:db8::1' },
    {
      name: 'version 2 with further fields',
      given: v2('21 11 0014 c0000201 c6336401 d431 01bb 04 0001 00 05 0001 78'),
      want: '192.0.2.1',
    },
    { name: 'version 2 for the proxy itself', given: v2('20 00 0000'), want: undefined },
    {
      name: 'version 2 for the proxy itself, with addresses',
      given: v2(V4.replace('21', '20')),
      want: undefined,
    },
    { name: 'version 2 for nobody', given: v2('21 00 0003 040000'), want: undefined },
  ];

const REFUSED: readonly { readonly name: string; readonly given: Buffer }[] = [
  { name: 'a request', given: v1('GET / HTTP/1.1\r\n') },
  { name: 'a TLS handshake', given: Buffer.from('160301', 'hex') },
  { name: 'another first word', given: v1('PROXIED TCP4') },
  { name: 'small letters', given: v1('proxy TCP4') },
  { name: 'an address of the other family', given: v1('PROXY TCP4 ::1 ::1 1 2\r\n') },
  { name: 'an address with a zone', given: v1('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n') },
  { name: 'a name for an address', given: v1('PROXY TCP4 localhost 127.0.0.1 1 2\r\n') },
  { name: 'leading zeros in an address', given: v1('PROXY TCP4 192.000.2.1 127.0.0.1 1 2\r\n') },
  { name: 'a port above 65535', given: v1('PROXY TCP4 1.1.1.1 1.1.1.1 65536 2\r\n') },
  { name: 'a port with a leading zero', given: v1('PROXY TCP4 1.1.1.1 1.1.1.1 01 2\r\n') },
  { name: 'two spaces', given: v1('PROXY  TCP4 1.1.1.1 1.1.1.1 1 2\r\n') },
  { name: 'a space at the end', given: v1('PROXY TCP4 1.1.1.1 1.1.1.1 1 2 \r\n') },
  { name: 'a missing port', given: v1('PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n') },
  { name: 'another protocol', given: v1('PROXY UDP4 1.1.1.1 1.1.1.1 1 2\r\n') },
  { name: 'a line without an end', given: v1(`PROXY UNKNOWN ${'x'.repeat(93)}`) },
  { name: 'a line feed alone', given: v1(`PROXY TCP4 1.1.1.1 1.1.1.1 1 2\n${'x'.repeat(107)}`) },
  { name: 'another version', given: v2(V4.replace('21 11', '11 11')) },
  { name: 'another command', given: v2(V4.replace('21 11', '22 11')) },
  { name: 'UDP', given: v2(V4.replace('21 11', '21 12')) },
  { name: 'a Unix socket', given: v2(`21 31 00d8 ${'00'.repeat(216)}`) },
  { name: 'addresses that are cut off', given: v2('21 11 000b c0000201 c6336401 d43101') },
  {
    name: 'a field that goes beyond the end',
    given: v2('21 11 0010 c0000201 c6336401 d431 01bb 04 0002 00'),
  },
  { name: 'a field without a length', given: v2('21 11 000e c0000201 c6336401 d431 01bb 04 00') },
  { name: 'more than any proxy sends', given: v2('21 11 1001 c0000201') },
];

describe('the header of the PROXY protocol', () => {
  for (const { name, given, want } of TAKEN) {
    it(`is taken: ${name}`, () => {
      const rest = Buffer.from('GET / HTTP/1.1\r\n');
      assert.deepEqual(readProxyHeader(Buffer.concat([given, rest])), {
        kind: 'header',
        length: given.length,
        address: want,
      });
    });

    it(`is waited for, however it is cut: ${name}`, () => {
      for (let length = 0; length < given.length; length++) {
        assert.deepEqual(
          readProxyHeader(given.subarray(0, length)),
          { kind: 'incomplete' },
          `${length} bytes`,
        );
      }
    });
  }

  for (const { name, given } of REFUSED) {
    it(`is refused: ${name}`, () => assert.deepEqual(readProxyHeader(given), { kind: 'invalid' }));
  }

  it('tells the address that is in it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(65_535), (source, destination, port) => {
        const text = v1(`PROXY TCP4 ${source} ${destination} ${port} 443\r\n`);
        assert.deepEqual(readProxyHeader(text), { kind: 'header', length: text.length, address: source });
        const ports = Buffer.alloc(4);
        ports.writeUInt16BE(port);
        const bytes = Buffer.concat([
          v2('21 11 000c'),
          Buffer.from([source, destination].flatMap((address) => address.split('.').map(Number))),
          ports,
        ]);
        assert.deepEqual(readProxyHeader(bytes), { kind: 'header', length: bytes.length, address: source });
      }),
    );
  });

  it('never takes more bytes than there are, and never throws', () => {
    const beginning = fc.constantFrom(
      v1('PROXY '),
      v1('PROXY TCP4 '),
      v2(''),
      v2('21'),
      v2('2111'),
      v2('20'),
    );
    fc.assert(
      fc.property(beginning, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
        const bytes = Buffer.concat([start, rest]);
        const header = readProxyHeader(bytes);
        if (header.kind === 'header') assert.ok(header.length <= bytes.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
