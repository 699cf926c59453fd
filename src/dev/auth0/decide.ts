/** Decides a token request: which of Auth0's answers it gets, and what a token would hold. */

import { ANSWERS, type TokenAnswer } from './answers.ts';
import type { Tenant, TenantApi, TenantGrant } from './tenant.ts';
import type { ParsedTokenRequest } from './token-request.ts';

/** What goes into a token. */
export interface TokenPlan {
  readonly clientId: string;
  readonly api: TenantApi;
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
  readonly customClaims: Readonly<Record<string, unknown>>;
}

export type TokenDecision =
  | { readonly kind: 'refused'; readonly answer: TokenAnswer }
  | { readonly kind: 'granted'; readonly plan: TokenPlan };

/** Checks in the order of Auth0: grant type, client, audience, client grant, scopes, organization. */
export function decideToken(tenant: Tenant, request: ParsedTokenRequest, nowMs: number): TokenDecision {
  const { parameters, clientId, clientSecret } = request;
  const grantType = parameters['grant_type'];
  if (grantType === undefined) return refuse(ANSWERS.missingParameter('grant_type'));
  if (grantType !== 'client_credentials') return refuse(ANSWERS.unsupportedGrantType(grantType));
  if (request.authMethod === 'both') return refuse(ANSWERS.twoAuthMethods());
  if (clientId === undefined || clientSecret === undefined) return refuse(ANSWERS.unauthorized());
  if (!tenant.isSecretValid(clientId, clientSecret, nowMs)) return refuse(ANSWERS.unauthorized());
  return decideGrant(tenant, clientId, parameters);
}

function decideGrant(
  tenant: Tenant,
  clientId: string,
  parameters: Readonly<Record<string, string>>,
): TokenDecision {
  // An empty parameter counts as an absent one (RFC 6749, section 3.2).
  const audience = parameters['audience'] || tenant.defaultAudience;
  if (audience === undefined) return refuse(ANSWERS.missingAudience());
  const api = tenant.api(audience);
  if (api === undefined) return refuse(ANSWERS.unknownAudience(audience));
  const grant = tenant.grant(clientId, audience);
  if (grant === undefined) return refuse(ANSWERS.missingClientGrant(audience));
  const granted = grant.scopes ?? [];
  const asked = (parameters['scope'] ?? '').split(' ').filter((scope) => scope !== '');
  // `openid` is never in a client grant: Auth0 refuses it for this grant type.
  const missing = asked.filter((scope) => !granted.includes(scope));
  if (missing.length > 0) return refuse(ANSWERS.scopesNotGranted(missing));
  const organization = parameters['organization'] || undefined;
  const refusal = refuseOrganization(grant, organization);
  if (refusal !== undefined) return refuse(refusal);
  const scopes = asked.length === 0 ? granted : asked;
  const customClaims = grant.customClaims ?? {};
  return { kind: 'granted', plan: { clientId, api, scopes, organization, customClaims } };
}

function refuseOrganization(grant: TenantGrant, organization: string | undefined): TokenAnswer | undefined {
  const usage = grant.organizationUsage ?? 'deny';
  if (organization === undefined) return usage === 'require' ? ANSWERS.organizationRequired() : undefined;
  const isAllowed = usage !== 'deny' && (grant.organizations ?? []).includes(organization);
  return isAllowed ? undefined : ANSWERS.organizationNotAllowed(organization);
}

function refuse(answer: TokenAnswer): TokenDecision {
  return { kind: 'refused', answer };
}
