/** Which addresses a provider may have: a policy must not make the gateway call its own host or the cloud's metadata. */

import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export interface AddressRuleOptions {
  /** Opens loopback. */
  readonly allowInsecureIssuers: boolean;
  /** Opened whatever they hold. */
  readonly allowedBlocks: BlockList;
  /** Default: the resolver of the system. */
  readonly lookup?: LookupFunction;
}

export interface AddressRules {
  /** Whether a provider may be reached at `address`, an IP address without brackets. */
  permits(address: string): boolean;
  /** Resolves names to permitted addresses only, so that the address checked is the address connected to. */
  readonly lookup: LookupFunction;
}

export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';

  constructor(hostname: string) {
    super(`${hostname} has no address that a provider may have: see --allow-provider-cidrs`);
  }
}

const V4_IN_V6 = /^(?:::ffff:(?:0:)?|64:ff9b::|::)(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/;

const LOOPBACK = blocks(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6']);

/** Unspecified, link-local with its metadata services, those of clouds elsewhere, multicast, reserved. */
const NEVER = blocks(
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['fd00:ec2::254', 128, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
);

export function createAddressRules(options: AddressRuleOptions): AddressRules {
  const resolve = options.lookup ?? systemLookup;
  const permits = (address: string): boolean => {
    const plain = withoutMapping(address);
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    if (options.allowedBlocks.check(plain, family)) return true;
    if (NEVER.check(plain, family)) return false;
    return options.allowInsecureIssuers || !LOOPBACK.check(plain, family);
  };
  return {
    permits,
    lookup(hostname, lookupOptions, callback) {
      resolve(hostname, { ...lookupOptions, all: true }, (error, found) => {
        if (error !== null) return callback(error, []);
        const permitted = (found as readonly LookupAddress[]).filter(({ address }) => permits(address));
        const [first] = permitted;
        if (first === undefined) return callback(new AddressRefused(hostname), []);
        if (lookupOptions.all === true) return callback(null, permitted);
        return callback(null, first.address, first.family);
      });
    },
  };
}

/** An IPv4 address in IPv6 clothes (mapped, translated, NAT64, compatible) is judged as what it reaches. */
function withoutMapping(address: string): string {
  const text = address.replace(/%.*$/, '').toLowerCase();
  if (text === '::1' || text === '::' || isIP(text) !== 6) return text;
  const match = V4_IN_V6.exec(new URL(`http://[${text}]`).hostname.slice(1, -1));
  if (match === null) return text;
  if (match[1] !== undefined) return match[1];
  const high = Number.parseInt(match[2] ?? '0', 16);
  const low = Number.parseInt(match[3] ?? '0', 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function blocks(...subnets: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of subnets) list.addSubnet(net, prefix, family);
  return list;
}
