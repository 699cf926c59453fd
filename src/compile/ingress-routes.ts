/** What one Ingress declares, as routes; one broken rule does not take its siblings down. */

import { annotation } from '../model/annotations.ts';
import type { IngressBackend, IngressObject, IngressRule, ObjectMeta } from '../model/objects.ts';
import type { OptionsKey, PathPattern, Route, RouteAction } from '../model/table.ts';
import type { AnnotationValues } from './annotations/values.ts';
import { nameBackend, type BackendResolver } from './backends.ts';
import type { Dialling } from './dialling.ts';
import type { HostOwners } from './host-owners.ts';
import { parseHost } from './hosts.ts';
import { parsePath } from './paths.ts';
import { formatCause, type Cause, type Report } from './problem-list.ts';
import type { Protection } from './protection.ts';

export interface ServedIngress {
  readonly meta: ObjectMeta;
  readonly value: IngressObject;
  readonly values: Partial<AnnotationValues>;
  readonly protection: Protection;
  readonly options: OptionsKey | undefined;
  readonly dialling: Dialling | undefined;
  readonly report: Report;
}

export interface RouteTargets {
  readonly resolveBackend: BackendResolver;
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
}

export interface DeclaredRoute {
  readonly route: Route;
  readonly field: string;
}

interface Entry {
  readonly pattern: PathPattern;
  readonly action: RouteAction;
  readonly field: string;
}

/** Every path. */
const ROOT: PathPattern = { path: '/', pathType: 'Prefix' };
const DEFAULT_FIELD = 'spec.defaultBackend';

export function declareRoutes(ingress: ServedIngress, targets: RouteTargets): DeclaredRoutes {
  const { value, protection, report } = ingress;
  const { namespace } = ingress.meta;
  const fallback = value.defaultBackend && actionFor(value.defaultBackend, DEFAULT_FIELD, ingress, targets);
  const fallbackTaken = fallback && targets.owners.fault('', namespace);
  if (fallbackTaken !== undefined) report(DEFAULT_FIELD, fallbackTaken);
  const rules = value.rules.flatMap((rule, index): readonly DeclaredRule[] => {
    const field = `spec.rules[${index}]`;
    const { host, fault } = readHost(rule, `${field}.host`, report);
    if (host === undefined) return [];
    const taken = targets.owners.fault(host, namespace);
    if (taken !== undefined) {
      report(`${field}.host`, taken);
      return [];
    }
    const entries =
      rule.paths === undefined
        ? fallbackEntries(fallback, field)
        : pathEntries(rule.paths, field, ingress, targets);
    const routes = entries.map((entry) => {
      const action = fault === undefined ? entry.action : refusal(protection, fault);
      return { route: toRoute(ingress, entry.pattern, action), field: entry.field };
    });
    return [{ host, routes }];
  });
  return {
    rules,
    fallback: fallbackTaken
      ? undefined
      : fallback && { route: toRoute(ingress, ROOT, fallback), field: DEFAULT_FIELD },
  };
}

/** `host` is `undefined` where no request can ask for what the rule says. */
function readHost(
  rule: IngressRule,
  field: string,
  report: Report,
): { readonly host: string | undefined; readonly fault?: Cause } {
  const declared = parseHost(rule.host);
  if (declared.kind === 'valid') return { host: declared.host };
  const fault: Cause = { reason: 'InvalidHost', message: declared.message };
  report(field, fault);
  return { host: declared.meant, fault };
}

/** A rule without `http` sends its host to the default backend of its own Ingress. */
function fallbackEntries(fallback: RouteAction | undefined, field: string): readonly Entry[] {
  return fallback === undefined ? [] : [{ pattern: ROOT, action: fallback, field }];
}

function pathEntries(
  paths: NonNullable<IngressRule['paths']>,
  ruleField: string,
  ingress: ServedIngress,
  targets: RouteTargets,
): readonly Entry[] {
  return paths.flatMap((path, index) => {
    const field = `${ruleField}.http.paths[${index}]`;
    const action = actionFor(path.backend, `${field}.backend`, ingress, targets);
    const declared = parsePath(path);
    if (declared.kind === 'valid') {
      const { pattern } = declared;
      const fault = rewriteFault(pattern, ingress.values);
      if (fault === undefined) return [{ pattern, action, field }];
      ingress.report(`${field}.pathType`, fault);
      return [{ pattern, action: refusal(ingress.protection, fault), field }];
    }
    const fault: Cause = { reason: 'InvalidPath', message: declared.message };
    ingress.report(`${field}.path`, fault);
    if (declared.meant === undefined) return [];
    // Dropped, its requests would fall through to a shorter path, which may be open.
    return [{ pattern: declared.meant, action: refusal(ingress.protection, fault), field }];
  });
}

function rewriteFault({ pathType }: PathPattern, values: Partial<AnnotationValues>): Cause | undefined {
  if (pathType === 'Prefix' || values['rewrite-prefix'] === undefined) return undefined;
  const message = `must be Prefix, found Exact: ${annotation('rewrite-prefix')} replaces prefixes only`;
  return { reason: 'InvalidAnnotation', message };
}

/** The backend is looked up in any case, so that every problem is told at once. */
function actionFor(
  backend: IngressBackend,
  field: string,
  { meta, protection, dialling, report }: ServedIngress,
  { resolveBackend }: RouteTargets,
): RouteAction {
  const resolved = resolveBackend(nameBackend(backend, meta.namespace), dialling);
  const problem = resolved.kind === 'none' ? resolved.cause : resolved.warning;
  if (problem !== undefined) report(field, problem);
  if (protection.kind === 'refuse') return refusal(protection, protection.cause);
  if (resolved.kind === 'none') {
    const cause = formatCause(resolved.cause);
    return { kind: 'refuse', reason: 'NoEndpoints', cause, policy: policyOf(protection) };
  }
  const plan = protection.kind === 'plan' ? protection.key : undefined;
  return { kind: 'forward', backend: resolved.key, plan, canaries: [] };
}

export function refusal(protection: Protection, cause: Cause): RouteAction {
  const reason = protection.kind === 'open' ? 'NoEndpoints' : 'PolicyUnavailable';
  return { kind: 'refuse', reason, cause: formatCause(cause), policy: policyOf(protection) };
}

function policyOf(protection: Protection): string | undefined {
  if (protection.kind === 'plan') return protection.plan.policy;
  return protection.kind === 'refuse' ? protection.policy : undefined;
}

function toRoute(
  { meta: { namespace, name }, options }: ServedIngress,
  pattern: PathPattern,
  action: RouteAction,
): Route {
  return { path: pattern.path, pathType: pattern.pathType, ingress: { namespace, name }, action, options };
}
