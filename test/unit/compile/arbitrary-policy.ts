/** Random policies, and who may name them: classes and namespaces. */

import * as fc from 'fast-check';

import { metadata, mostly, orBroken, PLACES, sometimes } from './arbitrary-text.ts';

const authorities = mostly<object>(
  [
    { secretRef: { name: 'tls', key: 'tls.crt' } },
    { secretRef: { name: 'ca', key: 'tls.crt' } },
    { configMapRef: { name: 'ca', key: 'ca.crt' } },
  ],
  [{ secretRef: { name: 'tls', key: 'ca.crt' } }, { configMapRef: { name: 'ca', key: '__proto__' } }],
);
const clientCertificate = mostly(
  [{ secretRef: { name: 'tls' } }, { secretRef: { name: 'ca' } }],
  [{ secretRef: { name: 'gone' } }],
);
const provider = fc.record({
  issuer: mostly(
    [
      'https://a.auth0.com/',
      'https://a.auth0.com/',
      'https://a.auth0.com/',
      'https://b.auth0.com/',
      'http://b/',
    ],
    ['https://a.auth0.com', 'https://[x/'],
  ),
  tokenEndpoint: sometimes(
    15,
    mostly(['https://a.auth0.com/oauth/token'], ['http://b/token', 'https://c/token']),
  ),
  additionalIssuers: sometimes(15, fc.constant(['https://b.auth0.com/'])),
  ca: sometimes(25, authorities),
  clientCertificate: sometimes(20, clientCertificate),
});

const allowedNamespaces = fc.constantFrom(
  { from: 'All' },
  { from: 'All' },
  { from: 'Same' },
  { from: 'Selector', selector: { matchLabels: { team: 'a' } } },
  { from: 'Selector', selector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } },
  { from: 'Selector', selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] } },
);

const claims = mostly(
  [[], [{ path: ['plan'], operator: 'Equals', values: ['gold'] }]],
  [[{ path: ['plan'], operator: 'Matches', values: ['('] }]],
);

const upstream = fc.constantFrom<object>(
  { claimHeaders: [{ header: 'X-B', claim: ['b'] }] },
  { token: { header: 'X-A' } },
);

const spec = fc.record({
  provider,
  clientCredentials: fc.constantFrom<object>(
    { audience: 'https://x' },
    { audience: 'https://x' },
    { audience: 'https://x', scopes: ['openid'] },
    {},
  ),
  require: sometimes(
    25,
    fc.record({ audiences: fc.constantFrom(undefined, ['https://x'], ['https://x', 'https://y']), claims }),
  ),
  mode: sometimes(20, mostly(['DryRun'], ['Other'])),
  realm: sometimes(20, fc.constantFrom('one', 'two')),
  allowedNamespaces: sometimes(70, allowedNamespaces),
  upstream: sometimes(20, upstream),
});

export const policy = fc.record({
  apiVersion: fc.constant('oidc-ingress.io/v1alpha1'),
  metadata: metadata(),
  spec: orBroken(spec),
});

const parameters = fc.record({
  apiGroup: mostly(['oidc-ingress.io'], ['example.com']),
  kind: mostly(['OIDCPolicy'], ['Other']),
  name: mostly(['api', 'other'], ['gone']),
  namespace: mostly<string | undefined>(PLACES, [undefined]),
});

export const ingressClass = fc.record({
  apiVersion: fc.constant('networking.k8s.io/v1'),
  metadata: metadata({
    annotations: mostly([{}], [{ 'ingressclass.kubernetes.io/is-default-class': 'true' }]),
  }),
  spec: orBroken(
    fc.record({
      controller: mostly(['oidc-ingress.io/controller'], ['other']),
      parameters: sometimes(25, parameters),
    }),
  ),
});

export const namespace = fc.record({
  apiVersion: fc.constant('v1'),
  metadata: metadata({
    labels: orBroken(fc.constantFrom({}, { team: 'a' }, { team: 'b' })),
    deletionTimestamp: sometimes(15, fc.constant('2026-01-02T03:04:05Z')),
  }),
});
