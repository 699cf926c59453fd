/** The CORS protocol of the Fetch standard as the gateway speaks it for a route. */

import type { CorsOptions } from '../model/route-options.ts';
import { headerValue } from './header-list.ts';
import { normaliseHeaderName } from './header-names.ts';

const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

/** Fetch standard, CORS-preflight request. */
export function isPreflight(method: string, rawHeaders: readonly string[]): boolean {
  return (
    method === 'OPTIONS' &&
    headerValue(rawHeaders, 'origin') !== undefined &&
    headerValue(rawHeaders, 'access-control-request-method') !== undefined
  );
}

/**
 * The headers of the answer to a preflight, alternating names and values. To an origin that is not allowed it says nothing,
 * which a browser takes for a no.
 */
export function preflightHeaders(cors: CorsOptions, rawHeaders: readonly string[]): readonly string[] {
  const origin = allowedOrigin(cors, headerValue(rawHeaders, 'origin'));
  if (origin === undefined) return ['Vary', PREFLIGHT_VARY];
  const headers = [...originHeaders(cors, origin)];
  headers.push('Access-Control-Allow-Methods', cors.allowMethods.join(', '));
  if (cors.allowHeaders.length > 0) {
    headers.push('Access-Control-Allow-Headers', cors.allowHeaders.join(', '));
  }
  headers.push('Access-Control-Max-Age', String(cors.maxAgeSeconds), 'Vary', PREFLIGHT_VARY);
  return headers;
}

/** What any other answer says, alternating names and values. */
export function corsHeaders(cors: CorsOptions, rawHeaders: readonly string[]): readonly string[] {
  const origin = allowedOrigin(cors, headerValue(rawHeaders, 'origin'));
  // Also where nothing is said: a cache must not give that answer to an origin that is allowed.
  const vary = isAnyOrigin(cors) ? [] : ['Vary', 'Origin'];
  if (origin === undefined) return vary;
  const headers = [...originHeaders(cors, origin)];
  if (cors.exposeHeaders.length > 0) {
    headers.push('Access-Control-Expose-Headers', cors.exposeHeaders.join(', '));
  }
  return [...headers, ...vary];
}

/** A service's own headers of the protocol give way to those of the gateway. */
export function isCorsHeader(name: string): boolean {
  return normaliseHeaderName(name).startsWith('access-control-');
}

function originHeaders({ allowCredentials }: CorsOptions, origin: string): readonly string[] {
  const headers = ['Access-Control-Allow-Origin', origin];
  return allowCredentials ? [...headers, 'Access-Control-Allow-Credentials', 'true'] : headers;
}

/** As the answer names it. */
function allowedOrigin(cors: CorsOptions, origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  if (isAnyOrigin(cors)) return '*';
  return cors.allowOrigins.some((allowed) => originMatches(allowed, origin)) ? origin : undefined;
}

function isAnyOrigin({ allowOrigins }: CorsOptions): boolean {
  return allowOrigins.includes('*');
}

/** `https://*.example.com`: one label or more in place of the star. */
function originMatches(allowed: string, origin: string): boolean {
  const star = allowed.indexOf('*');
  if (star === -1) return allowed === origin;
  const scheme = allowed.slice(0, star);
  const suffix = allowed.slice(star + 1);
  const isOfForm = origin.startsWith(scheme) && origin.endsWith(suffix);
  return isOfForm && isSubdomain(origin.slice(scheme.length, -suffix.length));
}

function isSubdomain(text: string): boolean {
  return text.split('.').every((label) => /^[a-z0-9_-]+$/.test(label));
}
