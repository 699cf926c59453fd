/** Where routes are entered, oldest Ingress first: of two for the same requests the first stays, the other is told. */

import { objectKey } from '../model/objects.ts';
import type { HostRoutes, PathPattern, Route } from '../model/table.ts';
import { compareRoutes, sortedRecord } from './order.ts';
import type { Report } from './problem-list.ts';

/** Where a route is declared. */
interface Declaration {
  readonly field: string;
  readonly report: Report;
}

export interface RouteBoard {
  /** Makes `host` exist, even without a route: its requests do not fall to a wider host. */
  addHost(host: string): void;
  addRoute(host: string, route: Route, declaration: Declaration): void;
  setDefault(route: Route, declaration: Declaration): void;
  result(): {
    readonly hosts: Readonly<Record<string, HostRoutes>>;
    readonly defaultRoute: Route | undefined;
  };
}

export function createRouteBoard(): RouteBoard {
  const hosts = new Map<string, Map<string, Route>>();
  let defaultRoute: Route | undefined;

  function routesOf(host: string): Map<string, Route> {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const routes = new Map<string, Route>();
    hosts.set(host, routes);
    return routes;
  }

  return {
    addHost: (host) => void routesOf(host),
    addRoute(host, route, { field, report }) {
      const routes = routesOf(host);
      const identity = `${route.pathType} ${route.path}`;
      const winner = routes.get(identity);
      if (winner === undefined) routes.set(identity, route);
      else report(field, { reason: 'HostPathConflict', message: conflict(host, route, winner) });
    },
    setDefault(route, { field, report }) {
      if (defaultRoute === undefined) {
        defaultRoute = route;
        return;
      }
      const message = `the default backend is already that of Ingress ${objectKey(defaultRoute.ingress)}`;
      report(field, { reason: 'HostPathConflict', message });
    },
    result: () => ({
      hosts: sortedRecord(
        [...hosts].map(([host, routes]) => [host, { routes: [...routes.values()].sort(compareRoutes) }]),
      ),
      defaultRoute,
    }),
  };
}

function conflict(host: string, { path, pathType }: PathPattern, { ingress }: Route): string {
  const where = host === '' ? 'any host' : host;
  return `${pathType} path ${path} of ${where} is already served by Ingress ${objectKey(ingress)}`;
}
