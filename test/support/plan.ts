/** A policy as the proxy sees it, for tests that change a part of it. */

import type { ClientCredentialsPlan, PolicyPlan } from '../../src/model/table.ts';

export function credentialsPlan(changes: Partial<ClientCredentialsPlan> = {}): ClientCredentialsPlan {
  return {
    audience: 'https://orders.example.com/',
    scopes: [],
    organization: undefined,
    parameters: [],
    headers: [],
    callerParameters: [],
    sources: ['Basic'],
    parameterNames: { clientId: 'client_id', clientSecret: 'client_secret' },
    tokenEndpointAuthMethod: 'client_secret_post',
    ...changes,
  };
}

export function planOf(changes: Partial<PolicyPlan> = {}): PolicyPlan {
  return {
    policy: 'shop/orders-api',
    realm: 'orders-api',
    mode: 'Enforce',
    transport: 'Any',
    provider: {
      issuer: 'https://acme.eu.auth0.com/',
      tokenEndpoint: undefined,
      jwksUri: undefined,
      additionalIssuers: [],
      timeoutMs: 5_000,
      ca: undefined,
      clientCertificate: undefined,
    },
    clientCredentials: credentialsPlan(),
    bearer: false,
    audiences: ['https://orders.example.com/'],
    require: { scopes: [], scopesClaim: 'scope', claims: [], clients: [] },
    rules: [],
    verification: { algorithms: ['RS256'], clockToleranceSeconds: 30, bindClient: true },
    cache: {
      maxTtlMs: undefined,
      revalidateAfterMs: undefined,
      refreshBeforeMs: 60_000,
      rejectedTtlMs: 10_000,
      forbiddenTtlMs: 60_000,
    },
    upstream: { token: { kind: 'bearer' }, claimHeaders: [], hideCredentials: true },
    limits: { failuresPerMinute: 10, exchangesPerMinute: undefined },
    exempt: [],
    exemptPreflight: true,
    ...changes,
  };
}
