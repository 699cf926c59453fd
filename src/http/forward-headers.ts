/** Which headers pass the gateway, in both directions, and which ones it sets. */

import { PRODUCT } from '../model/names.ts';
import { forwardingHeaders, isReplaced, type ForwardingContext } from './forwarding.ts';
import { connectionOptions, hasListItem } from './header-list.ts';
import { describeHeaderName, type HeaderName, type NamedHeaders } from './header-names.ts';

export interface ForwardContext extends ForwardingContext {
  /** Normalised. */
  readonly identityHeaders: ReadonlySet<string>;
  readonly dropAuthorization: boolean;
  /** Further headers to drop, normalised. */
  readonly dropHeaders: readonly string[];
  readonly requestId: string;
  /** Alternating names and values, appended; `setNames` has the names, normalised. */
  readonly set: readonly string[];
  readonly setNames: readonly string[];
  /** Appended last, in place of the caller's. */
  readonly traceparent: string | undefined;
  /** Replaces Content-Length where the body was rewritten. */
  readonly contentLength: number | undefined;
}

/**
 * The headers for the upstream, alternating names and values: {@link keptHeaders}, what tells about the caller, and what
 * `set` says.
 */
export function headersForUpstream(fields: NamedHeaders, context: ForwardContext): string[] {
  const headers = [
    ...keptHeaders(fields, context),
    ...forwardingHeaders(fields.rawHeaders, context),
    'X-Request-Id',
    context.requestId,
    ...context.set,
  ];
  if (context.traceparent !== undefined) headers.push('traceparent', context.traceparent);
  return headers;
}

/**
 * What passes of a request, in the case and order of the caller. Hop-by-hop headers and those that `Connection` names are
 * gone (but `TE: trailers`), so are `Expect`, `Transfer-Encoding` and identity headers, in any case and with `_` for `-`.
 * What `set` names has no second copy.
 */
export function keptHeaders(
  { rawHeaders, names, connection }: NamedHeaders,
  context: ForwardContext,
): string[] {
  const options = connectionOptions(connection);
  const headers: string[] = [];
  let isLengthSet = context.contentLength === undefined;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at];
    const rawName = rawHeaders[at * 2] ?? '';
    const value = rawHeaders[at * 2 + 1] ?? '';
    if (name === undefined) continue;
    // `Connection` never takes away Host and Content-Length: what the message is must not depend on it.
    if (name.normalised === 'content-length') {
      // `Content_Length` is another header here, but the same one to CGI.
      if (name.read === undefined) continue;
      headers.push(rawName, context.contentLength === undefined ? value : String(context.contentLength));
      isLengthSet = true;
    } else if (name.normalised === 'te' && hasListItem(value, 'trailers')) {
      headers.push(rawName, 'trailers');
    } else if (
      name.normalised === 'host' ||
      !(isDropped(name, context) || options.includes(name.normalised))
    ) {
      headers.push(rawName, value);
    }
  }
  if (!isLengthSet) headers.push('Content-Length', String(context.contentLength));
  return headers;
}

/**
 * The headers for the caller, alternating names and values, in the case and order of the upstream. Hop-by-hop headers
 * and those that `Connection` names are gone; `Server` is added where the upstream sent none.
 */
export function headersForCaller({ rawHeaders, names, connection }: NamedHeaders): string[] {
  const options = connectionOptions(connection);
  const headers: string[] = [];
  let hasServer = false;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at];
    if (name === undefined || name.endsWithResponse) continue;
    // `Connection: Content-Length` must not unframe the body.
    if (options.includes(name.normalised) && name.read !== 'content-length') continue;
    if (name.read === 'server') hasServer = true;
    headers.push(rawHeaders[at * 2] ?? '', rawHeaders[at * 2 + 1] ?? '');
  }
  if (!hasServer) headers.push('Server', PRODUCT);
  return headers;
}

/** Normalised. */
const FRAMING_TRAILERS = new Set(['content-length', 'http2-settings', 'trailer']);

/** What passes of the trailers of a response: nothing about its connection or its framing (RFC 9110, section 6.5.1). */
export function trailersForCaller(rawTrailers: readonly string[]): string[] {
  const trailers: string[] = [];
  for (let at = 0; at < rawTrailers.length; at += 2) {
    const rawName = rawTrailers[at] ?? '';
    const { normalised, endsWithResponse } = describeHeaderName(rawName);
    if (endsWithResponse || FRAMING_TRAILERS.has(normalised)) continue;
    trailers.push(rawName, rawTrailers[at + 1] ?? '');
  }
  return trailers;
}

function isDropped(name: HeaderName, context: ForwardContext): boolean {
  const { normalised } = name;
  return (
    name.endsWithRequest ||
    isReplaced(name, context) ||
    (context.dropAuthorization && normalised === 'authorization') ||
    context.identityHeaders.has(normalised) ||
    (context.traceparent !== undefined && normalised === 'traceparent') ||
    context.dropHeaders.includes(normalised) ||
    context.setNames.includes(normalised)
  );
}
