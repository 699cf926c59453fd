/** Who the caller is on the network: its address and the request ID that it may choose. */

import { isIP } from 'node:net';

/**
 * The caller's address: the rightmost hop of `X-Forwarded-For` that is no trusted proxy where the peer is trusted,
 * else the peer. What an untrusted hop wrote further left is never believed. IPv4-mapped IPv6 is unwrapped.
 *
 * @param forwardedFor all lines of the header, joined by `,`
 * @param isTrusted gets addresses without brackets, port or IPv4 mapping
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let address = unmapped(peer);
  if (forwardedFor === undefined) return address;
  let end = forwardedFor.length;
  while (end > 0 && isTrusted(address)) {
    const comma = forwardedFor.lastIndexOf(',', end - 1);
    const hop = forwardedAddress(forwardedFor.slice(comma + 1, end));
    // Junk hides whatever is behind it: the proxy that passed it on is the last hop that is known.
    if (hop === undefined) return address;
    address = hop;
    end = comma;
  }
  return address;
}

/** The address in one entry of `X-Forwarded-For`, which some proxies write with a port. */
export function forwardedAddress(entry: string): string | undefined {
  const text = entry.trim();
  const match = /^\[([^\]]+)\](?::[0-9]{1,5})?$/.exec(text) ?? /^([0-9.]+):[0-9]{1,5}$/.exec(text);
  const address = unmapped(match?.[1] ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/** `::ffff:192.0.2.1`, as a dual-stack socket names an IPv4 peer → `192.0.2.1`. */
export function unmapped(address: string): string {
  if (!address.startsWith('::')) return address;
  return /^::ffff:([0-9]+(?:\.[0-9]+){3})$/i.exec(address)?.[1] ?? address;
}

/** A trusted peer's `X-Request-Id` of 1–128 characters `[A-Za-z0-9._-]`, else `undefined`. */
export function acceptedRequestId(value: string | undefined, isPeerTrusted: boolean): string | undefined {
  if (!isPeerTrusted || value === undefined) return undefined;
  return /^[A-Za-z0-9._-]{1,128}$/.test(value) ? value : undefined;
}
