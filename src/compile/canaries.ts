/** Gives part of the requests of routes to canaries: Ingresses that serve beside the routes of others, never instead. */

import { annotation } from '../model/annotations.ts';
import { objectKey } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { PlanKey, PolicyPlan, Route } from '../model/table.ts';
import { annotationField } from './annotations/read-annotations.ts';
import { fieldAt, type Entry } from './entries.ts';
import { refusal, type ServedIngress } from './ingress-routes.ts';
import { reporterOf } from './own-ingresses.ts';
import type { Cause, ProblemList, Report } from './problem-list.ts';
import { isSameJson } from './same-json.ts';

export interface Mains {
  /** The route for the same requests. */
  readonly mainOf: (route: Route) => Route | undefined;
  /** Of all that is joined. */
  readonly plans: Plans;
  readonly problems: ProblemList;
}

export interface Attached {
  /** By route that they serve beside, the first to be asked first. */
  readonly attached: ReadonlyMap<Route, readonly Canary[]>;
  /** Canaries without such a route; they refuse. */
  readonly orphans: readonly Route[];
}

type Plans = ReadonlyMap<PlanKey, PolicyPlan>;

/**
 * `canaries`: oldest first. Where there is no route for the same requests the canary refuses: left out, they would fall
 * through to a shorter path, which may be open.
 */
export function attachCanaries(canaries: readonly Entry[], { mainOf, plans, problems }: Mains): Attached {
  const attached = new Map<Route, Canary[]>();
  const orphans: Route[] = [];
  for (const entry of canaries) {
    const { own, ingress } = entry.outcome;
    const report = reporterOf(own, problems);
    entry.routes.forEach((given, at) => {
      const main = mainOf(given);
      const fault = mainFault(main, ingress);
      if (fault !== undefined) report(fieldAt(entry, at), fault);
      if (main === undefined) {
        orphans.push(fault === undefined ? given : refused(given, ingress, fault));
        return;
      }
      const canary = fault === undefined ? canaryOf(given, main, { ingress, report, plans }) : undefined;
      if (canary !== undefined) attached.set(main, [...(attached.get(main) ?? []), canary]);
    });
  }
  for (const list of attached.values()) list.sort(compareKinds);
  return { attached, orphans };
}

function mainFault(main: Route | undefined, { meta }: ServedIngress): Cause | undefined {
  const reason = 'CanaryWithoutRoute';
  if (main === undefined)
    return { reason, message: 'no other Ingress has a route for this host, path and pathType' };
  if (main.ingress.namespace === meta.namespace) return undefined;
  const message = `the route is that of Ingress ${objectKey(main.ingress)}, which is in another namespace`;
  return { reason, message };
}

interface CanaryIngress {
  readonly ingress: ServedIngress;
  readonly report: Report;
  readonly plans: Plans;
}

/** `undefined` where either side refuses, or where the canary would be protected less than its author asks. */
function canaryOf(
  { action }: Route,
  main: Route,
  { ingress: { meta, values }, report, plans }: CanaryIngress,
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
