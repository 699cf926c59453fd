/** A routing table as a small cluster has it: some hosts, one of them under a policy. */

import type { PolicyPlan, Route, RoutingTable } from '../src/model/table.ts';

export const HOST = 'orders.example.com';
export const CREDENTIALS = 'partner:S3cret-of-the-partner-with-the-length-that-Auth0-gives-to-them-all';

const PLAN_KEY = 'shop/orders-api';
const BACKEND = 'shop/orders:http';

const PLAN: PolicyPlan = {
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
  clientCredentials: {
    audience: 'https://orders.example.com/',
    scopes: [],
    organization: undefined,
    parameters: [],
    headers: [],
    callerParameters: [],
    sources: ['Basic'],
    parameterNames: { clientId: 'client_id', clientSecret: 'client_secret' },
    tokenEndpointAuthMethod: 'client_secret_post',
  },
  bearer: false,
  audiences: ['https://orders.example.com/'],
  require: { scopes: ['read:orders'], scopesClaim: 'scope', claims: [], clients: [] },
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
};

export function benchTable(upstreamPort: number): RoutingTable {
  const route = (plan: string | undefined): Route => ({
    path: '/',
    pathType: 'Prefix',
    ingress: { namespace: 'shop', name: 'orders' },
    action: { kind: 'forward', backend: BACKEND, plan, canaries: [] },
    options: undefined,
  });
  const others = Array.from({ length: 50 }, (_, index) => [
    `host-${index}.example.com`,
    { routes: [route(undefined)] },
  ]);
  return {
    hosts: { ...Object.fromEntries(others), [HOST]: { routes: [route(PLAN_KEY)] } },
    defaultRoute: undefined,
    plans: { [PLAN_KEY]: PLAN },
    options: {},
    backends: {
      [BACKEND]: {
        service: 'shop/orders',
        endpoints: [{ address: '127.0.0.1', port: upstreamPort }],
        protocol: 'HTTP',
        tls: undefined,
      },
    },
    certificates: {},
    defaultCertificate: undefined,
    identityHeaders: ['x-client-id'],
  };
}
