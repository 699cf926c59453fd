/** Where routes are entered, oldest Ingress first: of two for the same requests the first stays, the other is told. */

import { objectKey } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { HostRoutes, PathPattern, Route } from '../model/table.ts';
import { DEFAULT, fieldOf, placeOf, type DeclaredRoutes, type DeclaredRule } from './ingress-routes.ts';
import { compareRoutes, sortedTexts } from './order.ts';
import type { Report, Told } from './problem-list.ts';

export interface RouteBoard {
  add(declared: DeclaredRoutes, report: Report): void;
  /** The route that serves these requests of `host`. */
  find(host: string, pattern: PathPattern): Route | undefined;
  defaultRoute(): Route | undefined;
  /** The canaries of a route that has been entered, the first to be asked first. */
  setCanaries(route: Route, canaries: readonly Canary[]): void;
  /** To be asked once: it tells who lost. `onServed` is told of each route that is served. */
  result(onServed: (route: Route) => void): {
    readonly hosts: Readonly<Record<string, HostRoutes>>;
    readonly defaultRoute: Route | undefined;
  };
}

interface EnteredRule {
  readonly rule: DeclaredRule;
  readonly report: Report;
}

/** Routes of one host without two for the same requests. */
interface Merged {
  readonly byIdentity: ReadonlyMap<string, Route>;
  readonly losers: readonly (Told & Pick<EnteredRule, 'report'>)[];
}

export function createRouteBoard(): RouteBoard {
  const hosts = new Map<string, EnteredRule[]>();
  const canariesOf = new Map<Route, readonly Canary[]>();
  const indexes = new Map<string, Merged>();
  let defaultRoute: Route | undefined;

  function setDefault(route: Route, report: Report): void {
    if (defaultRoute === undefined) {
      defaultRoute = route;
      return;
    }
    const message = `the default backend is already that of Ingress ${objectKey(defaultRoute.ingress)}`;
    report(fieldOf(DEFAULT), { reason: 'HostPathConflict', message });
  }

  function withCanaries(route: Route): Route {
    const canaries = canariesOf.get(route);
    if (canaries === undefined || route.action.kind === 'refuse') return route;
    return { ...route, action: { ...route.action, canaries } };
  }

  function hostRoutes(host: string, entered: readonly EnteredRule[]): HostRoutes {
    const alone = entered.length === 1 ? entered[0]?.rule.alone : undefined;
    const hasCanaries = canariesOf.size > 0 && alone?.routes.some((route) => canariesOf.has(route));
    if (alone !== undefined && hasCanaries !== true) return alone;
    const { byIdentity, losers } = merge(host, entered);
    for (const { report, field, cause } of losers) report(field, cause);
    return { routes: [...byIdentity.values()].map(withCanaries).sort(compareRoutes) };
  }

  return {
    add({ rules, fallback }, report) {
      indexes.clear();
      for (const rule of rules) {
        if (rule === undefined) continue;
        const entered = hosts.get(rule.host);
        if (entered === undefined) hosts.set(rule.host, [{ rule, report }]);
        else entered.push({ rule, report });
      }
      if (fallback !== undefined) setDefault(fallback, report);
    },
    find(host, pattern) {
      const index = indexes.get(host) ?? merge(host, hosts.get(host) ?? []);
      indexes.set(host, index);
      return index.byIdentity.get(identityOf(pattern));
    },
    defaultRoute: () => defaultRoute,
    setCanaries: (route, canaries) => void canariesOf.set(route, canaries),
    result(onServed) {
      const served: Record<string, HostRoutes> = {};
      for (const host of sortedTexts(hosts.keys())) {
        const found = hostRoutes(host, hosts.get(host) ?? []);
        served[host] = found;
        found.routes.forEach(onServed);
      }
      const last = defaultRoute && withCanaries(defaultRoute);
      if (last !== undefined) onServed(last);
      return { hosts: served, defaultRoute: last };
    },
  };
}

function merge(host: string, entered: readonly EnteredRule[]): Merged {
  const byIdentity = new Map<string, Route>();
  const losers: Merged['losers'][number][] = [];
  for (const { rule, report } of entered) {
    rule.routes.forEach((route, at) => {
      const winner = byIdentity.get(identityOf(route));
      if (winner === undefined) byIdentity.set(identityOf(route), route);
      else losers.push({ report, field: fieldOf(placeOf(rule, at)), cause: conflict(host, route, winner) });
    });
  }
  return { byIdentity, losers };
}

function identityOf({ path, pathType }: PathPattern): string {
  return `${pathType} ${path}`;
}

function conflict(host: string, { path, pathType }: PathPattern, { ingress }: Route): Told['cause'] {
  const where = host === '' ? 'any host' : host;
  const message = `${pathType} path ${path} of ${where} is already served by Ingress ${objectKey(ingress)}`;
  return { reason: 'HostPathConflict', message };
}
