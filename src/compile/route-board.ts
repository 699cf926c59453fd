/** Where routes are entered, oldest Ingress first: of two for the same requests the first stays, the other is told. */

import { objectKey } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { HostRoutes, PathPattern, Route } from '../model/table.ts';
import type { DeclaredRoute, DeclaredRoutes } from './ingress-routes.ts';
import { compareRoutes, sortedRecord } from './order.ts';
import type { Report } from './problem-list.ts';

export interface RouteBoard {
  add(declared: DeclaredRoutes, report: Report): void;
  /** The route that has been entered for the same requests as `declared`. */
  find(declared: DeclaredRoute, isFallback: boolean): Route | undefined;
  /** The canaries of a route that has been entered, the first to be asked first. */
  setCanaries(route: Route, canaries: readonly Canary[]): void;
  result(): {
    readonly hosts: Readonly<Record<string, HostRoutes>>;
    readonly defaultRoute: Route | undefined;
  };
}

export function createRouteBoard(): RouteBoard {
  const hosts = new Map<string, Map<string, Route>>();
  const canariesOf = new Map<Route, readonly Canary[]>();
  let defaultRoute: Route | undefined;

  function routesOf(host: string): Map<string, Route> {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const routes = new Map<string, Route>();
    hosts.set(host, routes);
    return routes;
  }

  function addRoute({ host, route, field }: DeclaredRoute, report: Report): void {
    const routes = routesOf(host);
    const winner = routes.get(identityOf(route));
    if (winner === undefined) routes.set(identityOf(route), route);
    else report(field, { reason: 'HostPathConflict', message: conflict(host, route, winner) });
  }

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

  return {
    add(declared, report) {
      declared.hosts.forEach(routesOf);
      for (const route of declared.routes) addRoute(route, report);
      if (declared.fallback !== undefined) setDefault(declared.fallback, report);
    },
    find: ({ host, route }, isFallback) =>
      isFallback ? defaultRoute : hosts.get(host)?.get(identityOf(route)),
    setCanaries: (route, canaries) => void canariesOf.set(route, canaries),
    result: () => ({
      hosts: sortedRecord(
        [...hosts].map(([host, routes]) => [
          host,
          { routes: [...routes.values()].map(withCanaries).sort(compareRoutes) },
        ]),
      ),
      defaultRoute: defaultRoute && withCanaries(defaultRoute),
    }),
  };
}

function identityOf({ path, pathType }: PathPattern): string {
  return `${pathType} ${path}`;
}

function conflict(host: string, { path, pathType }: PathPattern, { ingress }: Route): string {
  const where = host === '' ? 'any host' : host;
  return `${pathType} path ${path} of ${where} is already served by Ingress ${objectKey(ingress)}`;
}
