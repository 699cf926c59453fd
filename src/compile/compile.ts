/** Compiles the objects of a cluster into a routing table, the problems in them, and the statuses to be. */

import type { Snapshot } from '../model/objects.ts';
import { offerCertificates } from './certificates.ts';
import { backendKeysOf } from './client-certificates.ts';
import { findHostOwners } from './host-owners.ts';
import { reportInvalidObjects } from './invalid-objects.ts';
import { sortedRecord, sortedSet } from './order.ts';
import { ownIngresses } from './own-ingresses.ts';
import { injectedHeaders } from './plan.ts';
import { judgePolicies, type JudgedPolicy } from './policies.ts';
import { createProblemList } from './problem-list.ts';
import type { CompileOptions, CompileResult } from './result.ts';
import { compileRoutes } from './routes.ts';
import { serveNamespaces } from './serve-namespaces.ts';
import { judgeIngresses } from './verdicts.ts';

/**
 * Never throws for what users wrote, depends on no order of arrival, and gives the same bytes for the same objects.
 * What cannot be protected as its author meant refuses, on exactly the paths that it would have served.
 */
export function compile(snapshot: Snapshot, options: CompileOptions): CompileResult {
  const policies = judgePolicies(snapshot, options);
  const ingresses = ownIngresses(snapshot, options);
  const owners = findHostOwners(ingresses.own, options);
  const served = serveNamespaces(ingresses, { policies: policies.judged, snapshot, options, owners });
  const routes = compileRoutes(served.outcomes, options);
  const certificates = offerCertificates(ingresses.own, { ...options, secrets: snapshot.secrets, owners });
  const problems = createProblemList();
  reportInvalidObjects(snapshot, problems);
  for (const part of [policies, ingresses, served, routes, certificates]) problems.addAll(part.problems);
  const backends = served.pickBackends(routes.backends);
  return {
    table: {
      hosts: routes.hosts,
      defaultRoute: routes.defaultRoute,
      plans: routes.plans,
      options: routes.options,
      backends,
      certificates: certificates.certificates,
      defaultCertificate: certificates.defaultCertificate,
      identityHeaders: identityHeaders(policies.judged),
    },
    certificateKeys: certificates.keys,
    unusableCertificates: certificates.unusable,
    backendKeys: backendKeysOf({ backends }, snapshot.secrets),
    providerKeys: providerKeys(policies.judged),
    problems: problems.sorted(),
    policies: judgeIngresses(policies.judged, served.byNamespace),
    ingresses: ingresses.metas,
  };
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
