/** Finds the route of a request by host and path, in time that depends on neither the number of hosts nor of routes. */

import type { Route, RoutingTable } from '../model/table.ts';
import { RouteIndexes, type RouteIndex } from './route-index.ts';

export interface Match {
  readonly route: Route;
  /** The host as declared: exact, `*.example.com`, or empty for any host and for the default backend. */
  readonly host: string;
}

export interface Matcher {
  /** `host`: lower-case, without port and trailing dot. `path`: raw, as sent. */
  match(host: string, path: string): Match | undefined;
  /** Where the routes of `host` are, for {@link matchAt}. `undefined`: nowhere. */
  find(host: string): Place | undefined;
  matchAt(place: Place | undefined, path: string): Match | undefined;
  /** Handed on to the matcher of the next table. */
  readonly indexes: RouteIndexes;
}

/** Where a host is declared. */
export interface Place {
  readonly declared: string;
  readonly index: RouteIndex;
}

/**
 * @param previous gives its indexes for the hosts that a delta left as they were, so that a new table costs next to nothing
 */
export function createMatcher(table: RoutingTable, previous?: Matcher): Matcher {
  const { hosts, defaultRoute } = table;
  const indexes = previous?.indexes ?? new RouteIndexes();

  function find(host: string): Place | undefined {
    const declared = declaredHost(hosts, host);
    const routes = declared === undefined ? undefined : hosts[declared];
    return declared === undefined || routes === undefined
      ? undefined
      : { declared, index: indexes.of(routes) };
  }

  function matchAt(place: Place | undefined, path: string): Match | undefined {
    const route = place && findRoute(place.index, path);
    // A host that exists does not fall to a wider one: only to the default backend.
    if (place !== undefined && route !== undefined) return { route, host: place.declared };
    return defaultRoute === undefined ? undefined : { route: defaultRoute, host: '' };
  }

  return { indexes, find, matchAt, match: (host, path) => matchAt(find(host), path) };
}

/** Exact before wildcard before any host; `undefined` where none is declared. */
export function declaredHost(hosts: RoutingTable['hosts'], host: string): string | undefined {
  if (Object.hasOwn(hosts, host)) return host;
  const dot = host.indexOf('.');
  // A wildcard stands for exactly one label, which is not empty.
  const wildcard = dot > 0 ? `*${host.slice(dot)}` : '';
  return Object.hasOwn(hosts, wildcard) ? wildcard : Object.hasOwn(hosts, '') ? '' : undefined;
}

/**
 * An Exact path is as long as the request's; no Prefix can be longer. Then the prefixes, one element less each time, but
 * only of lengths that exist: a path of 16 KiB of slashes would be hashed 16,384 times.
 */
function findRoute(index: RouteIndex, path: string): Route | undefined {
  const { exact, prefix, prefixLengths, longestPrefix } = index;
  const whole = exact?.get(path) ?? (path.length <= longestPrefix ? prefix?.get(path) : undefined);
  if (whole !== undefined || prefix === undefined) return whole;
  for (let end = longestPrefix; end >= 0; end -= 1) {
    end = path.lastIndexOf('/', end);
    if (!prefixLengths.has(end)) continue;
    const route = prefix.get(path.slice(0, end));
    if (route !== undefined) return route;
  }
  return undefined;
}
