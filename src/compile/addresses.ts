/** Addresses that no endpoint may have: whoever writes EndpointSlices must not make the gateway call itself or the node. */

import { isIP } from 'node:net';
import { quote } from './quote.ts';

export type JudgedAddress =
  /** In canonical form, without brackets. */
  | { readonly kind: 'usable'; readonly address: string }
  | { readonly kind: 'refused'; readonly message: string };

/** Metadata services outside of 169.254.0.0/16: Alibaba, Azure, AWS over IPv6. */
const METADATA = {
  ipv4: ['100.100.100.200', '168.63.129.16'],
  ipv6: ['fd00:ec2::254'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Canonical forms that carry an IPv4 address: mapped, compatible, NAT64. */
const EMBEDDED_IPV4 = /^(?:::ffff:|::|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/;

export function judgeAddress(
  text: string,
  addressType: 'IPv4' | 'IPv6',
  allowLoopback: boolean,
): JudgedAddress {
  const version = isIP(text);
  if (version !== (addressType === 'IPv4' ? 4 : 6) || text.includes('%')) {
    return refused(`${quote(text)} must be an ${addressType} address`);
  }
  const address = version === 4 ? text : canonicalIpv6(text);
  const kind = version === 4 ? forbiddenIpv4(address) : forbiddenIpv6(address);
  if (kind === undefined || (kind === 'loopback' && allowLoopback)) return { kind: 'usable', address };
  return refused(`${quote(text)} must not be a ${kind} address`);
}

/** `::FFFF:127.0.0.1` and `::ffff:7f00:1` are one address; the URL standard has one form for both. */
function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function forbiddenIpv6(address: string): string | undefined {
  if (METADATA.ipv6.some((metadata) => metadata === address)) return 'metadata';
  if (address === '::1') return 'loopback';
  if (address === '::') return 'unspecified';
  if (/^fe[89ab]/.test(address)) return 'link-local';
  if (address.startsWith('ff')) return 'multicast';
  const embedded = EMBEDDED_IPV4.exec(address);
  if (embedded === null) return undefined;
  const high = Number.parseInt(embedded[1] ?? '0', 16);
  const low = Number.parseInt(embedded[2] ?? '0', 16);
  return forbiddenIpv4(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
}

/** `isIP` takes the dotted form without leading zeros only, so that comparing text is comparing numbers. */
function forbiddenIpv4(address: string): string | undefined {
  if (METADATA.ipv4.some((metadata) => metadata === address)) return 'metadata';
  if (address.startsWith('127.')) return 'loopback';
  if (address.startsWith('0.')) return 'unspecified';
  if (address.startsWith('169.254.')) return 'link-local';
  if (Number.parseInt(address, 10) >= 224) return 'multicast or reserved';
  return undefined;
}

function refused(message: string): JudgedAddress {
  return { kind: 'refused', message };
}
