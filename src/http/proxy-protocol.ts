/** Reads the header of the PROXY protocol, versions 1 and 2, strictly: what is not exactly of its form is refused. */

import { isIPv4, isIPv6 } from 'node:net';

import { unmapped } from './client-address.ts';

export type ProxyHeader =
  /** It may become one with more bytes. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'header';
      /** Bytes that belong to it. */
      readonly length: number;
      /** Of the caller; `undefined` where the proxy speaks for itself, or does not know. */
      readonly address: string | undefined;
    };

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/** With CRLF, as the specification bounds it. */
const MAX_V1_BYTES = 107;
const V1_START = 'PROXY ';
const PORT = /^(?:0|[1-9][0-9]{0,4})$/;

const V2_SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const V2_HEAD_BYTES = 16;
/** The specification allows 64 KiB, no load balancer sends more than a few hundred bytes. */
const MAX_V2_BODY_BYTES = 4_096;
const LOCAL = 0x20;
const PROXY = 0x21;
/** Transport and family, by the bytes that both addresses and both ports take. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x11, 12],
  [0x21, 36],
]);
const UNSPECIFIED = 0x00;

/** `bytes`: everything that the connection has brought so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const start = bytes.subarray(0, V2_SIGNATURE.length);
  if (start.equals(V2_SIGNATURE.subarray(0, start.length))) {
    return bytes.length < V2_HEAD_BYTES ? INCOMPLETE : readVersion2(bytes);
  }
  const text = bytes.toString('latin1', 0, MAX_V1_BYTES);
  return V1_START.startsWith(text.slice(0, V1_START.length)) ? readVersion1(text) : INVALID;
}

function readVersion1(text: string): ProxyHeader {
  const end = text.indexOf('\r\n');
  if (end === -1) return text.length < MAX_V1_BYTES ? INCOMPLETE : INVALID;
  const length = end + 2;
  const [, protocol, source = '', destination = '', ...ports] = text.slice(0, end).split(' ');
  // What follows is not to be looked at.
  if (protocol === 'UNKNOWN') return { kind: 'header', length, address: undefined };
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isPlainIpv6 : undefined;
  const isValid = isAddress?.(source) === true && isAddress(destination) && ports.length === 2;
  return isValid && ports.every(isPort) ? { kind: 'header', length, address: canonical(source) } : INVALID;
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65_535;
}

function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function readVersion2(bytes: Buffer): ProxyHeader {
  const command = bytes[12];
  const family = bytes[13] ?? 0;
  const bodyBytes = bytes.readUInt16BE(14);
  const length = V2_HEAD_BYTES + bodyBytes;
  if ((command !== LOCAL && command !== PROXY) || bodyBytes > MAX_V2_BODY_BYTES) return INVALID;
  const addressBytes = ADDRESS_BYTES.get(family);
  if (addressBytes === undefined && family !== UNSPECIFIED && command === PROXY) return INVALID;
  if (bytes.length < length) return INCOMPLETE;
  if (command === LOCAL || addressBytes === undefined) return { kind: 'header', length, address: undefined };
  const body = bytes.subarray(V2_HEAD_BYTES, length);
  if (bodyBytes < addressBytes || !areFields(body.subarray(addressBytes))) return INVALID;
  return { kind: 'header', length, address: canonical(addressText(body, family)) };
}

function addressText(body: Buffer, family: number): string {
  if (family === 0x11) return body.subarray(0, 4).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => body.readUInt16BE(at * 2).toString(16));
  return groups.join(':');
}

/** Whether type, length and value follow one another to the end. Nothing of them is used. */
function areFields(bytes: Buffer): boolean {
  let at = 0;
  while (at + 3 <= bytes.length) at += 3 + bytes.readUInt16BE(at + 1);
  return at === bytes.length;
}

/** One text for each address. */
function canonical(address: string): string {
  if (isIPv4(address)) return address;
  const host = URL.parse(`http://[${address}]/`)?.hostname ?? '';
  return mappedAddress(host.slice(1, -1));
}

/** `::ffff:c000:201` → `192.0.2.1`. */
function mappedAddress(address: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return unmapped(address);
  const bytes = [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((word) => [word >> 8, word & 255]);
  return bytes.join('.');
}
