/** Compiles the objects of a cluster into a routing table, the problems in them, and the statuses to be. */

import type { ObjectKey, Snapshot } from '../model/objects.ts';
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
import { declareRoutes, type RouteTargets } from './ingress-routes.ts';
import { findHostOwners } from './host-owners.ts';
import { reportInvalidObjects } from './invalid-objects.ts';
import { compareNames, sortedRecord, sortedSet } from './order.ts';
import { ownIngresses } from './own-ingresses.ts';
import { injectedHeaders } from './plan.ts';
import { judgePolicies, type JudgedPolicy } from './policies.ts';
import { createProblemList, type ProblemList, type Report } from './problem-list.ts';
import type { CompileOptions, CompileResult } from './result.ts';
import { createRouteBoard } from './route-board.ts';
import { isCanary, serveIngress } from './serve-ingress.ts';
import { createVerdictCollector } from './verdicts.ts';

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
  const owners = findHostOwners(
    ingresses.filter(({ value }) => !isCanary(value)),
    options,
  );
  const certificates = createCertificateCollector(snapshot.secrets, owners);
  const plans = new Map<PlanKey, PolicyPlan>();
  const routeOptions = new Map<OptionsKey, RouteOptions>();
  const board = createRouteBoard();
  const targets: RouteTargets = {
    resolveBackend: createBackendResolver(snapshot, options, problems),
    owners,
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
  const { defaultTlsSecret } = options;
  if (defaultTlsSecret !== undefined) {
    certificates.addDefault(defaultTlsSecret, reportOfSecret(defaultTlsSecret, problems));
  }
  const { certificates: offered, keys, unusable } = certificates.result();
  return {
    table: {
      hosts,
      defaultRoute,
      plans: pick(plans, used.plans),
      options: pick(routeOptions, used.options),
      backends: pick(targets.backends, used.backends),
      certificates: offered,
      defaultCertificate:
        defaultTlsSecret !== undefined && Object.hasOwn(offered, defaultTlsSecret)
          ? defaultTlsSecret
          : undefined,
      identityHeaders: identityHeaders(policies),
    },
    certificateKeys: keys,
    unusableCertificates: unusable,
    providerKeys: providerKeys(policies),
    problems: problems.sorted(),
    policies: verdicts.result(),
    ingresses: ingresses.flatMap(({ meta, fault }) => (fault === undefined ? [meta] : [])).sort(compareNames),
  };
}

function reportOfSecret(key: ObjectKey, problems: ProblemList): Report {
  const [namespace = '', name = ''] = key.split('/');
  return problems.reporterFor('Secret', { namespace, name });
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
