/** Which trailers of a request pass the gateway: none that would mean more than metadata about the body (RFC 9110, section 6.5.1). */

import { RESERVED_HEADERS } from '../policy/reserved-names.ts';
import { connectionOptions } from './header-list.ts';
import { normaliseHeaderName } from './header-names.ts';

export interface TrailerContext {
  /** All lines of `Connection` in the header section: what they name ends here, too. */
  readonly connection: string | undefined;
  /** Normalised by {@link normaliseHeaderName}. */
  readonly identityHeaders: ReadonlySet<string>;
  /** Further names that a check of the gateway went by, or that it writes; normalised. */
  readonly owned: ReadonlySet<string>;
}

/** Framing, routing, authentication, request modifiers and content format: what they say was judged as headers, or not at all. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...RESERVED_HEADERS,
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'date',
  'early-data',
  'http2-settings',
  'max-forwards',
  'origin',
  'pragma',
  'range',
  'set-cookie',
  'traceparent',
  'tracestate',
  'www-authenticate',
]);
const FORBIDDEN_FAMILIES = ['accept', 'access-control-', 'if-', 'sec-', 'x-forwarded-'];
/** Pseudo-headers have none. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** CR, LF and NUL above all: written to HTTP/1.1 they would begin a line or a request. */
const NOT_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Both alternate names and values; what passes does so as it came. */
export function trailersForUpstream(
  rawTrailers: readonly string[],
  { connection, identityHeaders, owned }: TrailerContext,
): string[] {
  const options = connectionOptions(connection);
  const trailers: string[] = [];
  for (let at = 0; at < rawTrailers.length; at += 2) {
    const rawName = rawTrailers[at] ?? '';
    const value = rawTrailers[at + 1] ?? '';
    const name = normaliseHeaderName(rawName);
    const isOurs = identityHeaders.has(name) || owned.has(name) || options.includes(name);
    if (isOurs || isForbidden(name) || !FIELD_NAME.test(rawName) || NOT_FIELD_VALUE.test(value)) continue;
    trailers.push(rawName, value);
  }
  return trailers;
}

function isForbidden(name: string): boolean {
  return FORBIDDEN.has(name) || FORBIDDEN_FAMILIES.some((family) => name.startsWith(family));
}
