/** Policies as the status page tells them: accepted or not, and whether their issuer can be used. */

import type { PolicyVerdict } from '../../compile/result.ts';
import type { Activity, ExchangeCounts, RequestCounts } from '../../model/activity.ts';
import type { IssuerState } from '../../model/conditions.ts';

export interface PolicyStatus {
  /** `namespace/name`. */
  readonly policy: string;
  readonly mode: 'Enforce' | 'DryRun' | undefined;
  readonly issuer: string | undefined;
  readonly accepted: PolicyVerdict['accepted'];
  readonly issuerReady: Pick<IssuerState, 'status' | 'reason' | 'message'>;
  /** What the provider, or the last exchanges with it, warn of. */
  readonly issuerWarnings: IssuerState['warnings'];
  readonly ingresses: Pick<PolicyVerdict['ingresses'], 'total' | 'enforced' | 'refused'>;
  /** In the last hour. */
  readonly requests: RequestCounts;
  /** With the issuer in the last hour, whichever policy asked. */
  readonly exchanges: ExchangeCounts;
}

export function describePolicies(
  verdicts: Readonly<Record<string, PolicyVerdict>>,
  issuerState: (policy: string) => IssuerState,
  activity: Activity,
): readonly PolicyStatus[] {
  const policies = Object.entries(verdicts).map(([policy, verdict]) =>
    describePolicy(policy, verdict, { issuer: issuerState(policy), activity }),
  );
  const trouble = (policy: PolicyStatus): number => (isTroubled(policy) ? 0 : 1);
  return policies.sort((a, b) => trouble(a) - trouble(b) || (a.policy < b.policy ? -1 : 1));
}

function describePolicy(
  policy: string,
  { accepted, issuer, plan, ingresses }: PolicyVerdict,
  known: { readonly issuer: IssuerState; readonly activity: Activity },
): PolicyStatus {
  const { status, reason, message, warnings } = known.issuer;
  const { total, enforced, refused } = ingresses;
  return {
    policy,
    mode: plan?.mode,
    issuer,
    accepted,
    issuerReady: { status, reason, message },
    issuerWarnings: warnings,
    ingresses: { total, enforced, refused },
    requests: known.activity.requests[policy] ?? { passed: 0, refused: 0, failed: 0 },
    exchanges: known.activity.exchanges[issuer ?? ''] ?? { granted: 0, refused: 0, failed: 0 },
  };
}

function isTroubled({ accepted, issuerReady, issuerWarnings, ingresses }: PolicyStatus): boolean {
  return (
    accepted.status === 'False' ||
    issuerReady.status === 'False' ||
    issuerWarnings.length > 0 ||
    ingresses.refused > 0
  );
}
