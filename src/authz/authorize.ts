/** Decides whether a verified token satisfies what a policy requires of a request. */

import type { PolicyPlan } from '../model/table.ts';
import type { VerifiedClaims } from './ports.ts';

export type Verdict =
  | { readonly kind: 'allow' }
  | {
      readonly kind: 'deny';
      readonly reason: 'ClientNotAllowed' | 'InsufficientScope' | 'AudienceMismatch' | 'ClaimMismatch';
      /** For the caller: names what is missing, scopes but never claim values. */
      readonly detail: string;
      /** For the `scope` of a Bearer challenge. */
      readonly requiredScope: string | undefined;
    };

export interface RequestLine {
  readonly method: string;
  readonly path: string;
}

export declare function authorize(
  plan: PolicyPlan,
  claims: VerifiedClaims,
  clientId: string | undefined,
  request: RequestLine,
): Verdict;

/** Before any call to the provider: `require.clients` of the policy and of the rule that matches. */
export declare function mayClientCall(plan: PolicyPlan, clientId: string, request: RequestLine): Verdict;
