/** Specs of OIDCPolicy that the decoder and the API server must both accept, with the same defaults. */

import { times, characters, policy, provider, withGrant, withProvider } from './spec-builders.ts';

interface AcceptedSpec {
  readonly name: string;
  readonly spec: object;
}

export const ACCEPTED: readonly AcceptedSpec[] = [
  { name: 'the smallest policy', spec: { provider, clientCredentials: {} } },
  { name: 'bearer only', spec: { provider, bearer: {} } },
  { name: 'both ways to authenticate', spec: policy({ bearer: {} }) },
  {
    name: 'an issuer with a port and a path',
    spec: withProvider({ issuer: 'https://id.example.com:8443/realms/shop' }),
  },
  { name: 'an issuer on an IPv6 address', spec: withProvider({ issuer: 'http://[::1]:4000/' }) },
  {
    name: 'an issuer of 2048 characters',
    spec: withProvider({ issuer: `https://a.example/${characters(2030)}` }),
  },
  {
    name: 'a provider with every field',
    spec: withProvider({
      tokenEndpoint: 'https://acme.eu.auth0.com/oauth/token?tenant=acme',
      jwksUri: 'https://acme.eu.auth0.com/.well-known/jwks.json',
      additionalIssuers: ['https://login.example.com/'],
      timeout: '60s',
      ca: { secretRef: { name: 'ca', key: 'ca.crt' } },
      clientCertificate: { secretRef: { name: 'mtls' } },
    }),
  },
  {
    name: 'authorities from a ConfigMap',
    spec: withProvider({ ca: { configMapRef: { name: 'ca', key: 'ca.crt' } } }),
  },
  { name: 'the shortest time-out', spec: withProvider({ timeout: '100ms' }) },
  { name: 'a time-out in minutes', spec: withProvider({ timeout: '1m' }) },
  {
    name: 'client credentials with every field',
    spec: withGrant({
      scopes: ['read:orders', 'write:orders'],
      organization: 'org_1',
      parameters: [{ name: 'resource', value: 'https://orders.example.com/' }],
      headers: [{ name: 'X-Tenant', value: 'acme' }],
      callerParameters: [
        { name: 'organization', from: { header: 'X-Org' }, allowed: ['org_1', 'org_2'] },
        { name: 'resource', from: { query: 'api' }, allowed: ['orders'] },
      ],
      sources: ['Basic', 'Query', 'Body'],
      parameterNames: { clientId: 'id', clientSecret: 'key' },
      tokenEndpointAuthMethod: 'client_secret_basic',
    }),
  },
  {
    name: 'several resources',
    spec: withGrant({
      parameters: [
        { name: 'resource', value: 'https://a/' },
        { name: 'tenant', value: 'a' },
        { name: 'resource', value: 'https://b/' },
      ],
    }),
  },
  { name: 'an empty parameter value', spec: withGrant({ parameters: [{ name: 'prompt', value: '' }] }) },
  {
    name: 'an organization of 128 characters beyond the basic plane',
    spec: withGrant({ organization: '𝒶'.repeat(128) }),
  },
  {
    name: 'requirements of every kind',
    spec: policy({
      require: {
        audiences: ['https://orders.example.com/', 'orders'],
        scopes: ['read:orders admin', 'openid'],
        scopesClaim: 'permissions',
        claims: [
          { path: ['a', 'b'], operator: 'Equals', values: ['x'] },
          { path: ['a'], operator: 'OneOf', values: ['x', ''] },
          { path: ['https://example.com/roles'], operator: 'Contains', values: ['admin'] },
          { path: ['a'], operator: 'Exists' },
          { path: ['a'], operator: 'NotExists', values: [] },
          { path: ['a'], operator: 'Matches', values: ['[a-z]+'] },
        ],
        clients: ['client-1', 'client-2'],
      },
    }),
  },
  {
    name: 'rules by method and path',
    spec: policy({
      rules: [
        { methods: ['GET', 'M-SEARCH'], require: { scopes: ['read:orders'] } },
        {
          methods: ['POST'],
          paths: [{ path: '/v1/orders' }, { path: '/v1/orders/%7Bid%7D', pathType: 'Exact' }],
          require: { scopes: ['write:orders'], scopesClaim: 'permissions', clients: ['client-1'] },
        },
        { require: {} },
      ],
    }),
  },
  {
    name: 'verification with every algorithm',
    spec: policy({
      verification: {
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'],
        clockTolerance: '0s',
        bindClient: false,
      },
    }),
  },
  {
    name: 'the longest cache times',
    spec: policy({
      cache: {
        maxTtl: '720h',
        revalidateAfter: '720h',
        refreshBefore: '1h',
        rejectedTtl: '29s',
        forbiddenTtl: '1h',
      },
    }),
  },
  {
    name: 'the shortest cache times',
    spec: policy({
      cache: {
        maxTtl: '1s',
        revalidateAfter: '1000ms',
        refreshBefore: '0s',
        rejectedTtl: '0s',
        forbiddenTtl: '0ms',
      },
    }),
  },
  {
    name: 'the token in a header of its own, claims as headers',
    spec: policy({
      upstream: {
        token: { header: 'X-Access-Token' },
        claimHeaders: [{ header: 'X-Client-Id', claim: ['azp'] }],
        hideCredentials: false,
      },
    }),
  },
  { name: 'no token for the upstream', spec: policy({ upstream: { token: 'None' } }) },
  {
    name: 'exemptions',
    spec: policy({
      exempt: [
        { path: '/healthz', pathType: 'Exact' },
        { path: '/', methods: ['HEAD'] },
      ],
      exemptPreflight: false,
    }),
  },
  {
    name: 'the largest limits',
    spec: policy({ limits: { failuresPerMinute: 1000, exchangesPerMinute: 100_000 } }),
  },
  { name: 'the smallest limits', spec: policy({ limits: { failuresPerMinute: 1, exchangesPerMinute: 1 } }) },
  {
    name: 'TLS only, as a dry run, with a realm',
    spec: policy({ transport: 'TlsOnly', mode: 'DryRun', realm: 'Orders (v1)' }),
  },
  { name: 'Ingresses of all namespaces', spec: policy({ allowedNamespaces: { from: 'All' } }) },
  {
    name: 'Ingresses of some namespaces',
    spec: policy({
      allowedNamespaces: {
        from: 'Selector',
        selector: {
          matchLabels: { 'example.com/team': 'shop', stage: '' },
          matchExpressions: [
            { key: 'tier', operator: 'In', values: ['a', 'b'] },
            { key: 'closed', operator: 'DoesNotExist' },
          ],
        },
      },
    }),
  },
  {
    name: 'empty objects for every group',
    spec: policy({
      require: {},
      verification: {},
      cache: {},
      upstream: {},
      limits: {},
      allowedNamespaces: {},
    }),
  },
  {
    name: 'a policy with as many entries as it may have',
    spec: policy({
      exempt: times(32, { path: `/${characters(1023)}`, methods: times(16, 'GET') }),
      rules: times(32, {
        methods: times(16, characters(32).toUpperCase()),
        paths: times(16, { path: `/${characters(100)}` }),
        require: {
          scopes: times(64, characters(100)),
          claims: times(16, { path: times(8, 'a'), operator: 'OneOf', values: times(32, 'a') }),
          clients: times(256, 'a'),
        },
      }),
    }),
  },
  {
    name: 'null for fields with a default',
    spec: policy({ rules: null, cache: null, upstream: { token: null } }),
  },
  { name: 'null for a field without a default', spec: withGrant({ audience: null }) },
  {
    name: 'null for a label',
    spec: policy({ allowedNamespaces: { from: 'Selector', selector: { matchLabels: { a: null } } } }),
  },
];
