/** Compiles the objects of a cluster into a routing table, the problems in them, and the statuses to be. */

import type { IngressObject, ObjectMeta, Snapshot } from '../model/objects.ts';
import type { RouteOptions } from '../model/route-options.ts';
import type {
  Backend,
  BackendKey,
  HostRoutes,
  OptionsKey,
  PlanKey,
  PolicyPlan,
  Route,
} from '../model/table.ts';
import { createBackendResolver } from './backends.ts';
import { attachCanaries, type CanaryIngress } from './canaries.ts';
import { createCertificateCollector } from './certificates.ts';
import { CLASS_FIELD, createClassSelector, type ClassDefault } from './classes.ts';
import { declareRoutes, type RouteTargets } from './ingress-routes.ts';
import { reportInvalidObjects } from './invalid-objects.ts';
import { compareAge, compareNames, sortedRecord, sortedSet } from './order.ts';
import { injectedHeaders } from './plan.ts';
import { judgePolicies, type JudgedPolicy } from './policies.ts';
import { createProblemList, type ProblemList, type Report } from './problem-list.ts';
import type { CompileOptions, CompileResult } from './result.ts';
import { createRouteBoard } from './route-board.ts';
import { isCanary, serveIngress } from './serve-ingress.ts';
import { createVerdictCollector } from './verdicts.ts';

interface OwnIngress {
  readonly meta: ObjectMeta;
  readonly value: IngressObject;
  readonly classDefault: ClassDefault;
  readonly report: Report;
}

/**
 * Never throws for what users wrote, depends on no order of arrival, and gives the same bytes for the same objects.
 * What cannot be protected as its author meant refuses, on exactly the paths that it would have served.
 */
export function compile(snapshot: Snapshot, options: CompileOptions): CompileResult {
  const problems = createProblemList();
  reportInvalidObjects(snapshot, problems);
  const policies = judgePolicies(snapshot, options, problems);
  const ingresses = ownIngresses(snapshot, options, problems);
  const verdicts = createVerdictCollector(policies);
  const certificates = createCertificateCollector(snapshot.secrets);
  const plans = new Map<PlanKey, PolicyPlan>();
  const routeOptions = new Map<OptionsKey, RouteOptions>();
  const board = createRouteBoard();
  const targets: RouteTargets = {
    resolveBackend: createBackendResolver(snapshot, options, problems),
    backends: new Map<BackendKey, Backend>(),
  };
  const context = { policies, snapshot, options };
  const canaries: CanaryIngress[] = [];
  for (const own of ingresses) {
    const { ingress, asked } = serveIngress(own, context);
    const { protection } = ingress;
    if (protection.kind === 'plan') plans.set(protection.key, protection.plan);
    if (ingress.options !== undefined && asked !== undefined) routeOptions.set(ingress.options, asked);
    verdicts.add(own.meta, protection);
    certificates.add(own.meta, own.value, own.report);
    const declared = declareRoutes(ingress, targets);
    if (isCanary(own.value)) canaries.push({ ingress, declared });
    else board.add(declared, own.report);
  }
  attachCanaries(canaries, board, plans);
  const { hosts, defaultRoute } = board.result();
  const used = usedKeys(hosts, defaultRoute);
  const { certificates: offered, keys } = certificates.result();
  return {
    table: {
      hosts,
      defaultRoute,
      plans: pick(plans, used.plans),
      options: pick(routeOptions, used.options),
      backends: pick(targets.backends, used.backends),
      certificates: offered,
      identityHeaders: identityHeaders(policies),
    },
    certificateKeys: keys,
    providerKeys: providerKeys(policies),
    problems: problems.sorted(),
    policies: verdicts.result(),
    ingresses: ingresses.map(({ meta }) => meta).sort(compareNames),
  };
}

/** The Ingresses of our classes, oldest first. One that cannot be decoded names no class that could be trusted. */
function ownIngresses(
  snapshot: Snapshot,
  options: CompileOptions,
  problems: ProblemList,
): readonly OwnIngress[] {
  const classOf = createClassSelector(snapshot, options, problems);
  const own: OwnIngress[] = [];
  for (const ingress of snapshot.ingresses.values()) {
    if (ingress.kind === 'invalid') continue;
    const { meta, value } = ingress;
    const report = problems.reporterFor('Ingress', meta);
    const match = classOf(value);
    if (match.kind === 'ours') own.push({ meta, value, classDefault: match.default, report });
    else if (match.kind === 'missing') {
      const message = `IngressClass ${match.name} does not exist: nobody serves this Ingress`;
      report(CLASS_FIELD, { reason: 'IngressClassNotFound', message });
    }
  }
  return own.sort((a, b) => compareAge(a.meta, b.meta));
}

function usedKeys(hosts: Readonly<Record<string, HostRoutes>>, defaultRoute: Route | undefined) {
  const backends = new Set<BackendKey>();
  const plans = new Set<PlanKey>();
  const options = new Set<OptionsKey>();
  const use = ({ action, options: key }: Route): void => {
    if (key !== undefined) options.add(key);
    if (action.kind === 'refuse') return;
    backends.add(action.backend);
    for (const { backend } of action.canaries) backends.add(backend);
    if (action.plan !== undefined) plans.add(action.plan);
  };
  for (const { routes } of Object.values(hosts)) routes.forEach(use);
  if (defaultRoute !== undefined) use(defaultRoute);
  return { backends, plans, options };
}

function pick<T>(entries: ReadonlyMap<string, T>, keys: ReadonlySet<string>): Readonly<Record<string, T>> {
  return sortedRecord([...entries].filter(([key]) => keys.has(key)));
}

/** Of every policy that can be read, used or not: a header that is trusted anywhere is spoofable everywhere. */
function identityHeaders(policies: ReadonlyMap<string, JudgedPolicy>): readonly string[] {
  return sortedSet(
    [...policies.values()].flatMap(({ spec }) => (spec === undefined ? [] : injectedHeaders(spec))),
  );
}

function providerKeys(policies: ReadonlyMap<string, JudgedPolicy>): CompileResult['providerKeys'] {
  return sortedRecord(
    [...policies.values()].flatMap((policy) => {
      if (policy.kind === 'unusable' || policy.providerKey === undefined) return [];
      const secret = policy.plan.provider.clientCertificate?.secret;
      return secret === undefined ? [] : [[secret, policy.providerKey] as const];
    }),
  );
}
