/** Gives part of the requests of routes to canaries: Ingresses that serve beside the routes of others, never instead. */

import { annotation } from '../model/annotations.ts';
import { objectKey } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { PlanKey, PolicyPlan, Route } from '../model/table.ts';
import { annotationField } from './annotations/read-annotations.ts';
import {
  DEFAULT,
  fieldOf,
  placeOf,
  refusal,
  type DeclaredRoutes,
  type ServedIngress,
} from './ingress-routes.ts';
import type { Cause, Report } from './problem-list.ts';
import type { RouteBoard } from './route-board.ts';
import { isSameJson } from './same-json.ts';

export interface CanaryIngress {
  readonly ingress: ServedIngress;
  readonly declared: DeclaredRoutes;
  readonly report: Report;
}

type Plans = ReadonlyMap<PlanKey, PolicyPlan>;

/** What to enter so that a route is served by itself. */
type Enter = (route: Route) => DeclaredRoutes;

/**
 * After every route is entered, oldest canary first. Where there is no route for the same requests the canary refuses:
 * left out, they would fall through to a shorter path, which may be open.
 */
export function attachCanaries(canaries: readonly CanaryIngress[], board: RouteBoard, plans: Plans): void {
  const attached = new Map<Route, Canary[]>();
  const orphans: (() => void)[] = [];
  for (const canaryIngress of canaries) {
    const { ingress, declared, report } = canaryIngress;
    const add = (given: Route, field: string, main: Route | undefined, enter: Enter): void => {
      const fault = mainFault(main, ingress);
      if (fault !== undefined) report(field, fault);
      if (main === undefined) {
        const orphan = fault === undefined ? given : refused(given, ingress, fault);
        orphans.push(() => board.add(enter(orphan), () => undefined));
        return;
      }
      const canary = fault === undefined ? canaryOf(given, main, canaryIngress, plans) : undefined;
      if (canary !== undefined) attached.set(main, [...(attached.get(main) ?? []), canary]);
    };
    for (const rule of declared.rules) {
      rule?.routes.forEach((given, at) =>
        add(given, fieldOf(placeOf(rule, at)), board.find(rule.host, given), (route) => ({
          rules: [{ ...rule, routes: [route], alone: { routes: [route] } }],
          fallback: undefined,
        })),
      );
    }
    if (declared.fallback !== undefined) {
      add(declared.fallback, fieldOf(DEFAULT), board.defaultRoute(), (route) => ({
        rules: [],
        fallback: route,
      }));
    }
  }
  for (const [route, list] of attached) board.setCanaries(route, list.sort(compareKinds));
  // Only now: a canary without a route is none for another canary.
  for (const enter of orphans) enter();
}

function mainFault(main: Route | undefined, { meta }: ServedIngress): Cause | undefined {
  const reason = 'CanaryWithoutRoute';
  if (main === undefined)
    return { reason, message: 'no other Ingress has a route for this host, path and pathType' };
  if (main.ingress.namespace === meta.namespace) return undefined;
  const message = `the route is that of Ingress ${objectKey(main.ingress)}, which is in another namespace`;
  return { reason, message };
}

/** `undefined` where either side refuses, or where the canary would be protected less than its author asks. */
function canaryOf(
  { action }: Route,
  main: Route,
  { ingress: { meta, values }, report }: CanaryIngress,
  plans: Plans,
): Canary | undefined {
  const { canary: when } = values;
  if (when === undefined || action.kind === 'refuse' || main.action.kind === 'refuse') return undefined;
  const isWeaker = action.plan !== undefined && !isSamePlan(action.plan, main.action.plan, plans);
  if (!isWeaker) return { backend: action.backend, ingress: objectKey(meta), when };
  const message = `a canary runs under the policy of Ingress ${objectKey(main.ingress)}, which differs: name the same one`;
  report(annotationField(annotation('policy')), { reason: 'PolicyNotPermitted', message });
  return undefined;
}

function isSamePlan(a: PlanKey, b: PlanKey | undefined, plans: Plans): boolean {
  return a === b || (b !== undefined && isSameJson(plans.get(a), plans.get(b)));
}

function refused(given: Route, { protection }: ServedIngress, cause: Cause): Route {
  return given.action.kind === 'refuse' ? given : { ...given, action: refusal(protection, cause) };
}

/** A header is asked for on purpose; a weight leaves it to chance. */
function compareKinds(a: Canary, b: Canary): number {
  return Number(a.when.kind === 'weight') - Number(b.when.kind === 'weight');
}
