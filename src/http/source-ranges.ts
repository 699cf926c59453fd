/** Which addresses a list of addresses and CIDR blocks covers. */

import { isIPv4, isIPv6 } from 'node:net';

import type { RouteOptions } from '../model/route-options.ts';

export type IsSourceAllowed = (address: string) => boolean;

interface Block {
  readonly bytes: readonly number[];
  /** Leading bits that count. */
  readonly bits: number;
}

/** Before the four bytes of an IPv4 address that is written as IPv6 (RFC 4291, section 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const MAPPED_BITS = 96;

/** `undefined`: every source may call. What is denied counts first; what is no address may not call. */
export function sourceFilter({ allow, deny }: RouteOptions['sources']): IsSourceAllowed | undefined {
  if (allow.length === 0 && deny.length === 0) return undefined;
  const denied = deny.flatMap(blocksOf);
  const allowed = allow.flatMap(blocksOf);
  return (address) => {
    const bytes = addressBytes(address);
    if (bytes === undefined || denied.some((block) => covers(block, bytes))) return false;
    return allow.length === 0 || allowed.some((block) => covers(block, bytes));
  };
}

/** What counts as one caller: an IPv4 address, or the /64 of an IPv6 address, all of which one host may use. */
export function callerBlock(address: string): string {
  const bytes = isIPv6(address) ? addressBytes(address) : undefined;
  return bytes?.length === 16 ? Buffer.from(bytes.slice(0, 8)).toString('hex') : address;
}

/** 4 or 16 bytes. `undefined` for what is no address; the zone of a link-local one is left out. */
export function addressBytes(address: string): readonly number[] | undefined {
  if (isIPv4(address)) return address.split('.').map(Number);
  if (!isIPv6(address)) return undefined;
  const bytes = ipv6Bytes(address.split('%', 1)[0] ?? '');
  return startsWith(bytes, MAPPED) ? bytes.slice(MAPPED.length) : bytes;
}

/** One that cannot be read covers nothing. */
function blocksOf(text: string): readonly Block[] {
  const [address = '', prefix] = text.split('/');
  const bytes = addressBytes(address);
  if (bytes === undefined) return [];
  const all = bytes.length * 8;
  if (prefix === undefined) return [{ bytes, bits: all }];
  const bits = isIPv6(address) && all === 32 ? Number(prefix) - MAPPED_BITS : Number(prefix);
  // Wider than all of the mapped addresses: a block of IPv6, which no IPv4 address is in.
  if (bits < 0) return [{ bytes: [...MAPPED, ...bytes], bits: bits + MAPPED_BITS }];
  return [{ bytes, bits }];
}

function covers({ bytes, bits }: Block, address: readonly number[]): boolean {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at += 1) if (bytes[at] !== address[at]) return false;
  const rest = 8 - (bits & 7);
  return rest === 8 || (bytes[whole] ?? 0) >> rest === (address[whole] ?? 0) >> rest;
}

/** `text`: a valid IPv6 address without a zone. */
function ipv6Bytes(text: string): number[] {
  const dotted = /[^:]+\.[^:]+$/.exec(text)?.[0];
  const tail = dotted === undefined ? [] : dotted.split('.').map(Number);
  const groups = dotted === undefined ? text : text.slice(0, -dotted.length).replace(/([^:]):$/, '$1');
  const [left = '', right] = groups.split('::');
  const before = groupBytes(left);
  const after = [...groupBytes(right ?? ''), ...tail];
  return [...before, ...Array<number>(16 - before.length - after.length).fill(0), ...after];
}

function groupBytes(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function startsWith(bytes: readonly number[], beginning: readonly number[]): boolean {
  return beginning.every((byte, at) => bytes[at] === byte);
}
