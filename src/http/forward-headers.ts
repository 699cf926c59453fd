/** Which headers pass the gateway, in both directions, and which ones it sets. */

import { PRODUCT } from '../model/names.ts';
import { forwardingHeaders, isForwardingHeader, type ForwardingContext } from './forwarding.ts';
import { connectionOptions, hasListItem, normaliseHeaderName } from './header-list.ts';

export { normaliseHeaderName };

export interface ForwardContext extends ForwardingContext {
  /** Normalised by {@link normaliseHeaderName}. */
  readonly identityHeaders: ReadonlySet<string>;
  readonly dropAuthorization: boolean;
  /** Further headers to drop, normalised by {@link normaliseHeaderName}. */
  readonly dropHeaders: ReadonlySet<string>;
  /** Alternating names and values, appended last. */
  readonly set: readonly string[];
  /** Replaces Content-Length where the body was rewritten. */
  readonly contentLength: number | undefined;
}

/** Of one connection only (RFC 9110, section 7.6.1), or settled by the proxy with each side on its own. */
const REQUEST_HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

const RESPONSE_HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The headers for the upstream, alternating names and values, in the case and order of the caller. Hop-by-hop headers
 * and those that `Connection` names are gone (but `TE: trailers`), so are `Expect`, `Transfer-Encoding` and identity
 * headers, in any case and with `_` for `-`. What `set` names has no second copy.
 */
export function headersForUpstream(rawHeaders: readonly string[], context: ForwardContext): string[] {
  const options = connectionOptions(rawHeaders);
  const owned = normalisedNames(context.set);
  const headers: string[] = [];
  let isLengthSet = context.contentLength === undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const rawName = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    const name = normaliseHeaderName(rawName);
    // `Connection` never takes away Host and Content-Length: what the message is must not depend on it.
    if (name === 'content-length') {
      // `Content_Length` is another header here, but the same one to CGI.
      if (rawName.includes('_')) continue;
      headers.push(rawName, context.contentLength === undefined ? value : String(context.contentLength));
      isLengthSet = true;
    } else if (name === 'te' && hasListItem(value, 'trailers')) {
      headers.push(rawName, 'trailers');
    } else if (
      name === 'host' ||
      !(isDropped(name, context) || owned.includes(name) || options.includes(name))
    ) {
      headers.push(rawName, value);
    }
  }
  if (!isLengthSet) headers.push('Content-Length', String(context.contentLength));
  headers.push(...forwardingHeaders(rawHeaders, context), ...context.set);
  return headers;
}

/**
 * The headers for the caller, alternating names and values, in the case and order of the upstream. Hop-by-hop headers
 * and those that `Connection` names are gone; `Server` is added where the upstream sent none.
 */
export function headersForCaller(rawHeaders: readonly string[]): string[] {
  const options = connectionOptions(rawHeaders);
  const headers: string[] = [];
  let hasServer = false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const rawName = rawHeaders[at] ?? '';
    const name = normaliseHeaderName(rawName);
    // `Connection: Content-Length` must not unframe the body.
    if (RESPONSE_HOP_BY_HOP.has(name) || (options.includes(name) && name !== 'content-length')) continue;
    if (name === 'server') hasServer = true;
    headers.push(rawName, rawHeaders[at + 1] ?? '');
  }
  if (!hasServer) headers.push('Server', PRODUCT);
  return headers;
}

function isDropped(name: string, context: ForwardContext): boolean {
  return (
    REQUEST_HOP_BY_HOP.has(name) ||
    context.identityHeaders.has(name) ||
    context.dropHeaders.has(name) ||
    (context.dropAuthorization && name === 'authorization') ||
    isForwardingHeader(name, context)
  );
}

function normalisedNames(headers: readonly string[]): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < headers.length; at += 2) names.push(normaliseHeaderName(headers[at] ?? ''));
  return names;
}
