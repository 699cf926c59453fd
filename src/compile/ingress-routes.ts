/** Enters the routes of one Ingress; one broken rule does not take its siblings down. */

import type { IngressBackend, IngressObject, IngressRule, ObjectMeta } from '../model/objects.ts';
import type { Backend, BackendKey, PathPattern, Route, RouteAction } from '../model/table.ts';
import type { BackendResolver } from './backends.ts';
import { parseHost } from './hosts.ts';
import { parsePath } from './paths.ts';
import { formatCause, type Cause, type Report } from './problem-list.ts';
import type { Protection } from './protection.ts';
import type { RouteBoard } from './route-board.ts';

export interface ServedIngress {
  readonly meta: ObjectMeta;
  readonly value: IngressObject;
  readonly protection: Protection;
  readonly report: Report;
}

export interface RouteTargets {
  readonly board: RouteBoard;
  readonly resolveBackend: BackendResolver;
  /** Takes the backends that routes may forward to. */
  readonly backends: Map<BackendKey, Backend>;
}

interface Entry {
  readonly pattern: PathPattern;
  readonly action: RouteAction;
  readonly field: string;
}

/** Every path. */
const ROOT: PathPattern = { path: '/', pathType: 'Prefix' };
const DEFAULT_FIELD = 'spec.defaultBackend';

export function addIngressRoutes(ingress: ServedIngress, targets: RouteTargets): void {
  const { value, protection, report } = ingress;
  const { board } = targets;
  const fallback = value.defaultBackend && actionFor(value.defaultBackend, DEFAULT_FIELD, ingress, targets);
  value.rules.forEach((rule, index) => {
    const field = `spec.rules[${index}]`;
    const { host, fault } = readHost(rule, `${field}.host`, report);
    if (host === undefined) return;
    board.addHost(host);
    const entries =
      rule.paths === undefined
        ? fallbackEntries(fallback, field)
        : pathEntries(rule.paths, field, ingress, targets);
    for (const entry of entries) {
      const action = fault === undefined ? entry.action : refusal(protection, fault);
      board.addRoute(host, toRoute(ingress, entry.pattern, action), { field: entry.field, report });
    }
  });
  if (fallback !== undefined) {
    board.setDefault(toRoute(ingress, ROOT, fallback), { field: DEFAULT_FIELD, report });
  }
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
    if (declared.kind === 'valid') return [{ pattern: declared.pattern, action, field }];
    const fault: Cause = { reason: 'InvalidPath', message: declared.message };
    ingress.report(`${field}.path`, fault);
    if (declared.meant === undefined) return [];
    // Dropped, its requests would fall through to a shorter path, which may be open.
    return [{ pattern: declared.meant, action: refusal(ingress.protection, fault), field }];
  });
}

/** The backend is looked up in any case, so that every problem is told at once. */
function actionFor(
  backend: IngressBackend,
  field: string,
  { meta, protection, report }: ServedIngress,
  { resolveBackend, backends }: RouteTargets,
): RouteAction {
  const resolved = resolveBackend(backend, { namespace: meta.namespace, field, report });
  if (protection.kind === 'refuse') return refusal(protection, protection.cause);
  if (resolved.kind === 'none') {
    const cause = formatCause(resolved.cause);
    return { kind: 'refuse', reason: 'NoEndpoints', cause, policy: policyOf(protection) };
  }
  backends.set(resolved.key, resolved.backend);
  const plan = protection.kind === 'plan' ? protection.key : undefined;
  return { kind: 'forward', backend: resolved.key, plan, canaries: [] };
}

function refusal(protection: Protection, cause: Cause): RouteAction {
  const reason = protection.kind === 'open' ? 'NoEndpoints' : 'PolicyUnavailable';
  return { kind: 'refuse', reason, cause: formatCause(cause), policy: policyOf(protection) };
}

function policyOf(protection: Protection): string | undefined {
  if (protection.kind === 'plan') return protection.plan.policy;
  return protection.kind === 'refuse' ? protection.policy : undefined;
}

function toRoute(
  { meta: { namespace, name } }: ServedIngress,
  pattern: PathPattern,
  action: RouteAction,
): Route {
  return {
    path: pattern.path,
    pathType: pattern.pathType,
    ingress: { namespace, name },
    action,
    options: undefined,
  };
}
