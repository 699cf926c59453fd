/** Puts the routes of all Ingresses together, with everything that they refer to and nothing else. */

import type { Problem } from '../model/problems.ts';
import type { RouteOptions } from '../model/route-options.ts';
import type {
  BackendKey,
  OptionsKey,
  PlanKey,
  PolicyPlan,
  Route,
  RouteAction,
  RoutingTable,
} from '../model/table.ts';
import { attachCanaries, type CanaryIngress } from './canaries.ts';
import { memoizeByInputs } from './memoize.ts';
import { pickInOrder, sortedSet } from './order.ts';
import { reporterOf } from './own-ingresses.ts';
import { createProblemList } from './problem-list.ts';
import type { CompileOptions } from './result.ts';
import { createRouteBoard } from './route-board.ts';
import type { IngressOutcome } from './serve-ingress.ts';

export interface CompiledRoutes extends Pick<RoutingTable, 'hosts' | 'defaultRoute' | 'plans' | 'options'> {
  /** Keys of the backends that routes refer to, sorted. */
  readonly backends: readonly BackendKey[];
  readonly problems: readonly Problem[];
}

/** Keys of what routes refer to. */
interface Used {
  readonly backends: Set<string>;
  readonly plans: Set<string>;
  readonly options: Set<string>;
}

/** `outcomes`: oldest Ingress first. Remembered for `options`: after most changes the routes are what they were. */
export function compileRoutes(outcomes: readonly IngressOutcome[], options: CompileOptions): CompiledRoutes {
  return remember(options, [outcomes], () => joinRoutes(outcomes));
}

const remember = memoizeByInputs<CompileOptions, CompiledRoutes>();

function joinRoutes(outcomes: readonly IngressOutcome[]): CompiledRoutes {
  const problems = createProblemList();
  const plans = new Map<PlanKey, PolicyPlan>();
  const options = new Map<OptionsKey, RouteOptions>();
  const board = createRouteBoard();
  const canaries: CanaryIngress[] = [];
  for (const { own, ingress, asked, declared } of outcomes) {
    const { protection } = ingress;
    if (protection.kind === 'plan') plans.set(protection.key, protection.plan);
    if (ingress.options !== undefined && asked !== undefined) options.set(ingress.options, asked);
    const report = reporterOf(own, problems);
    if (own.isCanary) canaries.push({ ingress, declared, report });
    else board.add(declared, report);
  }
  attachCanaries(canaries, board, plans);
  const used: Used = { backends: new Set(), plans: new Set(), options: new Set() };
  let last: RouteAction | undefined;
  const { hosts, defaultRoute } = board.result((route) => {
    // The routes of an Ingress to one backend share their action.
    if (route.action !== last) use(route, used);
    last = route.action;
  });
  return {
    hosts,
    defaultRoute,
    plans: pickInOrder(plans, sortedSet(used.plans)),
    options: pickInOrder(options, sortedSet(used.options)),
    backends: sortedSet(used.backends),
    problems: problems.sorted(),
  };
}

function use({ action, options }: Route, used: Used): void {
  if (options !== undefined) used.options.add(options);
  if (action.kind === 'refuse') return;
  used.backends.add(action.backend);
  for (const { backend } of action.canaries) used.backends.add(backend);
  if (action.plan !== undefined) used.plans.add(action.plan);
}
