/** Turns the fields of an HTTP/2 request into the head that it would have in HTTP/1.1, strictly (RFC 9113, section 8). */

import { parseAuthority } from './authority.ts';

/** What {@link parseRequestHead} of `request-head.ts` goes on with, which applies the rules that both versions share. */
export interface Http2Head {
  readonly method: string;
  readonly target: string;
  /** Alternating names and values, with one `host`, one `cookie` and the framing of HTTP/1.1. */
  readonly rawHeaders: readonly string[];
  /** What makes the request malformed in HTTP/2. */
  readonly fault: string | undefined;
}

interface Gathered {
  readonly pseudo: Map<string, string>;
  readonly hosts: string[];
  readonly cookies: string[];
  readonly others: string[];
  length: string | undefined;
  fault: string | undefined;
}

const PSEUDO = new Set([':method', ':scheme', ':authority', ':path']);
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** CR, LF and NUL above all: written to HTTP/1.1 they would begin a line or a request. */
const NOT_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]|^[\t ]|[\t ]$/;
/** RFC 9113, section 8.2.2. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const METHODS_WITH_CONTENT = new Set(['POST', 'PUT', 'PATCH']);

/**
 * @param fields alternating names and values, pseudo-headers included
 * @param hasBody the stream did not end with its head
 */
export function readHttp2Head(fields: readonly string[], hasBody: boolean): Http2Head {
  const gathered = gather(fields);
  const { pseudo, hosts, cookies, others } = gathered;
  const method = pseudo.get(':method') ?? '';
  const authority = pseudo.get(':authority') ?? hosts[0];
  const rawHeaders = authority === undefined ? [] : ['host', authority];
  for (const part of others) rawHeaders.push(part);
  // They may come one by one, which HTTP/1.1 does not know (section 8.2.3).
  if (cookies.length > 0) rawHeaders.push('cookie', cookies.join('; '));
  if (gathered.length === undefined) rawHeaders.push(...framing(method, hasBody));
  return {
    method,
    target: pseudo.get(':path') ?? '',
    rawHeaders,
    fault: gathered.fault ?? pseudoFault(gathered) ?? lengthFault(gathered.length, hasBody),
  };
}

/** As the peer's SETTINGS_MAX_HEADER_LIST_SIZE counts (section 6.5.2). */
export function fieldListBytes(fields: readonly string[]): number {
  let bytes = 0;
  for (const part of fields) bytes += part.length;
  return bytes + (fields.length / 2) * 32;
}

/** Whether the caller holds its body back until it is told to go on (RFC 9110, section 10.1.1). */
export function expectsContinue({ rawHeaders }: Http2Head): boolean {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at] === 'expect') return rawHeaders[at + 1]?.toLowerCase() === '100-continue';
  }
  return false;
}

function gather(fields: readonly string[]): Gathered {
  const gathered: Gathered = {
    pseudo: new Map(),
    hosts: [],
    cookies: [],
    others: [],
    length: undefined,
    fault: undefined,
  };
  let isPastPseudo = false;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const value = fields[at + 1] ?? '';
    if (NOT_FIELD_VALUE.test(value)) gathered.fault ??= 'a header value must not hold control characters';
    if (name.startsWith(':')) {
      if (isPastPseudo) gathered.fault ??= 'pseudo-headers must come first';
      takePseudo(gathered, name, value);
    } else {
      isPastPseudo = true;
      takeField(gathered, name, value);
    }
  }
  return gathered;
}

function takePseudo(gathered: Gathered, name: string, value: string): void {
  if (!PSEUDO.has(name)) gathered.fault ??= 'pseudo-headers must be :method, :scheme, :authority and :path';
  if (gathered.pseudo.has(name)) gathered.fault ??= `${name} must be sent once`;
  else gathered.pseudo.set(name, value);
}

function takeField(gathered: Gathered, name: string, value: string): void {
  if (!FIELD_NAME.test(name)) {
    gathered.fault ??= 'a header name must be a token in lower case';
  } else if (CONNECTION_SPECIFIC.has(name) || (name === 'te' && value !== 'trailers')) {
    gathered.fault ??= `${name} must not be sent in HTTP/2`;
  } else if (name === 'host') {
    gathered.hosts.push(value);
  } else if (name === 'cookie') {
    gathered.cookies.push(value);
  } else {
    if (name === 'content-length') gathered.length = value;
    gathered.others.push(name, value);
  }
}

function pseudoFault({ pseudo, hosts }: Gathered): string | undefined {
  const method = pseudo.get(':method') ?? '';
  if (!METHOD.test(method)) return ':method must be a token';
  // The tunnel that it asks for is refused by name; it has neither scheme nor path (section 8.5).
  if (method === 'CONNECT') return undefined;
  const scheme = pseudo.get(':scheme');
  if (scheme !== 'http' && scheme !== 'https') return ':scheme must be http or https';
  if (pseudo.get(':path')?.startsWith('/') !== true) return ':path must start with a slash';
  if (hosts.length > 1) return 'host must be sent at most once';
  return areSame(pseudo.get(':authority'), hosts[0], scheme === 'https' ? 443 : 80)
    ? undefined
    : ':authority must name the same authority as host';
}

function areSame(authority: string | undefined, host: string | undefined, defaultPort: number): boolean {
  if (authority === undefined || host === undefined || authority === host) return true;
  const [a, b] = [parseAuthority(authority), parseAuthority(host)];
  if (a === undefined || b === undefined) return false;
  return a.host === b.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}

function lengthFault(length: string | undefined, hasBody: boolean): string | undefined {
  return !hasBody && length !== undefined && /[^0]/.test(length)
    ? 'content-length must be that of the body'
    : undefined;
}

/** HTTP/2 ends a body by its frames; in HTTP/1.1 the head must say where it ends, or that there is none. */
function framing(method: string, hasBody: boolean): readonly string[] {
  if (hasBody) return ['transfer-encoding', 'chunked'];
  return METHODS_WITH_CONTENT.has(method) ? ['content-length', '0'] : [];
}
