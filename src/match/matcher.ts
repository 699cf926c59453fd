/** Finds the route of a request by host and path, in time that depends on neither the number of hosts nor of routes. */

import type { HostRoutes, Route, RoutingTable } from '../model/table.ts';

export interface Match {
  readonly route: Route;
  /** The host as declared: exact, `*.example.com`, or empty for any host and for the default backend. */
  readonly host: string;
}

export interface Matcher {
  /** `host`: lower-case, without port and trailing dot. `path`: raw, as sent. */
  match(host: string, path: string): Match | undefined;
  /** By host of the table; handed on to the matcher of the next one. */
  readonly indexes: WeakMap<HostRoutes, RouteIndex>;
}

interface RouteIndex {
  readonly exact: ReadonlyMap<string, Route>;
  /** By path without its trailing slash. */
  readonly prefix: ReadonlyMap<string, Route>;
  /** Lengths of the keys of `prefix`, and the greatest of them. */
  readonly prefixLengths: ReadonlySet<number>;
  readonly longestPrefix: number;
}

/**
 * A host is indexed at its first request. `previous` gives its indexes for the hosts that a delta left as they were, so
 * that a new table costs next to nothing.
 */
export function createMatcher(table: RoutingTable, previous?: Matcher): Matcher {
  const { hosts, defaultRoute } = table;
  const indexes = previous?.indexes ?? new WeakMap<HostRoutes, RouteIndex>();

  function indexOf(routes: HostRoutes): RouteIndex {
    const known = indexes.get(routes);
    if (known !== undefined) return known;
    const index = indexRoutes(routes);
    indexes.set(routes, index);
    return index;
  }

  return {
    indexes,
    match(host, path) {
      const declared = declaredHost(hosts, host);
      const routes = declared === undefined ? undefined : hosts[declared];
      if (declared !== undefined && routes !== undefined) {
        const route = findRoute(indexOf(routes), path);
        // A host that exists does not fall to a wider one: only to the default backend.
        if (route !== undefined) return { route, host: declared };
      }
      return defaultRoute === undefined ? undefined : { route: defaultRoute, host: '' };
    },
  };
}

/** Exact before wildcard before any host; `undefined` where none is declared. */
export function declaredHost(hosts: RoutingTable['hosts'], host: string): string | undefined {
  if (Object.hasOwn(hosts, host)) return host;
  const dot = host.indexOf('.');
  // A wildcard stands for exactly one label, which is not empty.
  const wildcard = dot > 0 ? `*${host.slice(dot)}` : '';
  return Object.hasOwn(hosts, wildcard) ? wildcard : Object.hasOwn(hosts, '') ? '' : undefined;
}

/** The table is sorted by precedence: what comes first is kept. */
function indexRoutes({ routes }: HostRoutes): RouteIndex {
  const exact = new Map<string, Route>();
  const prefix = new Map<string, Route>();
  for (const route of routes) {
    const { path } = route;
    const isExact = route.pathType === 'Exact';
    const key = !isExact && path.endsWith('/') ? path.slice(0, -1) : path;
    const index = isExact ? exact : prefix;
    if (!index.has(key)) index.set(key, route);
  }
  const prefixLengths = new Set([...prefix.keys()].map((key) => key.length));
  return { exact, prefix, prefixLengths, longestPrefix: Math.max(-1, ...prefixLengths) };
}

/**
 * An Exact path is as long as the request's; no Prefix can be longer. Then the prefixes, one element less each time, but
 * only of lengths that exist: a path of 16 KiB of slashes would be hashed 16,384 times.
 */
function findRoute(index: RouteIndex, path: string): Route | undefined {
  const { exact, prefix, prefixLengths, longestPrefix } = index;
  const whole = exact.get(path) ?? (path.length <= longestPrefix ? prefix.get(path) : undefined);
  if (whole !== undefined) return whole;
  for (let end = longestPrefix; end >= 0; end -= 1) {
    end = path.lastIndexOf('/', end);
    if (!prefixLengths.has(end)) continue;
    const route = prefix.get(path.slice(0, end));
    if (route !== undefined) return route;
  }
  return undefined;
}
