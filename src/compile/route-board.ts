/** Where routes are entered, oldest Ingress first: of two for the same requests the first stays, the other is told. */

import { objectKey } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { HostRoutes, PathPattern, Route } from '../model/table.ts';
import type { DeclaredRoute, DeclaredRoutes, DeclaredRule } from './ingress-routes.ts';
import { memoizeByObject } from './memoize.ts';
import { compareRoutes, sortedRecord } from './order.ts';
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

  function setDefault({ route, field }: DeclaredRoute, report: Report): void {
    if (defaultRoute === undefined) {
      defaultRoute = route;
      return;
    }
    const message = `the default backend is already that of Ingress ${objectKey(defaultRoute.ingress)}`;
    report(field, { reason: 'HostPathConflict', message });
  }

  function withCanaries(route: Route): Route {
    const canaries = canariesOf.get(route);
    if (canaries === undefined || route.action.kind === 'refuse') return route;
    return { ...route, action: { ...route.action, canaries } };
  }

  function hostRoutes(host: string, entered: readonly EnteredRule[]): HostRoutes {
    const [first, ...others] = entered;
    const alone = first !== undefined && others.length === 0 ? aloneOf(first.rule) : undefined;
    if (alone !== undefined && !alone.routes.some((route) => canariesOf.has(route))) return alone;
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
    result: () => ({
      hosts: sortedRecord([...hosts].map(([host, entered]) => [host, hostRoutes(host, entered)])),
      defaultRoute: defaultRoute && withCanaries(defaultRoute),
    }),
  };
}

/** Of a rule that has its host for itself, and no two paths that are the same. */
const aloneOf = memoizeByObject(({ routes }: DeclaredRule): HostRoutes | undefined => {
  const identities = new Set(routes.map(({ route }) => identityOf(route)));
  if (identities.size < routes.length) return undefined;
  return { routes: routes.map(({ route }) => route).sort(compareRoutes) };
});

function merge(host: string, entered: readonly EnteredRule[]): Merged {
  const byIdentity = new Map<string, Route>();
  const losers: Merged['losers'][number][] = [];
  for (const { rule, report } of entered) {
    for (const { route, field } of rule.routes) {
      const winner = byIdentity.get(identityOf(route));
      if (winner === undefined) byIdentity.set(identityOf(route), route);
      else losers.push({ report, field, cause: conflict(host, route, winner) });
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
