/** Random sets of objects, good, odd and broken, that refer to one another often enough to matter. */

import * as fc from 'fast-check';

import type { CompileOptions } from '../../../src/compile/result.ts';

const place = fc.constantFrom('shop', 'infra', 'shop-b');
const host = fc.constantFrom(
  'a.com',
  'b.a.com',
  '*.a.com',
  'A.com',
  '*',
  '',
  'a.com:80',
  '10.0.0.1',
  'c..d',
  'constructor',
);
const path = fc.oneof(
  fc.constantFrom(
    '/',
    '/a',
    '/a/',
    '/a/b',
    '/a/b/',
    '/ab',
    '//',
    '/a/../b',
    '/%2f',
    'a',
    '',
    '/a?b',
    '/a b',
    '/%zz',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const pathType = fc.constantFrom('Exact', 'Prefix', 'ImplementationSpecific', 'Regex');
const port = fc.oneof(
  fc.record({ number: fc.constantFrom(80, 81, 0) }),
  fc.record({ name: fc.constantFrom('http', 'grpc', '') }),
  fc.constant(undefined),
);
const backend = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ service: fc.record({ name: fc.constantFrom('web', 'api', 'gone'), port }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom({}, { resource: { kind: 'Bucket', name: 'b' } }) },
);
const identity = {
  name: fc.constantFrom('web', 'api', 'other', 'tls'),
  namespace: place,
  creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
};
const metadata = fc.record(identity, { requiredKeys: ['name', 'namespace'] });

/** Now and then something else stands where a value should. */
function orBroken<T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) });
}

const policyAnnotations = fc.dictionary(
  fc.constantFrom(
    'oidc-ingress.io/policy',
    'oidc-ingress.io/audience',
    'oidc-ingress.io/scopes',
    'oidc-ingress.io/polcy',
    'kubernetes.io/ingress.class',
  ),
  fc.constantFrom('api', 'infra/api', 'web', 'none', 'a b', '', 'ours', 'a/b/c', '__proto__'),
  { maxKeys: 2 },
);

/** Each with values that are read, and one that is not. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  canary: ['weight=10', 'header=X-Canary', 'header=X-Canary:a', 'weight=x'],
  'ssl-redirect': ['true', 'false', 'maybe'],
  redirect: ['/', '301 https://b.com/', 'b.com'],
  'rewrite-prefix': ['/', '/x', 'x'],
  'backend-protocol': ['HTTPS', 'H2C', 'FTP'],
  'backend-tls-ca': ['secret/tls', 'configmap/web', 'configmap/gone', 'web'],
  'backend-tls-server-name': ['a.internal', '*'],
  'backend-tls-client-certificate': ['tls', 'gone', 'web/tls'],
  timeouts: ['connect=1s', 'connect'],
  'cors-allow-origins': ['*', 'https://a.com', 'a.com'],
  'cors-allow-credentials': ['true', 'no'],
  'request-headers': ['set X-A: 1', 'remove Host'],
  'rate-limit': ['1/1m client', '1'],
};

const optionAnnotations = fc
  .array(
    fc
      .constantFrom(...Object.keys(OPTIONS))
      .chain((name) =>
        fc.tuple(fc.constant(`oidc-ingress.io/${name}`), fc.constantFrom(...(OPTIONS[name] ?? []))),
      ),
    { maxLength: 2 },
  )
  .map((entries) => Object.fromEntries(entries));

const annotations = fc
  .tuple(policyAnnotations, optionAnnotations)
  .map(([policy, options]) => Object.assign({}, policy, options));

const rule = fc.record(
  {
    host,
    http: fc.record({ paths: orBroken(fc.array(fc.record({ path, pathType, backend }), { maxLength: 4 })) }),
  },
  { requiredKeys: [] },
);

const ingress = fc.record({
  apiVersion: fc.constant('networking.k8s.io/v1'),
  kind: fc.constant('Ingress'),
  metadata: fc.record({ ...identity, annotations }, { requiredKeys: ['name', 'namespace'] }),
  spec: fc.record(
    {
      ingressClassName: fc.constantFrom('ours', 'theirs', 'gone'),
      defaultBackend: backend,
      rules: orBroken(fc.array(rule, { maxLength: 3 })),
      tls: fc.array(
        fc.record({
          hosts: fc.array(host, { maxLength: 2 }),
          secretName: fc.constantFrom('tls', 'gone', ''),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  ),
});

const ingressClass = fc.record({
  apiVersion: fc.constant('networking.k8s.io/v1'),
  kind: fc.constant('IngressClass'),
  metadata: fc.record({
    name: fc.constantFrom('ours', 'theirs', 'second'),
    annotations: fc.constantFrom({}, { 'ingressclass.kubernetes.io/is-default-class': 'true' }),
  }),
  spec: orBroken(
    fc.record(
      {
        controller: fc.constantFrom('oidc-ingress.io/controller', 'other'),
        parameters: fc.record(
          {
            apiGroup: fc.constant('oidc-ingress.io'),
            kind: fc.constantFrom('OIDCPolicy', 'Other'),
            name: fc.constantFrom('api', 'gone'),
            namespace: place,
          },
          { requiredKeys: ['kind', 'name'] },
        ),
      },
      { requiredKeys: ['controller'] },
    ),
  ),
});

const service = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Service'),
  metadata,
  spec: orBroken(
    fc.record({
      type: fc.constantFrom('ClusterIP', 'ExternalName'),
      externalName: fc.constantFrom('web.example.com', 'localhost', '127.0.0.1', undefined),
      ports: fc.array(
        fc.record(
          {
            name: fc.constantFrom('http', 'grpc'),
            port: fc.constantFrom(80, 81, 99_999),
            protocol: fc.constantFrom('TCP', 'UDP'),
            appProtocol: fc.constantFrom('http', 'kubernetes.io/h2c', 'https', 'redis'),
          },
          { requiredKeys: ['port'] },
        ),
        { maxLength: 3 },
      ),
    }),
  ),
});

const endpointSlice = fc.record({
  apiVersion: fc.constant('discovery.k8s.io/v1'),
  kind: fc.constant('EndpointSlice'),
  metadata: metadata.map((meta) => ({ ...meta, labels: { 'kubernetes.io/service-name': meta.name } })),
  addressType: fc.constantFrom('IPv4', 'IPv6', 'FQDN'),
  ports: fc.array(
    fc.record({ name: fc.constantFrom('http', 'grpc', null), port: fc.constantFrom(8080, 9090, null) }),
    { maxLength: 2 },
  ),
  endpoints: orBroken(
    fc.array(
      fc.record({
        addresses: fc.array(
          fc.oneof(
            fc.ipV4(),
            fc.ipV6(),
            fc.constantFrom('10.0.0.1', '127.0.0.1', '::1', 'fe80::1%eth0', 'x', '::ffff:7f00:1'),
          ),
          { maxLength: 2 },
        ),
        conditions: fc.record({ ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() }),
      }),
      { maxLength: 3 },
    ),
  ),
});

const policy = fc.record({
  apiVersion: fc.constant('oidc-ingress.io/v1alpha1'),
  kind: fc.constant('OIDCPolicy'),
  metadata,
  spec: orBroken(
    fc.record(
      {
        provider: fc.record(
          {
            issuer: fc.constantFrom(
              'https://a.auth0.com',
              'https://a.auth0.com/',
              'http://b/',
              'https://[x/',
            ),
            ca: fc.constantFrom(
              { secretRef: { name: 'tls', key: 'tls.crt' } },
              { configMapRef: { name: 'web', key: '__proto__' } },
            ),
            clientCertificate: fc.constant({ secretRef: { name: 'tls' } }),
          },
          { requiredKeys: ['issuer'] },
        ),
        clientCredentials: fc.constantFrom({}, { audience: 'x' }, { scopes: ['openid'] }),
        mode: fc.constantFrom('Enforce', 'DryRun', 'Other'),
        allowedNamespaces: fc.constantFrom(
          { from: 'All' },
          { from: 'Selector', selector: { matchLabels: { team: 'a' } } },
          { from: 'Selector', selector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } },
        ),
        upstream: fc.constantFrom(
          { claimHeaders: [{ header: 'X-B', claim: ['b'] }] },
          { token: { header: 'X-A' } },
        ),
      },
      { requiredKeys: ['provider', 'clientCredentials'] },
    ),
  ),
});

const namespace = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Namespace'),
  metadata: fc.record({
    name: place,
    labels: orBroken(fc.constantFrom({}, { team: 'a' }, { team: 'b' })),
    deletionTimestamp: fc.constantFrom(undefined, '2026-01-02T03:04:05Z'),
  }),
});

const secret = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Secret'),
  metadata,
  type: fc.constantFrom('kubernetes.io/tls', 'Opaque'),
  stringData: fc.constantFrom({}, { 'tls.crt': 'x', 'tls.key': 'y' }),
});

const configMap = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('ConfigMap'),
  metadata,
  data: orBroken(fc.constantFrom({}, { 'ca.crt': 'x' })),
});

/** Manifests; of two with the same name only the first is kept, as in a cluster. */
export const manifests: fc.Arbitrary<readonly object[]> = fc.uniqueArray(
  fc.oneof(
    { weight: 6, arbitrary: ingress },
    { weight: 3, arbitrary: ingressClass },
    { weight: 3, arbitrary: service },
    { weight: 3, arbitrary: endpointSlice },
    { weight: 3, arbitrary: policy },
    namespace,
    secret,
    configMap,
  ),
  {
    maxLength: 30,
    selector: ({ kind, metadata }) =>
      JSON.stringify([kind, metadata.name, 'namespace' in metadata ? metadata.namespace : '']),
  },
);

export const compileOptions: fc.Arbitrary<CompileOptions> = fc.record({
  ingressClass: fc.constantFrom(undefined, 'ours'),
  watchIngressWithoutClass: fc.boolean(),
  allowInsecureIssuers: fc.boolean(),
  allowedIssuers: fc.constantFrom([], ['https://a.auth0.com/']),
  allowLoopbackEndpoints: fc.boolean(),
  allowExternalNames: fc.boolean(),
  sslRedirectByDefault: fc.boolean(),
  hostOwnership: fc.constantFrom('none', 'namespace'),
  defaultTlsSecret: fc.constantFrom(undefined, 'shop/tls', 'shop/gone'),
});
