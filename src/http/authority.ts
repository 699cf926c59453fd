/** Reads an authority (`host[:port]`) as a Host header or an absolute-form target holds it. */

import { isIPv6 } from 'node:net';

export interface Authority {
  /** Lower-case, without port and trailing dot; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

const COLON = 0x3a;
const DOT = 0x2e;

/** @returns `undefined` for what is no DNS name, IPv4 or bracketed IPv6 address, or names a port outside 1–65535 */
export function parseAuthority(text: string): Authority | undefined {
  const hostEnd = text.startsWith('[') ? text.indexOf(']') + 1 : nameEnd(text);
  if (hostEnd === 0) return undefined;
  const port = hostEnd === text.length ? undefined : parsePort(text, hostEnd);
  if (port === 0) return undefined;
  const host = text.startsWith('[') ? addressHost(text.slice(0, hostEnd)) : nameHost(text.slice(0, hostEnd));
  return host === undefined ? undefined : { host, port };
}

/** Where the name ends: at the colon or the end. 0 where it is empty or a character cannot be in a name. */
function nameEnd(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COLON) return at;
    if (!isNameCharacter(code)) return 0;
  }
  return text.length;
}

/** Letters, digits, `-`, `.` and, as many a cluster has it, `_`. */
function isNameCharacter(code: number): boolean {
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return code < 0x80;
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === DOT || code === 0x5f;
}

/** 0 where it is no port. */
function parsePort(text: string, colon: number): number {
  const digits = text.length - colon - 1;
  if (text.charCodeAt(colon) !== COLON || digits < 1 || digits > 5) return 0;
  let port = 0;
  for (let at = colon + 1; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    port = port * 10 + digit;
  }
  return port <= 65_535 ? port : 0;
}

function nameHost(name: string): string | undefined {
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  // An empty label names nothing, and what comes behind may read it in its own way.
  if (host === '' || host.startsWith('.') || host.endsWith('.') || host.includes('..')) return undefined;
  return host.toLowerCase();
}

function addressHost(bracketed: string): string | undefined {
  const address = bracketed.slice(1, -1);
  return isIPv6(address) && !address.includes('%') ? bracketed.toLowerCase() : undefined;
}
