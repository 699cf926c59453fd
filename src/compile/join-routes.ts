/** Puts together the routes of all Ingresses that are for one host, or for requests that no host takes. */

import { objectKey } from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import type { Canary, RouteOptions } from '../model/route-options.ts';
import type {
  BackendKey,
  HostRoutes,
  OptionsKey,
  PlanKey,
  PolicyPlan,
  Route,
  RouteAction,
} from '../model/table.ts';
import { attachCanaries } from './canaries.ts';
import { fieldAt, type Entry } from './entries.ts';
import { memoizeByInputs } from './memoize.ts';
import { compareRoutes } from './order.ts';
import { reporterOf } from './own-ingresses.ts';
import { createProblemList, type ProblemList } from './problem-list.ts';
import type { IngressOutcome } from './serve-ingress.ts';

/** What routes refer to. */
export interface Used {
  readonly backends: readonly BackendKey[];
  readonly plans: ReadonlyMap<PlanKey, PolicyPlan>;
  readonly options: ReadonlyMap<OptionsKey, RouteOptions>;
}

export interface Joined extends Used {
  /** `undefined`: the place does not exist, and its requests fall to a wider one. */
  readonly served: HostRoutes | undefined;
  readonly problems: readonly Problem[];
}

/** How it is told that a route lost: `winner` serves the same requests. */
type Conflict = (route: Route, winner: Route) => string;

/** `entries`: oldest Ingress first. Of two routes for the same requests the first stays, the other is told. */
export function joinHost(host: string, entries: readonly Entry[]): Joined {
  const where = host === '' ? 'any host' : host;
  return join(
    entries,
    ({ path, pathType }, { ingress }) =>
      `${pathType} path ${path} of ${where} is already served by Ingress ${objectKey(ingress)}`,
  );
}

export function joinFallbacks(entries: readonly Entry[]): Joined {
  return join(
    entries,
    (_route, { ingress }) => `the default backend is already that of Ingress ${objectKey(ingress)}`,
  );
}

function join(entries: readonly Entry[], conflict: Conflict): Joined {
  const [first, second] = entries;
  if (first?.alone !== undefined && second === undefined && !first.outcome.own.isCanary) {
    return { served: first.alone, ...usedBy(first.alone, entries), problems: NO_PROBLEMS };
  }
  const problems = createProblemList();
  const served = merge(entries, conflict, problems);
  return { served, ...usedBy(served, entries), problems: problems.sorted() };
}

const NO_PROBLEMS: readonly Problem[] = [];

function merge(entries: readonly Entry[], conflict: Conflict, problems: ProblemList): HostRoutes | undefined {
  const main = entries.filter(({ outcome }) => !outcome.own.isCanary);
  const byRequests = new Map<string, Route>();
  for (const entry of main) {
    const report = reporterOf(entry.outcome.own, problems);
    entry.routes.forEach((route, at) => {
      const winner = byRequests.get(requestsOf(route));
      if (winner === undefined) byRequests.set(requestsOf(route), route);
      else report(fieldAt(entry, at), { reason: 'HostPathConflict', message: conflict(route, winner) });
    });
  }
  const { attached, orphans } = attachCanaries(
    entries.filter(({ outcome }) => outcome.own.isCanary),
    { mainOf: (route) => byRequests.get(requestsOf(route)), plans: plansOf(entries), problems },
  );
  if (main.length === 0 && orphans.length === 0) return undefined;
  // Only now: a canary without a route is none for another canary.
  for (const orphan of orphans) {
    if (!byRequests.has(requestsOf(orphan))) byRequests.set(requestsOf(orphan), orphan);
  }
  const routes = [...byRequests.values()].map((route) => withCanaries(route, attached.get(route)));
  return { routes: routes.sort(compareRoutes) };
}

function requestsOf({ path, pathType }: Route): string {
  return `${pathType} ${path}`;
}

function withCanaries(route: Route, canaries: readonly Canary[] | undefined): Route {
  if (canaries === undefined || route.action.kind === 'refuse') return route;
  return { ...route, action: { ...route.action, canaries } };
}

/** What the routes of a place refer to. */
function usedBy(served: HostRoutes | undefined, entries: readonly Entry[]): Used {
  const backends = new Set<BackendKey>();
  const plans = new Set<PlanKey>();
  const options = new Set<OptionsKey>();
  let last: RouteAction | undefined;
  for (const { action, options: asked } of served?.routes ?? []) {
    // The routes of an Ingress to one backend share their action, and all of them what they ask for.
    if (action === last) continue;
    last = action;
    if (asked !== undefined) options.add(asked);
    if (action.kind === 'refuse') continue;
    const { backend, canaries, plan } = action;
    backends.add(backend);
    for (const canary of canaries) backends.add(canary.backend);
    if (plan !== undefined) plans.add(plan);
  }
  return {
    backends: [...backends],
    plans: pickEntries(plans, entries, planOf),
    options: pickEntries(options, entries, optionsOf),
  };
}

type Plans = Used['plans'];
type KeyedEntry<T> = readonly [string, T];

/** `entryOf`: what an outcome has to refer to, if anything. */
function pickEntries<T extends object>(
  keys: ReadonlySet<string>,
  entries: readonly Entry[],
  entryOf: (outcome: IngressOutcome) => KeyedEntry<T> | undefined,
): ReadonlyMap<string, T> {
  if (keys.size === 0) return NOTHING;
  const [only, second] = entries;
  if (only !== undefined && second === undefined) {
    const entry = entryOf(only.outcome);
    return entry === undefined ? NOTHING : onlyEntry(...entry);
  }
  const picked = new Map<string, T>();
  for (const { outcome } of entries) {
    const entry = entryOf(outcome);
    if (entry !== undefined && keys.has(entry[0]) && !picked.has(entry[0])) picked.set(...entry);
  }
  const [first] = picked;
  return first !== undefined && picked.size === 1 ? onlyEntry(...first) : picked;
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** Most places of a policy refer to that one alone. */
function onlyEntry<T extends object>(key: string, value: T): ReadonlyMap<string, T> {
  return rememberOnly(value, [key], () => new Map<string, object>([[key, value]])) as ReadonlyMap<string, T>;
}

const rememberOnly = memoizeByInputs<object, ReadonlyMap<string, object>>();

function planOf({ ingress: { protection } }: IngressOutcome): KeyedEntry<PolicyPlan> | undefined {
  return protection.kind === 'plan' ? [protection.key, protection.plan] : undefined;
}

function optionsOf({ ingress, asked }: IngressOutcome): KeyedEntry<RouteOptions> | undefined {
  return ingress.options === undefined || asked === undefined ? undefined : [ingress.options, asked];
}

function plansOf(entries: readonly Entry[]): Plans {
  const plans = new Map<PlanKey, PolicyPlan>();
  for (const { outcome } of entries) {
    const { protection } = outcome.ingress;
    if (protection.kind === 'plan') plans.set(protection.key, protection.plan);
  }
  return plans;
}
