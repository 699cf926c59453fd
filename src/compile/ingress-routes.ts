/** What one Ingress declares, as routes; one broken rule does not take its siblings down. */

import { annotation } from '../model/annotations.ts';
import type { ObjectMeta } from '../model/objects.ts';
import type { Canary } from '../model/route-options.ts';
import type { HostRoutes, OptionsKey, PathPattern, Route, RouteAction } from '../model/table.ts';
import type { AnnotationValues } from './annotations/values.ts';
import type { ResolvedBackend } from './backends.ts';
import type { HostOwners } from './host-owners.ts';
import { wantedHost } from './hosts.ts';
import type { DeclaredPath } from './paths.ts';
import { formatCause, type Cause, type Report } from './problem-list.ts';
import type { Protection } from './protection.ts';
import type { BackendIndex, DroppedPath, ReadIngress, ReadPath, ReadRule } from './read-ingress.ts';

export interface ServedIngress {
  readonly meta: ObjectMeta;
  readonly values: Partial<AnnotationValues>;
  readonly protection: Protection;
  readonly options: OptionsKey | undefined;
}

export interface RouteTargets {
  /** Those that the Ingress names. */
  readonly backends: readonly ResolvedBackend[];
  readonly owners: HostOwners;
  readonly report: Report;
}

export interface DeclaredRoutes {
  /** `undefined`: one that serves nothing. */
  readonly rules: readonly (DeclaredRule | undefined)[];
  /** For requests that no route of their host matches. */
  readonly fallback: Route | undefined;
}

/** A host exists even without a route: its requests do not fall to a wider one. */
export interface DeclaredRule {
  /** Empty: any host. */
  readonly host: string;
  /** The one that wins first. */
  readonly routes: readonly Route[];
  /** As the host is served where no other rule is for it; `undefined` where two routes are for the same requests. */
  readonly alone: HostRoutes | undefined;
  /** Position in `spec.rules`. */
  readonly index: number;
  /** Those of the routes, one by one; `undefined` where the rule as a whole is one. */
  readonly paths: readonly ReadPath[] | undefined;
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
  readonly report: Report;
}

interface Target {
  readonly action: RouteAction;
  /** Worth telling wherever the backend is named. */
  readonly problem: Cause | undefined;
}

const NO_CANARIES: readonly Canary[] = [];
/** Every path. */
const ROOT: PathPattern = { path: '/', pathType: 'Prefix' };
export const DEFAULT: Place = { rule: undefined, path: undefined };

export function declareRoutes(
  ingress: ServedIngress,
  { rules, defaultBackend }: ReadIngress,
  { backends, owners, report }: RouteTargets,
): DeclaredRoutes {
  const { meta, protection } = ingress;
  const { namespace, name } = meta;
  const targets = backends.map((backend) => toTarget(backend, protection));
  const shared: Shared = { ingress, name: { namespace, name }, targets, owners, report };
  const fallback = defaultBackend === undefined ? undefined : followDefault(defaultBackend, shared);
  const taken = fallback && owners.fault('', namespace);
  if (taken !== undefined) report(fieldOf(DEFAULT), taken);
  const isOffered = fallback !== undefined && taken === undefined;
  return {
    rules: rules.map((rule, index) => declareRule(rule, index, shared, fallback)),
    fallback: isOffered ? toRoute(shared, ROOT, fallback) : undefined,
  };
}

/** Where the route `at` this position of a rule stands. */
export function placeOf({ index, paths }: DeclaredRule, at: number): Place {
  return { rule: index, path: paths?.[at]?.index };
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
  { host: declared, paths, areDistinct, dropped }: ReadRule,
  index: number,
  shared: Shared,
  fallback: RouteAction | undefined,
): DeclaredRule | undefined {
  const { report } = shared;
  const fault: Cause | undefined =
    declared.kind === 'valid' ? undefined : { reason: 'InvalidHost', message: declared.message };
  if (fault !== undefined) report(`${fieldOf({ rule: index, path: undefined })}.host`, fault);
  const host = wantedHost(declared);
  if (host === undefined) return undefined;
  const taken = shared.owners.fault(host, shared.name.namespace);
  if (taken !== undefined) {
    report(`${fieldOf({ rule: index, path: undefined })}.host`, taken);
    return undefined;
  }
  for (const path of dropped) followPath(path, index, shared, fault);
  const routes =
    paths === undefined
      ? wholeHost(shared, fallback, fault)
      : paths.map((path) => toRoute(shared, path, followPath(path, index, shared, fault)));
  return { host, routes, alone: areDistinct ? { routes } : undefined, index, paths };
}

/** A rule without `http` sends its host to the default backend of its own Ingress. */
function wholeHost(
  shared: Shared,
  fallback: RouteAction | undefined,
  fault: Cause | undefined,
): readonly Route[] {
  if (fallback === undefined) return [];
  return [toRoute(shared, ROOT, fault === undefined ? fallback : refusal(shared.ingress.protection, fault))];
}

/** Tells what is wrong with a path. `ruleFault`: why everything under the rule refuses. */
function followPath(
  { index, declared, backend }: DroppedPath,
  rule: number,
  { ingress: { values, protection }, targets, report }: Shared,
  ruleFault: Cause | undefined,
): RouteAction {
  // In any case, so that every problem is told at once.
  const { action, problem } = targetAt(targets, backend);
  if (problem !== undefined) report(`${fieldOf({ rule, path: index })}.backend`, problem);
  const fault = pathFault(declared, values);
  if (fault !== undefined) report(`${fieldOf({ rule, path: index })}.${fault.part}`, fault.cause);
  const cause = ruleFault ?? fault?.cause;
  // Dropped, its requests would fall through to a shorter path, which may be open.
  return cause === undefined ? action : refusal(protection, cause);
}

function pathFault(
  declared: DeclaredPath,
  values: Partial<AnnotationValues>,
): { readonly part: 'path' | 'pathType'; readonly cause: Cause } | undefined {
  if (declared.kind === 'invalid') {
    return { part: declared.part, cause: { reason: 'InvalidPath', message: declared.message } };
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
  return { kind: 'forward', backend: resolved.key, plan, canaries: NO_CANARIES };
}

/** Tells what is wrong with the default backend. */
function followDefault(backend: BackendIndex, { targets, report }: Shared): RouteAction {
  const { action, problem } = targetAt(targets, backend);
  if (problem !== undefined) report(fieldOf(DEFAULT), problem);
  return action;
}

function targetAt(targets: readonly Target[], backend: BackendIndex): Target {
  const target = targets[backend];
  if (target === undefined) throw new RangeError(`there is no backend ${backend}`);
  return target;
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
