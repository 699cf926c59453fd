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
  /** Where each of `routes` stands in the Ingress. */
  readonly fieldAt: (at: number) => string;
}

export function enterRule(outcome: IngressOutcome, rule: DeclaredRule): Entry {
  const { routes, alone } = rule;
  return { outcome, routes, alone, fieldAt: (at) => fieldOf(placeOf(rule, at)) };
}

export function enterFallback(outcome: IngressOutcome, route: Route): Entry {
  const routes = [route];
  return { outcome, routes, alone: { routes }, fieldAt: () => fieldOf(DEFAULT) };
}
