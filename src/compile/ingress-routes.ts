/** What one Ingress declares, as routes; one broken rule does not take its siblings down. */

import { annotation } from '../model/annotations.ts';
import type { ObjectMeta } from '../model/objects.ts';
import type { HostRoutes, OptionsKey, PathPattern, Route, RouteAction } from '../model/table.ts';
import type { AnnotationValues } from './annotations/values.ts';
import type { ResolvedBackend } from './backends.ts';
import type { HostOwners } from './host-owners.ts';
import { wantedHost } from './hosts.ts';
import { areDistinct, compareRoutes, inOrder } from './order.ts';
import type { DeclaredPath } from './paths.ts';
import { formatCause, type Cause, type Report } from './problem-list.ts';
import type { Protection } from './protection.ts';
import type { BackendIndex, ReadIngress, ReadPath, ReadRule } from './read-ingress.ts';

export interface ServedIngress {
  readonly meta: ObjectMeta;
  readonly values: Partial<AnnotationValues>;
  readonly protection: Protection;
  readonly options: OptionsKey | undefined;
  readonly report: Report;
}

export interface RouteTargets {
  /** Those that the Ingress names. */
  readonly backends: readonly ResolvedBackend[];
  readonly owners: HostOwners;
}

export interface DeclaredRoutes {
  readonly rules: readonly DeclaredRule[];
  /** For requests that no route of their host matches. */
  readonly fallback: DeclaredRoute | undefined;
}

/** A host exists even without a route: its requests do not fall to a wider one. */
export interface DeclaredRule {
  /** Empty: any host. */
  readonly host: string;
  readonly routes: readonly DeclaredRoute[];
  /** As the host is served where no other rule is for it; `undefined` where two routes are for the same requests. */
  readonly alone: HostRoutes | undefined;
}

export interface DeclaredRoute extends Place {
  readonly route: Route;
}

/** Positions in `spec.rules` and in the paths of the rule; put into words only where something is told. */
interface Place {
  /** `undefined`: the default backend. */
  readonly rule: number | undefined;
  /** `undefined`: the rule as a whole. */
  readonly path: number | undefined;
}

/** What the routes of an Ingress have in common is one object: it crosses to the proxy threads and lies there once. */
interface Shared {
  readonly ingress: ServedIngress;
  readonly name: Route['ingress'];
  readonly targets: readonly Target[];
  readonly owners: HostOwners;
}

interface Target {
  readonly action: RouteAction;
  /** Worth telling wherever the backend is named. */
  readonly problem: Cause | undefined;
}

/** Every path. */
const ROOT: PathPattern = { path: '/', pathType: 'Prefix' };
const DEFAULT: Place = { rule: undefined, path: undefined };

export function declareRoutes(
  ingress: ServedIngress,
  { rules, defaultBackend }: ReadIngress,
  { backends, owners }: RouteTargets,
): DeclaredRoutes {
  const { meta, protection, report } = ingress;
  const { namespace, name } = meta;
  const targets = backends.map((backend) => toTarget(backend, protection));
  const shared: Shared = { ingress, name: { namespace, name }, targets, owners };
  const fallback = defaultBackend === undefined ? undefined : follow(defaultBackend, DEFAULT, shared);
  const taken = fallback && owners.fault('', namespace);
  if (taken !== undefined) report(fieldOf(DEFAULT), taken);
  const isOffered = fallback !== undefined && taken === undefined;
  return {
    rules: rules.flatMap((rule, index) => declareRule(rule, index, shared, fallback) ?? []),
    fallback: isOffered ? { route: toRoute(shared, ROOT, fallback), ...DEFAULT } : undefined,
  };
}

/** Where a route stands, such as `spec.rules[0].http.paths[1]`. */
export function fieldOf({ rule, path }: Place): string {
  if (rule === undefined) return 'spec.defaultBackend';
  return path === undefined ? `spec.rules[${rule}]` : `spec.rules[${rule}].http.paths[${path}]`;
}

export function refusal(protection: Protection, cause: Cause): RouteAction {
  const reason = protection.kind === 'open' ? 'NoEndpoints' : 'PolicyUnavailable';
  return { kind: 'refuse', reason, cause: formatCause(cause), policy: policyOf(protection) };
}

/** `undefined` where no request can ask for what the rule says, and where the host belongs to others. */
function declareRule(
  { host: declared, paths }: ReadRule,
  rule: number,
  shared: Shared,
  fallback: RouteAction | undefined,
): DeclaredRule | undefined {
  const { meta, protection, report } = shared.ingress;
  const fault: Cause | undefined =
    declared.kind === 'valid' ? undefined : { reason: 'InvalidHost', message: declared.message };
  if (fault !== undefined) report(`${fieldOf({ rule, path: undefined })}.host`, fault);
  const host = wantedHost(declared);
  if (host === undefined) return undefined;
  const taken = shared.owners.fault(host, meta.namespace);
  if (taken !== undefined) {
    report(`${fieldOf({ rule, path: undefined })}.host`, taken);
    return undefined;
  }
  const routes = paths === undefined ? [] : pathRoutes(paths, rule, shared, fault);
  if (paths === undefined && fallback !== undefined) {
    // A rule without `http` sends its host to the default backend of its own Ingress.
    const action = fault === undefined ? fallback : refusal(protection, fault);
    routes.push({ route: toRoute(shared, ROOT, action), rule, path: undefined });
  }
  return ruleOf(host, routes);
}

/** `ruleFault`: why everything under the rule refuses. */
function pathRoutes(
  paths: readonly ReadPath[],
  rule: number,
  shared: Shared,
  ruleFault: Cause | undefined,
): DeclaredRoute[] {
  const { values, protection, report } = shared.ingress;
  const routes: DeclaredRoute[] = [];
  paths.forEach(({ declared, backend }, path) => {
    const place = { rule, path };
    // In any case, so that every problem is told at once.
    const target = follow(backend, place, shared);
    const fault = pathFault(declared, values);
    if (fault !== undefined) report(`${fieldOf(place)}.${fault.part}`, fault.cause);
    const pattern = declared.kind === 'valid' ? declared.pattern : declared.meant;
    if (pattern === undefined) return;
    const cause = ruleFault ?? fault?.cause;
    // Dropped, its requests would fall through to a shorter path, which may be open.
    const action = cause === undefined ? target : refusal(protection, cause);
    routes.push({ route: toRoute(shared, pattern, action), rule, path });
  });
  return routes;
}

function pathFault(
  declared: DeclaredPath,
  values: Partial<AnnotationValues>,
): { readonly part: 'path' | 'pathType'; readonly cause: Cause } | undefined {
  if (declared.kind === 'invalid') {
    return { part: 'path', cause: { reason: 'InvalidPath', message: declared.message } };
  }
  if (declared.pattern.pathType === 'Prefix' || values['rewrite-prefix'] === undefined) return undefined;
  const message = `must be Prefix, found Exact: ${annotation('rewrite-prefix')} replaces prefixes only`;
  return { part: 'pathType', cause: { reason: 'InvalidAnnotation', message } };
}

function toTarget(resolved: ResolvedBackend, protection: Protection): Target {
  const problem = resolved.kind === 'none' ? resolved.cause : resolved.warning;
  return { action: actionFor(resolved, protection), problem };
}

function actionFor(resolved: ResolvedBackend, protection: Protection): RouteAction {
  if (protection.kind === 'refuse') return refusal(protection, protection.cause);
  if (resolved.kind === 'none') {
    const cause = formatCause(resolved.cause);
    return { kind: 'refuse', reason: 'NoEndpoints', cause, policy: policyOf(protection) };
  }
  const plan = protection.kind === 'plan' ? protection.key : undefined;
  return { kind: 'forward', backend: resolved.key, plan, canaries: [] };
}

/** Tells what is wrong with the backend that is named at `place`. */
function follow(backend: BackendIndex, place: Place, { targets, ingress }: Shared): RouteAction {
  const target = targets[backend];
  if (target === undefined) throw new RangeError(`there is no backend ${backend}`);
  const { action, problem } = target;
  if (problem !== undefined) {
    ingress.report(place.rule === undefined ? fieldOf(place) : `${fieldOf(place)}.backend`, problem);
  }
  return action;
}

function policyOf(protection: Protection): string | undefined {
  if (protection.kind === 'plan') return protection.plan.policy;
  return protection.kind === 'refuse' ? protection.policy : undefined;
}

function toRoute(
  { name, ingress: { options } }: Shared,
  { path, pathType }: PathPattern,
  action: RouteAction,
): Route {
  return { path, pathType, ingress: name, action, options };
}

export function ruleOf(host: string, declared: readonly DeclaredRoute[]): DeclaredRule {
  const routes = inOrder(
    declared.map(({ route }) => route),
    compareRoutes,
  );
  return { host, routes: declared, alone: areDistinct(routes, compareRoutes) ? { routes } : undefined };
}
