/** What each kind of object decodes to, and what happens to broken ones. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { decodeObject } from '../../../src/decode/decode-object.ts';
import type { Decoded } from '../../../src/model/objects.ts';

const ingress = (spec: unknown, metadata: object = {}): unknown => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'orders', namespace: 'shop', ...metadata },
  spec,
});

function decoded(raw: unknown): Decoded<unknown> {
  const object = decodeObject(raw);
  assert.ok('decoded' in object, JSON.stringify(object));
  return object.decoded;
}

function valueOf(raw: unknown): unknown {
  const object = decoded(raw);
  assert.equal(object.kind, 'valid', JSON.stringify(object));
  return object.kind === 'valid' ? object.value : undefined;
}

function faultsOf(raw: unknown): readonly string[] {
  const object = decodeObject(raw);
  const faults = 'decoded' in object && object.decoded.kind === 'invalid' ? object.decoded.faults : undefined;
  const all = object.kind === 'unreadable' ? object.faults : faults;
  assert.ok(all !== undefined, `decoded without a fault: ${JSON.stringify(object)}`);
  return all.map(({ path, message }) => `${path}: ${message}`);
}

describe('metadata', () => {
  it('reads what identifies an object and when it was made', () => {
    const { meta } = decoded(
      ingress({}, { uid: 'u-1', generation: 3, creationTimestamp: '2026-01-02T03:04:05Z' }),
    );
    assert.deepEqual(meta, {
      namespace: 'shop',
      name: 'orders',
      uid: 'u-1',
      generation: 3,
      createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
  });

  it('gives an object without a namespace the default one', () => {
    const object = decodeObject({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } }, 'default');
    assert.ok('decoded' in object);
    assert.equal(object.decoded.meta.namespace, 'default');
  });

  it('gives a cluster-scoped object no namespace, whatever it says', () => {
    const raw = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'a', namespace: 'b' },
    };
    assert.equal(decoded(raw).meta.namespace, '');
  });

  it('keeps an object with a date that is none as invalid, and says what one looks like', () => {
    assert.deepEqual(faultsOf(ingress({}, { creationTimestamp: 'yesterday' })), [
      'metadata.creationTimestamp: must be a time such as 2026-01-31T12:00:00Z, found "yesterday"',
    ]);
  });

  it('keeps an object with broken annotations as invalid, under its name', () => {
    const object = decoded(ingress({}, { annotations: { 'oidc-ingress.io/policy': true } }));
    assert.equal(object.kind, 'invalid');
    assert.equal(object.meta.name, 'orders');
    assert.deepEqual(faultsOf(ingress({}, { annotations: { 'oidc-ingress.io/policy': true } })), [
      'metadata.annotations.oidc-ingress.io/policy: must be a string, found true',
    ]);
  });
});

describe('objects that cannot be kept', () => {
  const cases: readonly { name: string; given: unknown; want: readonly string[] }[] = [
    {
      name: 'text',
      given: 'hello',
      want: [': must be a Kubernetes object, found a value of type string'],
    },
    { name: 'a list', given: [], want: [': must be a Kubernetes object, found a list'] },
    { name: 'no apiVersion', given: { kind: 'Ingress' }, want: ['apiVersion: must be set'] },
    { name: 'no kind', given: { apiVersion: 'v1' }, want: ['kind: must be set'] },
    {
      name: 'a kind that is no text',
      given: { apiVersion: 'v1', kind: 5 },
      want: ['kind: must be a string, found a value of type number'],
    },
    {
      name: 'no metadata',
      given: { apiVersion: 'v1', kind: 'Service' },
      want: ['metadata: must be set'],
    },
    {
      name: 'a name that could pass for a path',
      given: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a/b', namespace: 'c' } },
      want: ['metadata.name: must be the name of a Kubernetes object, found "a/b"'],
    },
    {
      name: 'no namespace where none is given by default',
      given: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } },
      want: ['metadata.namespace: must be set'],
    },
    {
      name: 'an Ingress of a version that is gone',
      given: { apiVersion: 'extensions/v1beta1', kind: 'Ingress', metadata: { name: 'a', namespace: 'b' } },
      want: ['apiVersion: "extensions/v1beta1" must be networking.k8s.io/v1 for kind Ingress'],
    },
    {
      name: 'a policy of a version that does not exist',
      given: { apiVersion: 'oidc-ingress.io/v1', kind: 'OIDCPolicy', metadata: { name: 'a' } },
      want: ['apiVersion: "oidc-ingress.io/v1" must be oidc-ingress.io/v1alpha1 for kind OIDCPolicy'],
    },
    {
      name: 'a misspelt kind in our own group',
      given: { apiVersion: 'oidc-ingress.io/v1alpha1', kind: 'OidcPolicy', metadata: { name: 'a' } },
      want: ['kind: "OidcPolicy" is not a kind of oidc-ingress.io/v1alpha1, expected OIDCPolicy'],
    },
  ];
  for (const { name, given, want } of cases) {
    it(`reports ${name}`, () => assert.deepEqual(faultsOf(given), want));
  }

  it('ignores kinds of others, also those that share a name with one of ours', () => {
    for (const apiVersion of ['serving.knative.dev/v1', 'apps/v1']) {
      assert.deepEqual(decodeObject({ apiVersion, kind: 'Service', metadata: { name: 'a' } }), {
        kind: 'ignored',
        apiVersion,
        objectKind: 'Service',
      });
    }
  });
});

describe('Ingress', () => {
  it('keeps hosts, paths and path types as written', () => {
    const backend = { service: { name: 'orders', port: { number: 80 } } };
    const spec = {
      ingressClassName: 'oidc-ingress',
      defaultBackend: { service: { name: 'fallback', port: { name: 'http' } } },
      rules: [
        { host: 'Shop.Example.com', http: { paths: [{ path: '/a', pathType: 'Odd', backend }] } },
        { host: 'bare.example.com' },
        { http: { paths: null } },
      ],
      tls: [{ hosts: ['shop.example.com'], secretName: 'tls' }, {}],
    };
    assert.deepEqual(valueOf(ingress(spec)), {
      annotations: {},
      foreignAnnotations: [],
      ingressClassName: 'oidc-ingress',
      defaultBackend: { kind: 'service', name: 'fallback', port: { name: 'http' } },
      rules: [
        {
          host: 'Shop.Example.com',
          paths: [
            {
              path: '/a',
              pathType: 'Odd',
              backend: { kind: 'service', name: 'orders', port: { number: 80 } },
            },
          ],
        },
        { host: 'bare.example.com', paths: undefined },
        { host: undefined, paths: [] },
      ],
      tls: [
        { hosts: ['shop.example.com'], secretName: 'tls' },
        { hosts: [], secretName: undefined },
      ],
    });
  });

  it('keeps only the annotations that a route can depend on', () => {
    const annotations = {
      'oidc-ingress.io/polcy': 'typo',
      'kubernetes.io/ingress.class': 'oidc-ingress',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    const value = valueOf(ingress({}, { annotations })) as { annotations: unknown };
    assert.deepEqual(value.annotations, {
      'oidc-ingress.io/polcy': 'typo',
      'kubernetes.io/ingress.class': 'oidc-ingress',
    });
  });

  it('keeps the names of annotations for other controllers, not what they say', () => {
    const annotations = {
      'traefik.ingress.kubernetes.io/router.tls': 'true',
      'nginx.ingress.kubernetes.io/auth-url': 'https://auth.example.com/',
      'cert-manager.io/issuer': 'letsencrypt',
    };
    const value = valueOf(ingress({}, { annotations })) as { foreignAnnotations: unknown };
    assert.deepEqual(value.foreignAnnotations, [
      'nginx.ingress.kubernetes.io/auth-url',
      'traefik.ingress.kubernetes.io/router.tls',
    ]);
  });

  const backends: readonly { name: string; given: unknown; want: string }[] = [
    {
      name: 'a resource',
      given: { resource: { apiGroup: 'x', kind: 'Bucket', name: 'b' } },
      want: 'Bucket/b',
    },
    { name: 'nothing', given: {}, want: 'neither service nor resource' },
    { name: 'no backend', given: undefined, want: 'neither service nor resource' },
    { name: 'a service without port', given: { service: { name: 's' } }, want: 'service s without a port' },
  ];
  for (const { name, given, want } of backends) {
    it(`keeps a path whose backend is ${name}, and its siblings`, () => {
      const good = {
        path: '/b',
        pathType: 'Prefix',
        backend: { service: { name: 's', port: { number: 1 } } },
      };
      const spec = { rules: [{ http: { paths: [{ path: '/a', backend: given }, good] } }] };
      const value = valueOf(ingress(spec)) as { rules: [{ paths: [{ backend: unknown }] }] };
      assert.equal(value.rules[0].paths.length, 2);
      assert.deepEqual(value.rules[0].paths[0].backend, { kind: 'resource', description: want });
    });
  }

  it('is invalid where its structure is broken', () => {
    assert.deepEqual(faultsOf(ingress({ rules: [{ host: 5 }], tls: {} })), [
      'spec.rules[0].host: must be a string, found 5',
      'spec.tls: must be a list, found an object',
    ]);
  });
});

describe('IngressClass', () => {
  it('tells the default class by its annotation', () => {
    const raw = (value: string): unknown => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'a', annotations: { 'ingressclass.kubernetes.io/is-default-class': value } },
      spec: {
        controller: 'oidc-ingress.io/controller',
        parameters: { apiGroup: 'oidc-ingress.io', kind: 'OIDCPolicy', name: 'p', namespace: 'n' },
      },
    });
    const want = {
      controller: 'oidc-ingress.io/controller',
      parameters: { apiGroup: 'oidc-ingress.io', kind: 'OIDCPolicy', name: 'p', namespace: 'n' },
    };
    assert.deepEqual(valueOf(raw('true')), { ...want, isDefault: true });
    assert.deepEqual(valueOf(raw('false')), { ...want, isDefault: false });
  });
});

describe('Service', () => {
  const service = (spec: unknown): unknown => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a', namespace: 'b' },
    spec,
  });

  it('defaults type and protocol as Kubernetes does', () => {
    assert.deepEqual(valueOf(service({ ports: [{ port: 80 }] })), {
      type: 'ClusterIP',
      externalName: undefined,
      ports: [{ name: undefined, port: 80, protocol: 'TCP', appProtocol: undefined }],
    });
  });

  it('takes an empty name and protocol of a port for absent ones, as Kubernetes does', () => {
    assert.deepEqual(
      valueOf(service({ ports: [{ port: 80, name: '', protocol: '' }] })),
      valueOf(service({ ports: [{ port: 80 }] })),
    );
  });

  it('refuses a port that is none', () => {
    for (const port of [0, 65_536, 80.5, '80']) {
      const [fault] = faultsOf(service({ ports: [{ port }] }));
      assert.equal(
        fault,
        `spec.ports[0].port: must be a port number, 1-65535, found ${JSON.stringify(port)}`,
      );
    }
  });
});

describe('EndpointSlice', () => {
  const slice = (rest: object): unknown => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'a', namespace: 'b', labels: { 'kubernetes.io/service-name': 'orders' } },
    addressType: 'IPv4',
    ...rest,
  });

  it('gives absent and null conditions their meaning', () => {
    const endpoints = [
      { addresses: ['10.0.0.1'] },
      { addresses: ['10.0.0.2'], conditions: { ready: null, serving: null, terminating: null } },
      { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true } },
    ];
    const value = valueOf(
      slice({ endpoints, ports: [{ name: '', port: 8080, protocol: '' }, { name: 'any' }] }),
    );
    assert.deepEqual(value, {
      serviceName: 'orders',
      addressType: 'IPv4',
      ports: [
        { name: undefined, port: 8080, protocol: 'TCP' },
        { name: 'any', port: undefined, protocol: 'TCP' },
      ],
      endpoints: [
        { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false },
        { addresses: ['10.0.0.2'], ready: true, serving: true, terminating: false },
        { addresses: ['10.0.0.3'], ready: false, serving: true, terminating: true },
      ],
    });
  });

  it('reads the null lists that the API server serves for empty ones', () => {
    const value = valueOf(slice({ endpoints: null, ports: null }));
    assert.deepEqual(value, { serviceName: 'orders', addressType: 'IPv4', ports: [], endpoints: [] });
  });
});

describe('Secret', () => {
  const secret = (rest: object): unknown => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a', namespace: 'b' },
    ...rest,
  });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const revealed = (raw: unknown): unknown => {
    const { type, data } = valueOf(raw) as { type: string; data: Record<string, { reveal(): string }> };
    return { type, data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, v.reveal()])) };
  };

  it('keeps the entries of a TLS Secret that are text, redacted', () => {
    const data = {
      'tls.crt': base64('CHAIN'),
      'tls.key': base64('KEY'),
      'ca.crt': base64('CA'),
      jks: '/w==',
    };
    const raw = secret({ type: 'kubernetes.io/tls', data });
    assert.deepEqual(revealed(raw), {
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'CHAIN', 'tls.key': 'KEY', 'ca.crt': 'CA' },
    });
    assert.equal(
      JSON.stringify(valueOf(raw)),
      '{"type":"kubernetes.io/tls","data":{"tls.crt":"[redacted]","tls.key":"[redacted]","ca.crt":"[redacted]"}}',
    );
  });

  it('keeps of any other Secret the entries that are text, and drops the rest', () => {
    const data = { 'ca.pem': base64('CA'), binary: '/w==', broken: '%', number: 7 };
    assert.deepEqual(revealed(secret({ data })), { type: 'Opaque', data: { 'ca.pem': 'CA' } });
  });

  it('prefers stringData, and reads base64 that a YAML file wraps', () => {
    const raw = secret({
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'Q0hB\nSU4=\n', 'tls.key': base64('old') },
      stringData: { 'tls.key': 'new' },
    });
    assert.deepEqual(revealed(raw), {
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'CHAIN', 'tls.key': 'new' },
    });
  });

  it('names the entry that is not base64, and does not print it', () => {
    for (const value of ['SECRET%', 'QQ', '/w==', 7]) {
      assert.deepEqual(faultsOf(secret({ type: 'kubernetes.io/tls', data: { 'tls.key': value } })), [
        'data.tls.key: must be base64 of UTF-8 text',
      ]);
    }
  });
});

describe('ConfigMap', () => {
  const configMap = (rest: object): unknown => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'b' },
    ...rest,
  });

  it('keeps its text, not its binary data', () => {
    const raw = configMap({ data: { 'ca.pem': 'CA' }, binaryData: { blob: '/w==' } });
    assert.deepEqual(valueOf(raw), { data: { 'ca.pem': 'CA' } });
    assert.deepEqual(valueOf(configMap({})), { data: {} });
  });

  it('reports an entry that is not text', () => {
    assert.deepEqual(faultsOf(configMap({ data: { n: 7 } })), ['data.n: must be a string, found 7']);
  });
});

describe('Namespace', () => {
  const namespace = (rest: object): unknown => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { team: 'a' }, ...rest },
  });

  it('keeps its labels, and is in no namespace', () => {
    assert.deepEqual(valueOf(namespace({})), { labels: { team: 'a' }, isEnding: false });
    assert.equal(decoded(namespace({})).meta.namespace, '');
  });

  it('is ending once its deletion has begun', () => {
    const ending = namespace({ deletionTimestamp: '2026-01-02T03:04:05Z' });
    assert.deepEqual(valueOf(ending), { labels: { team: 'a' }, isEnding: true });
  });
});

describe('OIDCPolicy', () => {
  const policy = (rest: object): unknown => ({
    apiVersion: 'oidc-ingress.io/v1alpha1',
    kind: 'OIDCPolicy',
    metadata: { name: 'a', namespace: 'b' },
    ...rest,
  });
  const spec = { provider: { issuer: 'https://acme.eu.auth0.com/' }, clientCredentials: {} };

  it('applies the defaults of the schema', () => {
    const value = valueOf(policy({ spec, status: { anything: 1 } })) as {
      spec: { provider: { timeout: string } };
    };
    assert.equal(value.spec.provider.timeout, '5s');
  });

  it('refuses a misspelt field at any depth, and keeps the object', () => {
    const raw = policy({ spec: { ...spec, require: { scops: [] }, provder: {} }, specs: {} });
    assert.deepEqual([...faultsOf(raw)].sort(), [
      'spec.provder: unknown field',
      'spec.require.scops: unknown field',
      'specs: unknown field',
    ]);
    assert.equal(decoded(raw).meta.name, 'a');
  });

  it('refuses a policy without a spec', () => {
    assert.deepEqual(faultsOf(policy({})), ['spec: must be set']);
  });
});
