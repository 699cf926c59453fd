/** How the issuers of policies are, also of those policies that are not accepted. */

import type { CompileResult } from '../compile/result.ts';
import type { IssuerState } from '../model/conditions.ts';
import type { Broker } from './broker.ts';

/** What the broker knows of the issuers of `policies`. */
export function issuerStates(
  policies: CompileResult['policies'],
  broker: Broker,
): (policy: string) => IssuerState {
  return (policy) => {
    const plan = policies[policy]?.plan;
    if (plan !== undefined) return broker.issuerState(plan);
    return {
      status: 'Unknown',
      reason: 'Pending',
      message: 'the policy is not accepted, so its provider is not asked',
      warnings: [],
    };
  };
}
