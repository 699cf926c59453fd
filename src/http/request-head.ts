/** Reads the head of a request strictly: what is ambiguous is refused before any routing. */

import { parseAuthority, type Authority } from './authority.ts';
import { framingFault, type RequestFields } from './request-fields.ts';
import { pathFault, queryFault } from './target-rules.ts';

export interface RequestHead {
  readonly method: string;
  /** The Host header as sent. */
  readonly authority: string;
  /** Lower-case, without port and trailing dot; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Byte for byte as sent; starts with `/`. */
  readonly path: string;
  /** Without `?`; `undefined` where there is no `?`. */
  readonly query: string | undefined;
}

export type ParsedHead =
  | { readonly kind: 'valid'; readonly head: RequestHead }
  | { readonly kind: 'invalid'; readonly fault: string };

/**
 * Takes origin-form and absolute-form (RFC 9112, section 3.2) with exactly one Host header that agrees; refuses
 * dot segments, what hides a slash, and unclear framing (section 6.3).
 *
 * @param named what the Host header names, where that has been read
 */
export function parseRequestHead(
  method: string,
  target: string,
  fields: RequestFields,
  named?: Authority,
): ParsedHead {
  if (fields.host === undefined) return invalid('Host must be sent exactly once, found none');
  if (fields.hosts > 1) return invalid('Host must be sent exactly once, found more');
  const unframed = framingFault(fields);
  if (unframed !== undefined) return invalid(unframed);
  const authority = named ?? parseAuthority(fields.host);
  if (authority === undefined)
    return invalid('Host must be a DNS name or an IP address, with or without a port');
  // Methods are told apart by case, but not by every service: `post` would miss the rules for POST.
  if (hasSmallLetter(method)) return invalid('method must be in capitals');
  // TRACE would show the caller the token that it is not given (RFC 9110, section 9.3.8).
  if (method === 'CONNECT' || method === 'TRACE') return invalid(`method ${method} is not served`);

  const pathStart = target.startsWith('/') ? 0 : absolutePathStart(target, authority);
  if (typeof pathStart === 'string') return invalid(pathStart);
  const mark = target.indexOf('?', pathStart);
  // An absolute-form target may end with its authority (RFC 9112, section 3.2.1).
  const path = target.slice(pathStart, mark === -1 ? target.length : mark) || '/';
  const query = mark === -1 ? undefined : target.slice(mark + 1);
  const fault = pathFault(path) ?? (query === undefined ? undefined : queryFault(query));
  if (fault !== undefined) return invalid(fault);
  const { host, port } = authority;
  return { kind: 'valid', head: { method, authority: fields.host, host, port, path, query } };
}

function hasSmallLetter(method: string): boolean {
  for (let at = 0; at < method.length; at += 1) {
    const code = method.charCodeAt(at);
    if (code >= 0x61 && code <= 0x7a) return true;
  }
  return false;
}

function invalid(fault: string): ParsedHead {
  return { kind: 'invalid', fault };
}

/** Where the path of an absolute-form target starts, or what is wrong with it. */
function absolutePathStart(target: string, host: Authority): number | string {
  const scheme = /^https?:\/\//i.exec(target)?.[0];
  if (scheme === undefined) return 'request target must be a path, or an absolute URL with http or https';
  let end = scheme.length;
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end += 1;
  const authority = parseAuthority(target.slice(scheme.length, end));
  if (authority === undefined) return 'request target must name a host as Host does';
  const defaultPort = scheme.length === 'https://'.length ? 443 : 80;
  const isAgreed =
    authority.host === host.host && (authority.port ?? defaultPort) === (host.port ?? defaultPort);
  return isAgreed ? end : 'request target must name the same authority as Host';
}
