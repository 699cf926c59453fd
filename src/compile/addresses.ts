/** Addresses that no endpoint may have: whoever writes EndpointSlices must not make the gateway call itself or the node. */

import { isIP } from 'node:net';
import { quote } from './quote.ts';

export type JudgedAddress =
  /** In canonical form, without brackets. */
  | { readonly kind: 'usable'; readonly address: string }
  | { readonly kind: 'refused'; readonly message: string };

/** Metadata services outside of 169.254.0.0/16: Alibaba, Azure, AWS over IPv6. */
const METADATA: ReadonlySet<string> = new Set(['100.100.100.200', '168.63.129.16', 'fd00:ec2::254']);

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
  if (METADATA.has(address)) return 'metadata';
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
  const first = address.slice(0, address.indexOf('.'));
  // By the first number: a large cluster has tens of thousands of endpoints, and nearly all are done with it.
  switch (first) {
    case '0':
      return 'unspecified';
    case '100':
    case '168':
      return METADATA.has(address) ? 'metadata' : undefined;
    case '127':
      return 'loopback';
    case '169':
      return address.startsWith('169.254.') ? 'link-local' : undefined;
    default:
      return first.length === 3 && first >= '224' ? 'multicast or reserved' : undefined;
  }
}

function refused(message: string): JudgedAddress {
  return { kind: 'refused', message };
}
