/** What is right and wrong with a provider, as one policy uses it, in words that a person can act on. */

import type { IssuerState, IssuerWarning } from '../model/conditions.ts';
import type { PolicyPlan } from '../model/table.ts';
import { algorithmFault } from './algorithms.ts';
import { withoutMember, type ProviderFault, type ProviderMetadata } from './discovery.ts';
import type { KeySet } from './jwks.ts';

export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  /** CamelCase, for machines. */
  readonly reason: string;
  readonly message: string;
}

/** What was learnt of a provider; all `undefined` before the first look. */
export interface ProviderView {
  readonly metadata: ProviderMetadata | undefined;
  readonly keySet: KeySet | undefined;
  /** Why the last look failed. */
  readonly fault: ProviderFault | undefined;
}

/** A fault is no outage where a good copy is left from before: the gateway goes on with it. */
export function judgeProvider(
  plan: PolicyPlan,
  view: ProviderView,
): Pick<IssuerState, 'status' | 'reason' | 'message'> {
  const { metadata, keySet, fault } = view;
  const { issuer } = plan.provider;
  const needsMetadata = plan.clientCredentials !== undefined && plan.provider.tokenEndpoint === undefined;
  if (keySet === undefined || (needsMetadata && metadata === undefined)) {
    return fault === undefined
      ? { status: 'Unknown', reason: 'Pending', message: `${issuer} has not been looked at yet` }
      : { status: 'False', reason: fault.reason, message: fault.message };
  }
  if (needsMetadata && metadata?.tokenEndpoint === undefined) {
    const { message } = withoutMember('token_endpoint', issuer);
    return { status: 'False', reason: 'DiscoveryFailed', message };
  }
  const unsupported = algorithmFault(issuer, keySet.keys, plan.verification.algorithms);
  if (unsupported !== undefined) {
    return { status: 'False', reason: unsupported.reason, message: unsupported.message };
  }
  return {
    status: 'True',
    reason: 'Ready',
    message: `${issuer} publishes ${keySet.keys.length === 1 ? '1 signing key' : `${keySet.keys.length} signing keys`}`,
  };
}

/** What works but deserves a look, as far as it shows at the provider. */
export function providerWarnings(plan: PolicyPlan, view: ProviderView): readonly IssuerWarning[] {
  const { metadata, keySet, fault } = view;
  const warnings: IssuerWarning[] = [];
  const grants = metadata?.grantTypes;
  if (plan.clientCredentials !== undefined && grants?.includes('client_credentials') === false) {
    const message = 'the provider does not list client_credentials among its grant_types_supported';
    warnings.push({ reason: 'GrantNotOffered', message });
  }
  const method = plan.clientCredentials?.tokenEndpointAuthMethod;
  const methods = metadata?.authMethods;
  if (method !== undefined && methods?.includes(method) === false) {
    const offered = ['client_secret_basic', 'client_secret_post'].filter((each) => methods.includes(each));
    const what = offered.length === 0 ? 'no client secrets' : `${offered.join()}, not ${method}`;
    const message = `the provider offers ${what}: see spec.clientCredentials.tokenEndpointAuthMethod`;
    warnings.push({ reason: 'AuthMethodNotOffered', message });
  }
  if (keySet !== undefined && fault !== undefined) {
    warnings.push({ reason: 'ProviderStale', message: `the last good copy is used: ${fault.message}` });
  }
  return warnings;
}
