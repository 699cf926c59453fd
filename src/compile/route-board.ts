/** Where routes are entered, oldest Ingress first: of two for the same requests the first stays, the other is told. */

import { objectKey } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { HostRoutes, PathPattern, Route } from '../model/table.ts';
import { fieldOf, type DeclaredRoute, type DeclaredRoutes, type DeclaredRule } from './ingress-routes.ts';
import { compareRoutes, sortedSet } from './order.ts';
import type { Report, Told } from './problem-list.ts';

export interface RouteBoard {
  add(declared: DeclaredRoutes, report: Report): void;
  /** The route that serves these requests of `host`. */
  find(host: string, pattern: PathPattern): Route | undefined;
  defaultRoute(): Route | undefined;
  /** The canaries of a route that has been entered, the first to be asked first. */
  setCanaries(route: Route, canaries: readonly Canary[]): void;
  /** To be asked once: it tells who lost. */
  result(): {
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

  function setDefault(declared: DeclaredRoute, report: Report): void {
    if (defaultRoute === undefined) {
      defaultRoute = declared.route;
      return;
    }
    const message = `the default backend is already that of Ingress ${objectKey(defaultRoute.ingress)}`;
    report(fieldOf(declared), { reason: 'HostPathConflict', message });
  }

  function withCanaries(route: Route): Route {
    const canaries = canariesOf.get(route);
    if (canaries === undefined || route.action.kind === 'refuse') return route;
    return { ...route, action: { ...route.action, canaries } };
  }

  function hostRoutes(host: string, entered: readonly EnteredRule[]): HostRoutes {
    const [first, ...others] = entered;
    const alone = others.length === 0 ? first?.rule.alone : undefined;
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
    result() {
      const routes: Record<string, HostRoutes> = {};
      for (const host of sortedSet(hosts.keys())) routes[host] = hostRoutes(host, hosts.get(host) ?? []);
      return { hosts: routes, defaultRoute: defaultRoute && withCanaries(defaultRoute) };
    },
  };
}

function merge(host: string, entered: readonly EnteredRule[]): Merged {
  const byIdentity = new Map<string, Route>();
  const losers: Merged['losers'][number][] = [];
  for (const { rule, report } of entered) {
    for (const declared of rule.routes) {
      const { route } = declared;
      const winner = byIdentity.get(identityOf(route));
      if (winner === undefined) byIdentity.set(identityOf(route), route);
      else losers.push({ report, field: fieldOf(declared), cause: conflict(host, route, winner) });
    }
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
