/** Puts the routes of all Ingresses together, with everything that they refer to and nothing else. */

import type { RouteOptions } from '../model/route-options.ts';
import type {
  Backend,
  HostRoutes,
  OptionsKey,
  PlanKey,
  PolicyPlan,
  Route,
  RoutingTable,
} from '../model/table.ts';
import { attachCanaries } from './canaries.ts';
import { memoizeByObject } from './memoize.ts';
import { sortedRecord } from './order.ts';
import type { OwnIngress } from './own-ingresses.ts';
import { createRouteBoard } from './route-board.ts';
import { isCanary, type IngressOutcome } from './serve-ingress.ts';

interface ServedOutcome extends IngressOutcome {
  readonly own: OwnIngress;
}

type Routes = Pick<RoutingTable, 'hosts' | 'defaultRoute' | 'plans' | 'options' | 'backends'>;

/** Keys of what routes refer to. */
interface Used {
  readonly backends: Set<string>;
  readonly plans: Set<string>;
  readonly options: Set<string>;
}

/** `outcomes`: oldest Ingress first. */
export function compileRoutes(outcomes: readonly ServedOutcome[]): Routes {
  const plans = new Map<PlanKey, PolicyPlan>();
  const options = new Map<OptionsKey, RouteOptions>();
  const backends = new Map<string, Backend>();
  const board = createRouteBoard();
  for (const { own, ingress, asked, declared, backends: named } of outcomes) {
    const { protection } = ingress;
    if (protection.kind === 'plan') plans.set(protection.key, protection.plan);
    if (ingress.options !== undefined && asked !== undefined) options.set(ingress.options, asked);
    for (const resolved of named) {
      if (resolved.kind === 'backend') backends.set(resolved.key, resolved.backend);
    }
    if (!isCanary(own.value)) board.add(declared, own.report);
  }
  const canaries = outcomes
    .filter(({ own }) => isCanary(own.value))
    .map(({ own, ingress, declared }) => ({ ingress, declared, report: own.report }));
  attachCanaries(canaries, board, plans);
  const { hosts, defaultRoute } = board.result();
  const used = usedBy(hosts, defaultRoute);
  return {
    hosts,
    defaultRoute,
    plans: pick(plans, used.plans),
    options: pick(options, used.options),
    backends: pick(backends, used.backends),
  };
}

function usedBy(hosts: Routes['hosts'], defaultRoute: Route | undefined): Used {
  const used: Used = { backends: new Set(), plans: new Set(), options: new Set() };
  for (const host of Object.values(hosts)) {
    const { backends, plans, options } = usedByHost(host);
    for (const key of backends) used.backends.add(key);
    for (const key of plans) used.plans.add(key);
    for (const key of options) used.options.add(key);
  }
  if (defaultRoute !== undefined) use(defaultRoute, used);
  return used;
}

const usedByHost = memoizeByObject(({ routes }: HostRoutes): Used => {
  const used: Used = { backends: new Set(), plans: new Set(), options: new Set() };
  for (const route of routes) use(route, used);
  return used;
});

function use({ action, options }: Route, used: Used): void {
  if (options !== undefined) used.options.add(options);
  if (action.kind === 'refuse') return;
  used.backends.add(action.backend);
  for (const { backend } of action.canaries) used.backends.add(backend);
  if (action.plan !== undefined) used.plans.add(action.plan);
}

function pick<T>(entries: ReadonlyMap<string, T>, keys: ReadonlySet<string>): Readonly<Record<string, T>> {
  return sortedRecord([...entries].filter(([key]) => keys.has(key)));
}
