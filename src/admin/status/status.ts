/** What the gateway says of itself: the data behind the status page and `/v1/status`. Nothing in it is secret. */

import type { CompileResult } from '../../compile/result.ts';
import type { SourceFault } from '../../decode/source.ts';
import type { Activity } from '../../model/activity.ts';
import type { IssuerState } from '../../model/conditions.ts';
import { describeCertificates, type CertificateStatus } from './certificates.ts';
import { describePolicies, type PolicyStatus } from './policies.ts';
import { listProblems, type StatusProblem } from './problems.ts';
import { describeHosts, describeRoute, type HostStatus, type RouteStatus } from './routes.ts';

/** What is known at one moment. */
export interface StatusSources {
  readonly version: string;
  /** Name of the pod or machine. */
  readonly instance: string;
  readonly nowMs: number;
  /** Empty: ready. */
  readonly notReadyBecause: readonly string[];
  /** `undefined`: nothing was compiled yet. */
  readonly result: CompileResult | undefined;
  /** When every proxy thread last served a new table. */
  readonly appliedAtMs: number | undefined;
  readonly sourceFaults: readonly SourceFault[];
  /** By `namespace/name` of the policy. */
  readonly issuerState: (policy: string) => IssuerState;
  readonly activity: Activity;
}

/** Plain JSON; instants in ISO 8601. */
export interface Status {
  readonly version: string;
  readonly instance: string;
  readonly at: string;
  readonly isReady: boolean;
  readonly notReadyBecause: readonly string[];
  readonly appliedAt: string | undefined;
  /** Errors first. */
  readonly problems: readonly StatusProblem[];
  /** Those with trouble first, then by name. */
  readonly hosts: readonly HostStatus[];
  /** Meets every request that no route of its host matches. */
  readonly defaultRoute: RouteStatus | undefined;
  /** Those with trouble first, then by name. */
  readonly policies: readonly PolicyStatus[];
  /** The one that expires first goes first. */
  readonly certificates: readonly CertificateStatus[];
  readonly activity: Activity;
}

export function describeStatus(sources: StatusSources): Status {
  const { version, instance, nowMs, notReadyBecause, result, appliedAtMs, activity } = sources;
  const table = result?.table;
  const policies = describePolicies(result?.policies ?? {}, sources.issuerState, activity);
  const certificates = table === undefined ? [] : describeCertificates(table, nowMs);
  return {
    version,
    instance,
    at: new Date(nowMs).toISOString(),
    isReady: notReadyBecause.length === 0,
    notReadyBecause,
    appliedAt: appliedAtMs === undefined ? undefined : new Date(appliedAtMs).toISOString(),
    problems: listProblems({
      compiled: result?.problems ?? [],
      sourceFaults: sources.sourceFaults,
      policies,
      certificates,
    }),
    hosts: table === undefined ? [] : describeHosts(table),
    defaultRoute: table?.defaultRoute && describeRoute(table, table.defaultRoute),
    policies,
    certificates,
    activity,
  };
}
