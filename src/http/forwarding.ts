/** The headers that tell the upstream about the caller: believed from trusted proxies, else written anew. */

import { parseAuthority } from './authority.ts';
import { forwardedAddress, unmapped } from './client-address.ts';
import { headerValue } from './header-list.ts';
import type { HeaderName } from './header-names.ts';
import type { RequestHead } from './request-head.ts';

export interface ForwardingContext {
  readonly head: RequestHead;
  readonly peerAddress: string;
  readonly isPeerTrusted: boolean;
  readonly isTls: boolean;
  /** Whether `Forwarded` (RFC 7239) is written beside the `X-Forwarded-*` family. */
  readonly writesForwarded: boolean;
  /** What is added to `Via`, such as `1.1 name`; `undefined`: nothing. */
  readonly via: string | undefined;
}

/**
 * Whether the caller's copy of a header goes: those that the gateway writes always, the rest of the family (`Forwarded`
 * where it is not written, `X-Forwarded-Prefix`) unless a trusted proxy sent it.
 */
export function isReplaced(
  { forwarding }: HeaderName,
  { isPeerTrusted, writesForwarded, via }: ForwardingContext,
): boolean {
  if (forwarding === undefined) return false;
  if (forwarding === 'via') return via !== undefined;
  if (forwarding === 'forwarded' && writesForwarded) return true;
  return forwarding === 'written' || !isPeerTrusted;
}

/** Alternating names and values: {@link callerHeaders}, and the host that was asked for. */
export function forwardingHeaders(rawHeaders: readonly string[], context: ForwardingContext): string[] {
  const host = hostCopy(rawHeaders, context) ?? context.head.authority;
  return [...callerHeaders(rawHeaders, context), 'X-Forwarded-Host', host];
}

/** Alternating names and values: what tells about the caller, whichever host it asks for. */
export function callerHeaders(rawHeaders: readonly string[], context: ForwardingContext): string[] {
  const peer = unmapped(context.peerAddress);
  const copy = (name: string): string | undefined => trustedCopy(rawHeaders, context, name);
  const hops = copy('x-forwarded-for');
  const proto = forwardedProto(copy('x-forwarded-proto')) ?? (context.isTls ? 'https' : 'http');
  const headers = [
    'X-Forwarded-For',
    hops === undefined ? peer : `${hops}, ${peer}`,
    'X-Forwarded-Proto',
    proto,
    'X-Forwarded-Port',
    forwardedPort(copy('x-forwarded-port')) ?? callerPort(hostCopy(rawHeaders, context), proto, context.head),
    'X-Real-IP',
    realIp(copy('x-real-ip'), hops) ?? peer,
  ];
  if (context.writesForwarded)
    headers.push('Forwarded', joined(copy('forwarded'), forwardedElement(peer, context)));
  // Whoever the peer is: the hops that it lists are those that the message has made (RFC 9110, section 7.6.3).
  if (context.via !== undefined) headers.push('Via', joined(headerValue(rawHeaders, 'via'), context.via));
  return headers;
}

/** Whether {@link callerHeaders} say the same of every request for one port by one connection. */
export function areCallerHeadersConstant({
  isPeerTrusted,
  writesForwarded,
  via,
}: ForwardingContext): boolean {
  return !isPeerTrusted && !writesForwarded && via === undefined;
}

function hostCopy(rawHeaders: readonly string[], context: ForwardingContext): string | undefined {
  return trustedCopy(rawHeaders, context, 'x-forwarded-host');
}

function trustedCopy(
  rawHeaders: readonly string[],
  { isPeerTrusted }: ForwardingContext,
  name: string,
): string | undefined {
  return isPeerTrusted ? headerValue(rawHeaders, name) : undefined;
}

/** This hop as RFC 7239 writes it: what holds a colon is quoted. */
function forwardedElement(peer: string, { head, isTls }: ForwardingContext): string {
  const source = peer.includes(':') ? `"[${peer}]"` : peer;
  return `for=${source};host="${head.authority}";proto=${isTls ? 'https' : 'http'}`;
}

function joined(before: string | undefined, last: string): string {
  return before === undefined ? last : `${before}, ${last}`;
}

/** Of several hops the least secure counts: one in clear text is enough to be overheard. */
function forwardedProto(value: string | undefined): string | undefined {
  const hops = value?.split(',').map((hop) => hop.trim().toLowerCase()) ?? [];
  if (!hops.every((hop) => /^(?:https?|wss?)$/.test(hop))) return undefined;
  return hops.find((hop) => hop === 'http' || hop === 'ws') ?? hops[0];
}

function forwardedPort(value: string | undefined): string | undefined {
  return value !== undefined && /^[1-9][0-9]{0,4}$/.test(value) ? value : undefined;
}

/** The port that the caller sees, not the one that a Service or load balancer maps it to: links are made of it. */
function callerPort(forwardedHost: string | undefined, proto: string, head: RequestHead): string {
  const port = forwardedHost === undefined ? head.port : parseAuthority(forwardedHost)?.port;
  return String(port ?? (proto === 'https' || proto === 'wss' ? 443 : 80));
}

/** As the trusted proxy says, else the hop that it added. */
function realIp(value: string | undefined, hops: string | undefined): string | undefined {
  if (value !== undefined) return forwardedAddress(value);
  return hops === undefined ? undefined : forwardedAddress(hops.slice(hops.lastIndexOf(',') + 1));
}
