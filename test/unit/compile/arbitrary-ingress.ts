/** Random Ingresses: their protection, their options, their rules, their certificates. */

import * as fc from 'fast-check';

import { metadata, mostly, orBroken, sometimes } from './arbitrary-text.ts';

const host = mostly<string | undefined>(
  ['a.com', 'a.com', 'b.a.com', '*.a.com', undefined],
  ['A.com', '*', '', 'a.com:80', '10.0.0.1', 'c..d', 'constructor'],
);
const path = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('/', '/', '/a', '/a/', '/a/b') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('/a/b/', '/ab', '//', '/a/../b', '/%2f', 'a', '', '/a?b', '/a b', '/%zz'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
);
const pathType = mostly(
  ['Prefix', 'Prefix', 'Prefix', 'Exact', 'ImplementationSpecific'],
  ['Regex', undefined],
);

const port = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom({ number: 80 }, { number: 80 }, { name: 'http' }) },
  { weight: 1, arbitrary: fc.constant({ name: '80' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ number: 81 }, { name: 'grpc' }, { number: 0 }, { name: '' }, undefined),
  },
);
const backend = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({ service: fc.record({ name: mostly(['web', 'api'], ['gone']), port }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom({}, { resource: { kind: 'Bucket', name: 'b' } }) },
);

/** So often, for most of what is said of backends goes with it. */
const HTTPS = ['HTTPS', 'HTTPS', 'HTTPS', 'HTTPS'] as const;

/** Of ours, each with values that are read, and some that are not. */
const OWN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  audience: mostly(['https://x', 'https://y'], ['', 'a b']),
  scopes: mostly(['read', 'read write'], ['']),
  'ssl-redirect': mostly(['true', 'false'], ['maybe']),
  redirect: mostly(['/', '301 https://b.com/'], ['b.com']),
  'rewrite-prefix': mostly(['/', '/x'], ['x']),
  'backend-protocol': mostly([...HTTPS, ...HTTPS, 'H2C', 'HTTP'], ['FTP']),
  'backend-tls-ca': mostly(['secret/tls', 'configmap/ca', 'configmap/ca'], ['configmap/gone', 'ca']),
  'backend-tls-server-name': mostly(['a.internal', 'b.internal'], ['*']),
  'backend-tls-client-certificate': mostly(['tls', 'ca'], ['gone', 'shop/tls']),
  timeouts: mostly(['connect=1s', 'connect=2s'], ['connect']),
  'cors-allow-origins': mostly(['*', 'https://a.com'], ['a.com']),
  'cors-allow-credentials': mostly(['true', 'false'], ['no']),
  'request-headers': mostly(['set X-A: 1', 'remove X-B'], ['remove Host']),
  'rate-limit': mostly(['1/1m client', '2/1m client'], ['1']),
  polcy: fc.constant('api'),
};

/** Of other controllers. */
const FOREIGN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'nginx.ingress.kubernetes.io/rewrite-target': fc.constantFrom('/', '/$1'),
  'nginx.ingress.kubernetes.io/auth-url': fc.constant('https://a.com/auth'),
  'konghq.com/plugins': fc.constant('oidc'),
};

/** By whole name. */
const ANNOTATIONS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ...Object.fromEntries(Object.entries(OWN).map(([name, value]) => [ours(name), value])),
  ...FOREIGN,
};

const BACKEND = Object.keys(ANNOTATIONS).filter((name) => name.startsWith(ours('backend-')));

export interface Annotation {
  readonly name: string;
  /** `undefined`: it is taken away. */
  readonly value: string | undefined;
}

/** How backends are spoken to is worth asking often. */
export const annotation: fc.Arbitrary<Annotation> = fc
  .oneof(fc.constantFrom(...Object.keys(ANNOTATIONS)), fc.constantFrom(...BACKEND))
  .chain((name) =>
    fc.record({
      name: fc.constant(name),
      value: sometimes(80, ANNOTATIONS[name] ?? fc.constant('')),
    }),
  );

const policy = mostly(
  ['api', 'api', 'other', 'infra/api', 'shop/api', 'edge/other', 'none'],
  ['gone', 'web/gone', '', 'a/b/c', '__proto__'],
);
const canary = mostly(['weight=10', 'weight=20', 'header=X-Canary', 'header=X-Canary:a'], ['weight=x']);
const legacyClass = mostly(['ours', 'theirs'], ['']);

/** Most Ingresses have few, some those that belong together. */
const options = fc
  .oneof(
    { weight: 4, arbitrary: fc.constant<readonly string[]>([]) },
    { weight: 2, arbitrary: fc.subarray(Object.keys(ANNOTATIONS), { maxLength: 2 }) },
    { weight: 1, arbitrary: fc.subarray(Object.keys(FOREIGN), { minLength: 1 }) },
    ...[
      ['audience', 'scopes'],
      ['backend-protocol', 'backend-tls-ca', 'backend-tls-client-certificate'],
      ['backend-protocol', 'backend-tls-ca', 'backend-tls-server-name'],
    ].map((names) => ({ weight: 1, arbitrary: fc.constant(names.map(ours)) })),
  )
  .chain((names) => fc.record(pick(names)));

const annotations = fc
  .record({
    policy: sometimes(45, policy),
    canary: sometimes(25, canary),
    legacyClass: sometimes(4, legacyClass),
    options,
  })
  .map((said) =>
    withoutAbsent({
      [ours('policy')]: said.policy,
      [ours('canary')]: said.canary,
      'kubernetes.io/ingress.class': said.legacyClass,
      ...said.options,
    }),
  );

const paths = orBroken(fc.array(fc.record({ path, pathType, backend }), { minLength: 1, maxLength: 3 }));
const rule = fc.record({ host, http: sometimes(90, fc.record({ paths })) });
const namedHost = host.map((text) => text ?? 'b.com');
const tls = fc.record({
  hosts: sometimes(60, fc.array(namedHost, { maxLength: 2 })),
  secretName: mostly(['tls', 'ca'], ['gone', '']),
});

export const ingress = fc.record({
  apiVersion: fc.constant('networking.k8s.io/v1'),
  metadata: metadata({ annotations: orBroken(annotations) }),
  spec: fc.record({
    ingressClassName: mostly<string | undefined>(
      ['ours', 'ours', 'ours', 'ours', 'second', 'ours', undefined],
      ['theirs', 'gone'],
    ),
    defaultBackend: sometimes(15, backend),
    rules: orBroken(fc.array(rule, { minLength: 1, maxLength: 3 })),
    tls: sometimes(30, fc.array(tls, { minLength: 1, maxLength: 2 })),
  }),
});

function ours(name: string): string {
  return `oidc-ingress.io/${name}`;
}

function pick(names: readonly string[]): Record<string, fc.Arbitrary<string>> {
  return Object.fromEntries(
    names.flatMap((name) => (ANNOTATIONS[name] === undefined ? [] : [[name, ANNOTATIONS[name]]])),
  );
}

function withoutAbsent(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
