/** Hosts and routes as the status page tells them. */

import { objectKey } from '../../model/objects.ts';
import type { Route, RoutingTable } from '../../model/table.ts';

/** Open: no policy protects it. NoEndpoints: the Service has none that can serve. */
export type RouteState = 'Protected' | 'DryRun' | 'Open' | 'NoEndpoints' | 'Refused';

export interface RouteStatus {
  readonly path: string;
  readonly pathType: Route['pathType'];
  readonly state: RouteState;
  /** Why it is refused; `undefined` otherwise. */
  readonly cause: string | undefined;
  /** `namespace/name`; `undefined`: the route is open. */
  readonly policy: string | undefined;
  /** `namespace/name` of the Ingress. */
  readonly ingress: string;
  /** `namespace/service:port`; `undefined` where the route is refused. */
  readonly backend: string | undefined;
  readonly endpoints: number;
}

export interface HostStatus {
  /** As declared; empty for any host. */
  readonly host: string;
  readonly routes: readonly RouteStatus[];
}

export function describeHosts(table: RoutingTable): readonly HostStatus[] {
  const hosts = Object.entries(table.hosts).map(([host, { routes }]) => ({
    host,
    routes: routes.map((route) => describeRoute(table, route)),
  }));
  const trouble = (host: HostStatus): number => (host.routes.some(isTroubled) ? 0 : 1);
  return hosts.sort((a, b) => trouble(a) - trouble(b) || (a.host < b.host ? -1 : 1));
}

export function describeRoute(table: RoutingTable, route: Route): RouteStatus {
  const { path, pathType, action } = route;
  const common = { path, pathType, ingress: objectKey(route.ingress) };
  if (action.kind === 'refuse') {
    const { cause, policy } = action;
    return { ...common, state: 'Refused', cause, policy, backend: undefined, endpoints: 0 };
  }
  const plan = action.plan === undefined ? undefined : table.plans[action.plan];
  const endpoints = table.backends[action.backend]?.endpoints.length ?? 0;
  const guarded = plan === undefined ? 'Open' : plan.mode === 'DryRun' ? 'DryRun' : 'Protected';
  return {
    ...common,
    state: endpoints === 0 ? 'NoEndpoints' : guarded,
    cause: undefined,
    policy: plan?.policy,
    backend: action.backend,
    endpoints,
  };
}

export function isTroubled({ state }: RouteStatus): boolean {
  return state === 'Refused' || state === 'NoEndpoints';
}
