/** Judges every policy on its own, before it is known which Ingress names it. */

import { parseDuration } from '../model/duration.ts';
import { formatFault, type Fault } from '../model/faults.ts';
import {
  objectKey,
  type Decoded,
  type ObjectKey,
  type ObjectMeta,
  type PolicyObject,
  type Snapshot,
} from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import type { Redacted } from '../model/redacted.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { PolicySpec } from '../policy/schema.ts';
import { checkClaimPatterns } from './claim-patterns.ts';
import { buildPlan } from './plan.ts';
import { policyWarnings } from './policy-warnings.ts';
import { keepMap, memoizeByInputs, memoizeByObject } from './memoize.ts';
import {
  createProblemList,
  recordReports,
  tellAll,
  type Cause,
  type Report,
  type Told,
} from './problem-list.ts';
import { filesNamedBy, readProviderFiles, type ProviderFiles } from './provider-files.ts';
import { checkProviderUrls } from './provider-urls.ts';
import type { PolicyAcceptedReason, PolicyWarning, ProviderOptions } from './result.ts';

interface JudgedBase {
  readonly key: ObjectKey;
  readonly meta: ObjectMeta;
  readonly warnings: readonly PolicyWarning[];
}

export interface UsablePolicy extends JudgedBase {
  readonly kind: 'usable';
  readonly spec: PolicySpec;
  /** As an Ingress gets it whose annotations change nothing. */
  readonly plan: PolicyPlan;
  /** Of the client certificate for the provider. */
  readonly providerKey: Redacted<string> | undefined;
}

interface UnusablePolicy extends JudgedBase {
  readonly kind: 'unusable';
  /** `undefined` where the object cannot be decoded. */
  readonly spec: PolicySpec | undefined;
  readonly reason: Exclude<PolicyAcceptedReason, 'Accepted'>;
  readonly message: string;
}

const ACCEPTED_REASONS = [
  'InsecureIssuer',
  'IssuerNotAllowed',
  'SecretNotFound',
  'SecretInvalid',
  'ConfigMapNotFound',
  'ConfigMapInvalid',
] as const satisfies readonly PolicyAcceptedReason[];

export type JudgedPolicy = UsablePolicy | UnusablePolicy;

export interface JudgedPolicies {
  /** The same object for as long as every policy in it is. */
  readonly judged: ReadonlyMap<ObjectKey, JudgedPolicy>;
  readonly problems: readonly Problem[];
}

export function judgePolicies(snapshot: Snapshot, options: ProviderOptions): JudgedPolicies {
  const { policies, secrets, configMaps } = snapshot;
  return rememberAll(options, [policies, secrets, configMaps], (last) => {
    const { judged, problems } = judgeAll(snapshot, options);
    return { judged: keepMap(last?.judged, judged), problems };
  });
}

const rememberAll = memoizeByInputs<ProviderOptions, JudgedPolicies>();

function judgeAll(snapshot: Snapshot, options: ProviderOptions): JudgedPolicies {
  const problems = createProblemList();
  const judged = new Map<ObjectKey, JudgedPolicy>();
  for (const [key, policy] of snapshot.policies) {
    const { meta } = policy;
    if (policy.kind === 'invalid') {
      judged.set(key, undecodable(policy));
      continue;
    }
    const { allowInsecureIssuers, allowedIssuers } = options;
    const files = filesNamedBy(policy.value.spec.provider, meta, snapshot);
    const { verdict, told } = remember(policy, [allowInsecureIssuers, allowedIssuers, ...files], () =>
      judge(policy, snapshot, options),
    );
    tellAll(told, problems.reporterFor('OIDCPolicy', meta));
    judged.set(key, verdict);
  }
  return { judged, problems: problems.sorted() };
}

type ValidPolicy = Extract<Decoded<PolicyObject>, { readonly kind: 'valid' }>;

interface Judgement {
  readonly verdict: JudgedPolicy;
  readonly told: readonly Told[];
}

const remember = memoizeByInputs<ValidPolicy, Judgement>();

function judge(
  { meta, value: { spec } }: ValidPolicy,
  snapshot: Snapshot,
  options: ProviderOptions,
): Judgement {
  const { report, told } = recordReports();
  const warnings = policyWarnings(spec, report);
  const rejected = recordReports();
  const reject: Report = (field, cause) => {
    report(field, cause);
    rejected.report(field, cause);
  };
  checkClaimPatterns(spec, reject);
  checkProviderUrls(spec.provider, options, reject);
  const files = readProviderFiles(spec.provider, meta, snapshot, reject);
  const base = { key: objectKey(meta), meta, warnings, spec };
  const [first] = rejected.told;
  if (first === undefined) return { verdict: { ...base, ...usable(meta, spec, files) }, told };
  const faults = rejected.told.map(({ field, cause }) => ({ path: field, message: cause.message }));
  const reason = acceptedReason(first.cause);
  return { verdict: { ...base, kind: 'unusable', reason, message: formatFaults(faults) }, told };
}

type InvalidPolicy = Extract<Decoded<PolicyObject>, { readonly kind: 'invalid' }>;

const undecodable = memoizeByObject(({ meta, faults }: InvalidPolicy): UnusablePolicy => {
  const rest = { warnings: [], spec: undefined, reason: 'Invalid', message: formatFaults(faults) } as const;
  return { kind: 'unusable', key: objectKey(meta), meta, ...rest };
});

function usable(
  meta: ObjectMeta,
  spec: PolicySpec,
  { ca, clientCertificate, privateKey }: ProviderFiles,
): Pick<UsablePolicy, 'kind' | 'plan' | 'providerKey'> {
  const { issuer, tokenEndpoint, jwksUri, additionalIssuers, timeout } = spec.provider;
  const timeoutMs = parseDuration(timeout) ?? 0;
  const provider = { issuer, tokenEndpoint, jwksUri, additionalIssuers, timeoutMs, ca, clientCertificate };
  const source = { key: objectKey(meta), name: meta.name, spec, provider };
  return {
    kind: 'usable',
    plan: buildPlan(source, { audience: undefined, scopes: [] }),
    providerKey: privateKey,
  };
}

function acceptedReason({ reason }: Cause): UnusablePolicy['reason'] {
  return ACCEPTED_REASONS.find((accepted) => accepted === reason) ?? 'Invalid';
}

function formatFaults(faults: readonly Fault[]): string {
  return faults.map(formatFault).join('; ');
}
