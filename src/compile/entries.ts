/** What Ingresses enter for the places where requests meet routes: a host, or whatever no host takes. */

import type { HostRoutes, Route } from '../model/table.ts';
import { DEFAULT, fieldOf, placeOf, type DeclaredRule } from './ingress-routes.ts';
import type { IngressOutcome } from './serve-ingress.ts';

/** Of one Ingress for one place. */
export interface Entry {
  readonly outcome: IngressOutcome;
  readonly routes: readonly Route[];
  /** As the place is served where there is no other entry; `undefined` where two of `routes` are for the same requests. */
  readonly alone: HostRoutes | undefined;
  /** Where the routes come from; `undefined`: the default backend. */
  readonly rule: DeclaredRule | undefined;
}

export function enterRule(outcome: IngressOutcome, rule: DeclaredRule): Entry {
  return { outcome, routes: rule.routes, alone: rule.alone, rule };
}

export function enterFallback(outcome: IngressOutcome, route: Route): Entry {
  const routes = [route];
  return { outcome, routes, alone: { routes }, rule: undefined };
}

/** Where the route `at` this position of an entry stands in its Ingress. */
export function fieldAt({ rule }: Entry, at: number): string {
  return fieldOf(rule === undefined ? DEFAULT : placeOf(rule, at));
}
