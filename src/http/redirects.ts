/** Where a request is sent instead of being served. */

import type { RouteOptions } from '../model/route-options.ts';
import type { RequestHead } from './request-head.ts';

export interface RedirectTarget {
  readonly status: number;
  readonly location: string;
}

/** A redirect of the route wins: it needs no detour by `https`. `undefined`: the request is served. */
export function redirectOf(
  { redirect, sslRedirect }: Pick<RouteOptions, 'redirect' | 'sslRedirect'>,
  head: RequestHead,
  isSecure: boolean,
): RedirectTarget | undefined {
  if (redirect !== undefined) return redirect;
  return sslRedirect && !isSecure ? { status: 308, location: httpsLocation(head) } : undefined;
}

/** The same URL at the default port of `https`: the port of clear text serves no TLS. */
function httpsLocation({ host, path, query }: RequestHead): string {
  return `https://${host}${path}${query === undefined ? '' : `?${query}`}`;
}
