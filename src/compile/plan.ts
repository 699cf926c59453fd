/** Turns the spec of a policy into the plan that the proxy threads follow. */

import { parseDuration } from '../model/duration.ts';
import type {
  CacheSettings,
  ClientCredentialsPlan,
  PolicyPlan,
  ProviderSettings,
  Requirements,
  UpstreamSettings,
} from '../model/table.ts';
import type { PolicySpec } from '../policy/schema.ts';

/** What the annotations of one Ingress change. */
export interface Tailoring {
  /** Instead of the audience of the policy. */
  readonly audience: string | undefined;
  /** Required on top of the scopes of the policy. */
  readonly scopes: readonly string[];
}

export interface PlanSource {
  /** `namespace/name` of the policy. */
  readonly key: string;
  readonly name: string;
  readonly spec: PolicySpec;
  readonly provider: ProviderSettings;
}

export function buildPlan({ key, name, spec, provider }: PlanSource, tailoring: Tailoring): PolicyPlan {
  const scopesClaim = spec.require.scopesClaim ?? 'scope';
  const required = requirements(spec.require, scopesClaim);
  return {
    policy: key,
    realm: spec.realm ?? name,
    mode: spec.mode,
    transport: spec.transport,
    provider,
    clientCredentials: spec.clientCredentials && clientCredentials(spec.clientCredentials, tailoring),
    bearer: spec.bearer !== undefined,
    audiences: audiences(spec, tailoring),
    require: { ...required, scopes: [...new Set([...required.scopes, ...tailoring.scopes])] },
    rules: spec.rules.map((rule) => ({
      methods: rule.methods,
      paths: rule.paths.map(({ path, pathType }) => ({ path, pathType })),
      require: requirements(rule.require, scopesClaim),
    })),
    verification: {
      algorithms: spec.verification.algorithms,
      clockToleranceSeconds: milliseconds(spec.verification.clockTolerance) / 1_000,
      bindClient: spec.verification.bindClient,
    },
    cache: cacheSettings(spec.cache),
    upstream: upstreamSettings(spec.upstream),
    limits: {
      failuresPerMinute: spec.limits.failuresPerMinute,
      exchangesPerMinute: spec.limits.exchangesPerMinute,
    },
    exempt: spec.exempt.map(({ path, pathType, methods }) => ({ path, pathType, methods })),
    exemptPreflight: spec.exemptPreflight,
  };
}

/** Headers that the plan sets, lower-case: no caller may send a copy. */
export function injectedHeaders({ upstream }: PolicySpec): readonly string[] {
  const { token, claimHeaders } = upstreamSettings(upstream);
  const headers = claimHeaders.map(({ header }) => header);
  return token.kind === 'header' ? [...headers, token.header] : headers;
}

/** An Ingress that names its audience accepts tokens for that one only. */
function audiences({ require, clientCredentials }: PolicySpec, { audience }: Tailoring): readonly string[] {
  if (audience !== undefined) return [audience];
  if (require.audiences !== undefined) return require.audiences;
  return clientCredentials?.audience === undefined ? [] : [clientCredentials.audience];
}

/** A rule reads scopes from the claim of the policy unless it names one of its own. */
function requirements(
  { scopes, scopesClaim, claims, clients }: Omit<PolicySpec['require'], 'audiences'>,
  defaultScopesClaim: string,
): Requirements {
  return {
    scopes,
    scopesClaim: scopesClaim ?? defaultScopesClaim,
    claims: claims.map(({ path, operator, values }) => ({ path, operator, values })),
    clients,
  };
}

function clientCredentials(
  spec: NonNullable<PolicySpec['clientCredentials']>,
  { audience }: Tailoring,
): ClientCredentialsPlan {
  return {
    audience: audience ?? spec.audience,
    scopes: spec.scopes,
    organization: spec.organization,
    parameters: spec.parameters,
    headers: spec.headers,
    callerParameters: spec.callerParameters.map(({ name, from, allowed }) => ({
      name,
      from: from.header === undefined ? { query: from.query ?? '' } : { header: from.header.toLowerCase() },
      allowed,
    })),
    sources: spec.sources,
    parameterNames: spec.parameterNames,
    tokenEndpointAuthMethod: spec.tokenEndpointAuthMethod,
  };
}

function cacheSettings(cache: PolicySpec['cache']): CacheSettings {
  const optional = (text: string | undefined) => (text === undefined ? undefined : milliseconds(text));
  return {
    maxTtlMs: optional(cache.maxTtl),
    revalidateAfterMs: optional(cache.revalidateAfter),
    refreshBeforeMs: milliseconds(cache.refreshBefore),
    rejectedTtlMs: milliseconds(cache.rejectedTtl),
    forbiddenTtlMs: milliseconds(cache.forbiddenTtl),
  };
}

function upstreamSettings({
  token,
  claimHeaders,
  hideCredentials,
}: PolicySpec['upstream']): UpstreamSettings {
  return {
    token: tokenSettings(token),
    claimHeaders: claimHeaders.map(({ header, claim }) => ({ header: header.toLowerCase(), claim })),
    hideCredentials,
  };
}

function tokenSettings(token: PolicySpec['upstream']['token']): UpstreamSettings['token'] {
  if (token === 'Bearer') return { kind: 'bearer' };
  return token === 'None' ? { kind: 'none' } : { kind: 'header', header: token.header.toLowerCase() };
}

/** The schema has made sure that it is a duration. */
function milliseconds(duration: string): number {
  return parseDuration(duration) ?? 0;
}
