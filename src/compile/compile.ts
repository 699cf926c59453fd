/** Compiles the objects of a cluster into a routing table, the problems in them, and the statuses to be. */

import type { ObjectKey, Snapshot } from '../model/objects.ts';
import { createBackendResolver } from './backends.ts';
import { createCertificateCollector, type CertificateCollector } from './certificates.ts';
import { backendKeysOf } from './client-certificates.ts';
import { findHostOwners } from './host-owners.ts';
import { reportInvalidObjects } from './invalid-objects.ts';
import { sortedRecord, sortedSet } from './order.ts';
import { ownIngresses, reporterOf } from './own-ingresses.ts';
import { injectedHeaders } from './plan.ts';
import { judgePolicies, type JudgedPolicy } from './policies.ts';
import { createProblemList, createRecorder, tellAll, type ProblemList } from './problem-list.ts';
import type { CompileOptions, CompileResult } from './result.ts';
import { compileRoutes } from './routes.ts';
import { serveIngress, type IngressOutcome } from './serve-ingress.ts';
import { judgeIngresses } from './verdicts.ts';

/**
 * Never throws for what users wrote, depends on no order of arrival, and gives the same bytes for the same objects.
 * What cannot be protected as its author meant refuses, on exactly the paths that it would have served.
 */
export function compile(snapshot: Snapshot, options: CompileOptions): CompileResult {
  const problems = createProblemList();
  reportInvalidObjects(snapshot, problems);
  const policies = judgePolicies(snapshot, options, problems);
  const { own, metas, problems: ofClasses } = ownIngresses(snapshot, options);
  problems.addAll(ofClasses);
  const owners = findHostOwners(own, options);
  const backends = createBackendResolver(snapshot, options, problems);
  const recorder = createRecorder();
  const context = { policies, snapshot, options, owners, resolveBackend: backends.resolve, recorder };
  const outcomes: IngressOutcome[] = [];
  const certificates = createCertificateCollector(snapshot.secrets, owners);
  for (const ingress of own) {
    const outcome = serveIngress(ingress, context);
    outcomes.push(outcome);
    const { told } = outcome;
    if (told.length > 0) tellAll(told, reporterOf(ingress, problems));
    if (ingress.value.tls.length > 0) certificates.add(ingress, reporterOf(ingress, problems));
  }
  const routes = compileRoutes(outcomes, options);
  problems.addAll(routes.problems);
  const { defaultTlsSecret } = options;
  if (defaultTlsSecret !== undefined) addDefaultCertificate(certificates, defaultTlsSecret, problems);
  const { certificates: offered, keys, unusable } = certificates.result();
  const used = backends.pick(routes.backends);
  const hasDefault = defaultTlsSecret !== undefined && Object.hasOwn(offered, defaultTlsSecret);
  return {
    table: {
      hosts: routes.hosts,
      defaultRoute: routes.defaultRoute,
      plans: routes.plans,
      options: routes.options,
      backends: used,
      certificates: offered,
      defaultCertificate: hasDefault ? defaultTlsSecret : undefined,
      identityHeaders: identityHeaders(policies),
    },
    certificateKeys: keys,
    unusableCertificates: unusable,
    backendKeys: backendKeysOf({ backends: used }, snapshot.secrets),
    providerKeys: providerKeys(policies),
    problems: problems.sorted(),
    policies: judgeIngresses(policies, outcomes),
    ingresses: metas,
  };
}

function addDefaultCertificate(
  certificates: CertificateCollector,
  key: ObjectKey,
  problems: ProblemList,
): void {
  const [namespace = '', name = ''] = key.split('/');
  certificates.addDefault(key, problems.reporterFor('Secret', { namespace, name }));
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
