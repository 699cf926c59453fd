/** Which single objects are watched for policies, and how long. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

import { decodeAs } from '../../../src/decode/decode-object.ts';
import {
  namedByFlags,
  namedByIngress,
  namedByPolicy,
  type NamedObject,
} from '../../../src/kube/named-objects.ts';
import { createNamedWatches, selectionOf, type NamedWatches } from '../../../src/kube/named-watches.ts';
import { WHOLE_CLUSTER, isOptional, selectionsOf } from '../../../src/kube/scope.ts';
import type { Decoded, PolicyObject } from '../../../src/model/objects.ts';

const secret = (name: string) => ({ secretRef: { name, key: 'ca.pem' } });
const configMap = (name: string) => ({ configMapRef: { name, key: 'ca.pem' } });

function policy(name: string, ca?: object): Decoded<PolicyObject> {
  const provider = { issuer: 'https://acme.eu.auth0.com/', ...(ca !== undefined && { ca }) };
  const raw = { metadata: { name, namespace: 'shop' }, spec: { provider, clientCredentials: {} } };
  const object = decodeAs('OIDCPolicy', raw);
  assert.ok(object.kind === 'OIDCPolicy');
  return object.decoded;
}

describe('watches on what policies name', () => {
  let log: string[];
  let watches: NamedWatches;

  beforeEach(() => {
    log = [];
    watches = createNamedWatches(start, 2);
  });

  const idOf = ({ kind, namespace, name }: NamedObject): string => `${kind} ${namespace}/${name}`;

  function start(object: NamedObject) {
    log.push(`+ ${idOf(object)}`);
    return {
      answered: Promise.resolve(),
      stop: () => {
        log.push(`- ${idOf(object)}`);
      },
    };
  }

  const follow = (name: string, ca?: object): void =>
    watches.follow(`shop/${name}`, namedByPolicy(policy(name, ca), WHOLE_CLUSTER));

  it('start and end with the reference', () => {
    follow('a', secret('ca'));
    follow('a', secret('ca'));
    follow('a', configMap('ca'));
    follow('a');
    assert.deepEqual(log, [
      '+ Secret shop/ca',
      '+ ConfigMap shop/ca',
      '- Secret shop/ca',
      '- ConfigMap shop/ca',
    ]);
  });

  it('are shared, and end with the last policy that needs them', () => {
    follow('a', secret('ca'));
    follow('b', secret('ca'));
    watches.follow('shop/a', []);
    assert.deepEqual(log, ['+ Secret shop/ca']);
    watches.follow('shop/b', []);
    assert.deepEqual(log, ['+ Secret shop/ca', '- Secret shop/ca']);
  });

  it('end where the policy becomes invalid', () => {
    follow('a', secret('ca'));
    follow('a', { secretRef: { name: 7 } });
    assert.deepEqual(log, ['+ Secret shop/ca', '- Secret shop/ca']);
  });

  it('are bounded; what is beyond the bound is reported, and watched as soon as there is room', () => {
    follow('a', secret('1'));
    follow('b', secret('2'));
    follow('c', secret('3'));
    assert.deepEqual(watches.unwatched().map(idOf), ['Secret shop/3']);
    follow('a');
    assert.deepEqual(watches.unwatched(), []);
    assert.deepEqual(log, ['+ Secret shop/1', '+ Secret shop/2', '- Secret shop/1', '+ Secret shop/3']);
  });

  it('select one object by its name, and leave TLS Secrets to the watch on all of them', () => {
    assert.deepEqual(selectionOf({ kind: 'Secret', namespace: 'shop', name: 'ca' }, WHOLE_CLUSTER), {
      kind: 'Secret',
      namespace: 'shop',
      fieldSelector: 'metadata.name=ca,type!=kubernetes.io/tls',
    });
    assert.deepEqual(selectionOf({ kind: 'ConfigMap', namespace: 'shop', name: 'ca' }, WHOLE_CLUSTER), {
      kind: 'ConfigMap',
      namespace: 'shop',
      fieldSelector: 'metadata.name=ca',
    });
  });

  it('select certificates by name alone where no watch tells of all of them', () => {
    const certificate = { kind: 'Secret', namespace: 'shop', name: 'ca' } as const;
    const byName = { kind: 'Secret', namespace: 'shop', fieldSelector: 'metadata.name=ca' };
    assert.deepEqual(selectionOf(certificate, { namespaces: undefined, secrets: 'named' }), byName);
    assert.deepEqual(selectionOf(certificate, { namespaces: ['billing'], secrets: 'tls' }), byName);
  });
});

const WITH_DEFAULT = {
  ...WHOLE_CLUSTER,
  compileOptions: { ...WHOLE_CLUSTER.compileOptions, defaultTlsSecret: 'edge/default' },
};
const DEFAULT_SECRET = { kind: 'Secret', namespace: 'edge', name: 'default' };

describe('the scope of what is read', () => {
  const shown = (scope: Parameters<typeof selectionsOf>[0]): readonly string[] =>
    selectionsOf(scope).map(({ kind, namespace = '*', fieldSelector = '' }) =>
      `${kind} ${namespace} ${fieldSelector}`.trim(),
    );

  it('is each kind, of every namespace or of some, and certificates unless they are read by name', () => {
    assert.deepEqual(shown({ ...WHOLE_CLUSTER, namespaces: ['a', 'b'] }), [
      'Ingress a',
      'Ingress b',
      'IngressClass *',
      'Service a',
      'Service b',
      'EndpointSlice a',
      'EndpointSlice b',
      'OIDCPolicy a',
      'OIDCPolicy b',
      'Namespace *',
      'Secret a type=kubernetes.io/tls',
      'Secret b type=kubernetes.io/tls',
    ]);
    assert.ok(shown(WHOLE_CLUSTER).includes('Secret * type=kubernetes.io/tls'));
    assert.ok(!shown({ ...WHOLE_CLUSTER, secrets: 'named' }).some((row) => row.startsWith('Secret')));
  });

  it('waits for namespaces only where the whole cluster is read', () => {
    assert.equal(isOptional({ kind: 'Namespace' }, WHOLE_CLUSTER), false);
    assert.equal(isOptional({ kind: 'Namespace' }, { ...WHOLE_CLUSTER, namespaces: ['a'] }), true);
    assert.equal(isOptional({ kind: 'Namespace' }, { ...WHOLE_CLUSTER, secrets: 'named' }), true);
    assert.equal(isOptional({ kind: 'Ingress' }, { ...WHOLE_CLUSTER, secrets: 'named' }), false);
  });

  const FLAGS = [
    { name: 'the whole cluster', given: WITH_DEFAULT, want: [] },
    { name: 'its namespace', given: { ...WITH_DEFAULT, namespaces: ['edge'] }, want: [] },
    { name: 'another namespace', given: { ...WITH_DEFAULT, namespaces: ['shop'] }, want: [DEFAULT_SECRET] },
    { name: 'names', given: { ...WITH_DEFAULT, secrets: 'named' as const }, want: [DEFAULT_SECRET] },
    { name: 'names, and none is set', given: { ...WHOLE_CLUSTER, secrets: 'named' as const }, want: [] },
  ];
  for (const { name, given, want } of FLAGS) {
    it(`reads the default certificate by name as needed where Secrets are read of ${name}`, () => {
      assert.deepEqual(namedByFlags(given), want);
    });
  }

  it('has certificates for providers, callers and backends where Secrets are read by name', () => {
    const raw = {
      metadata: {
        name: 'a',
        namespace: 'shop',
        annotations: { 'oidc-ingress.io/backend-tls-client-certificate': 'shown' },
      },
      spec: { tls: [{ secretName: 'one' }, { hosts: ['a.example.com'] }, { secretName: '' }] },
    };
    const ingress = decodeAs('Ingress', raw);
    assert.ok(ingress.kind === 'Ingress');
    assert.deepEqual(namedByIngress(ingress.decoded, { secrets: 'named' }), [
      { kind: 'Secret', namespace: 'shop', name: 'one' },
      { kind: 'Secret', namespace: 'shop', name: 'shown' },
    ]);
    assert.deepEqual(namedByIngress(ingress.decoded, { secrets: 'tls' }), []);
    const provider = {
      issuer: 'https://a.example.com/',
      clientCertificate: { secretRef: { name: 'client' } },
    };
    const decoded = decodeAs('OIDCPolicy', {
      metadata: { name: 'p', namespace: 'shop' },
      spec: { provider, clientCredentials: {} },
    });
    assert.ok(decoded.kind === 'OIDCPolicy');
    const want = [{ kind: 'Secret', namespace: 'shop', name: 'client' }];
    assert.deepEqual(namedByPolicy(decoded.decoded, { secrets: 'named' }), want);
    assert.deepEqual(namedByPolicy(decoded.decoded, { secrets: 'tls' }), []);
  });
});
