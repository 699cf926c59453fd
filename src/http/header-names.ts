/** What the gateway knows of the names of headers: worked out once for each spelling, then looked up. */

import { FORWARDING_HEADERS } from '../model/names.ts';

export interface HeaderName {
  /** Lower-case, `_` as `-`: CGI and its heirs read both as one name. */
  readonly normalised: string;
  /** Lower-case, where the gateway reads the header itself, of a request or a response; else `undefined`. */
  readonly read: ReadHeader | undefined;
  /** It is about one connection only (RFC 9110, section 7.6.1), or settled by the proxy with each side on its own. */
  readonly endsWithRequest: boolean;
  readonly endsWithResponse: boolean;
  /**
   * What tells a service about its caller. `written`: always by the gateway. `family`: `X-Forwarded-*` that it does not
   * write.
   */
  readonly forwarding: 'written' | 'family' | 'forwarded' | 'via' | undefined;
}

export type ReadHeader = (typeof READ)[number];

/** The headers of a message. */
export interface NamedHeaders {
  /** Alternating names and values, as sent. */
  readonly rawHeaders: readonly string[];
  /** What is known of each of the names. */
  readonly names: readonly HeaderName[];
  /** All lines of `Connection`, joined by `,`. */
  readonly connection: string | undefined;
}

export type HeaderNameOf = (rawName: string) => HeaderName;

const READ = [
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'server',
  'traceparent',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-request-id',
] as const;
const READ_BY_NAME: ReadonlyMap<string, ReadHeader> = new Map(READ.map((name) => [name, name]));

const ENDS_WITH_BOTH = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];
const ENDS_WITH_REQUEST = new Set([...ENDS_WITH_BOTH, 'expect', 'http2-settings', 'proxy-authorization']);
const ENDS_WITH_RESPONSE = new Set([...ENDS_WITH_BOTH, 'proxy-authenticate']);

const WRITTEN = new Set(FORWARDING_HEADERS);

/** Spellings that are remembered; callers choose them, so that there must be an end. */
const MAX_REMEMBERED = 1_024;
const MAX_REMEMBERED_LENGTH = 64;

/** Lower-case, `_` as `-`. */
export function normaliseHeaderName(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower;
}

export function describeHeaderName(rawName: string): HeaderName {
  const lower = rawName.toLowerCase();
  const normalised = normaliseHeaderName(rawName);
  return {
    normalised,
    read: READ_BY_NAME.get(lower),
    endsWithRequest: ENDS_WITH_REQUEST.has(normalised),
    endsWithResponse: ENDS_WITH_RESPONSE.has(normalised),
    forwarding: forwardingOf(normalised),
  };
}

interface Spelling {
  readonly rawName: string;
  readonly name: HeaderName;
  /** The one that came after it last: most messages have the same headers in the same order. */
  next: Spelling | undefined;
}

/** Remembers what it has described. */
export function createHeaderNames(): HeaderNameOf {
  const known = new Map<string, Spelling>();
  let last: Spelling | undefined;
  const find = (rawName: string): Spelling => {
    const spelling = known.get(rawName);
    if (spelling !== undefined) return spelling;
    // A copy: a part of a head would keep all of the head in memory.
    const copy = Buffer.from(rawName, 'latin1').toString('latin1');
    const described = { rawName: copy, name: describeHeaderName(copy), next: undefined };
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(copy, described);
    return described;
  };
  return (rawName) => {
    if (rawName.length > MAX_REMEMBERED_LENGTH) return describeHeaderName(rawName);
    const guess = last?.next;
    const spelling = guess?.rawName === rawName ? guess : find(rawName);
    if (last !== undefined) last.next = spelling;
    last = spelling;
    return spelling.name;
  };
}

export function nameHeaders(rawHeaders: readonly string[], nameOf: HeaderNameOf): NamedHeaders {
  const names: HeaderName[] = [];
  const connection: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = nameOf(rawHeaders[at] ?? '');
    names.push(name);
    if (name.read === 'connection') connection.push(rawHeaders[at + 1] ?? '');
  }
  return { rawHeaders, names, connection: connection.length === 0 ? undefined : connection.join() };
}

function forwardingOf(normalised: string): HeaderName['forwarding'] {
  if (WRITTEN.has(normalised)) return 'written';
  if (normalised.startsWith('x-forwarded-')) return 'family';
  return normalised === 'forwarded' || normalised === 'via' ? normalised : undefined;
}
