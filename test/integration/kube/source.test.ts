/** The source of objects against a real API server, with no more rights than the manifests of the product give. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { systemClock } from '../../../src/config/system-clock.ts';
import { openCluster } from '../../../src/kube/cluster.ts';
import { openKubeSource, type KubeSource } from '../../../src/kube/source.ts';
import type { Snapshot } from '../../../src/model/objects.ts';
import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { CRD, kubeconfigOfProduct, RBAC } from '../../support/product.ts';
import { watchCounts } from '../../support/watch-counts.ts';
import { skipWithout } from '../../support/tools.ts';

const binaries = await findApiServerBinaries();

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const meta = (name: string, rest: object = {}) => ({ name, namespace: 'shop', ...rest });

const tlsSecret = (name: string, chain: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: meta(name),
  data: { 'tls.crt': base64(chain), 'tls.key': base64('KEY') },
});

const policy = (name: string, ca?: object) => ({
  apiVersion: 'oidc-ingress.io/v1alpha1',
  kind: 'OIDCPolicy',
  metadata: meta(name),
  spec: {
    provider: { issuer: 'https://acme.eu.auth0.com/', ...(ca !== undefined && { ca }) },
    clientCredentials: { audience: 'https://orders.acme.com/' },
  },
});

const configMap = (name: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: meta(name),
  data: { 'ca.pem': text },
});

const opaque = (name: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: meta(name),
  data: { 'ca.pem': base64(text) },
});

const ingress = (name: string, host: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: meta(name),
  spec: {
    ingressClassName: 'oidc-ingress',
    rules: [
      {
        host,
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: 'orders', port: { number: 80 } } } },
          ],
        },
      },
    ],
  },
});

const OBJECTS = [
  ingress('orders', 'a.example.com'),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'oidc-ingress' },
    spec: { controller: 'oidc-ingress.io/controller' },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('orders'),
    spec: { ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta('orders-1', { labels: { 'kubernetes.io/service-name': 'orders' } }),
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.1.2.3'] }],
  },
  tlsSecret('orders-tls', 'CHAIN'),
  policy('orders'),
] as const;

describe('the source of objects of a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let source: KubeSource;
  let logger: CollectingLogger;

  const opened = new Set<KubeSource>();
  async function open(): Promise<KubeSource> {
    const access = await openCluster(await kubeconfigOfProduct(api));
    logger = collectingLogger();
    const options = { access, clock: systemClock, logger, telemetry: watchCounts(), onChange: () => {} };
    const fresh = openKubeSource(options);
    opened.add(fresh);
    return fresh;
  }

  const sees = (what: string, probe: (snapshot: Snapshot) => boolean): Promise<boolean> =>
    eventually(what, () => Promise.resolve(probe(source.snapshot())));

  before(async () => {
    api = await startApiServer(binaries);
    await api.apply(RBAC);
    await api.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { team: 'a' } },
    });
  });

  after(async () => {
    for (const one of opened) await one.close();
    await api.stop();
  });

  it('is not synced while the CustomResourceDefinition is missing, says so, and recovers by itself', async () => {
    source = await open();
    let isSynced = false;
    void source.synced.then(() => (isSynced = true));
    const faults = await eventually('a fault', () =>
      Promise.resolve(source.faults().length > 0 && source.faults()),
    );
    const message =
      'cannot list oidcpolicies: 404: the API server does not serve oidcpolicies.oidc-ingress.io v1alpha1: apply the CustomResourceDefinition';
    assert.deepEqual(faults, [{ location: 'oidcpolicies', message }]);
    assert.equal(isSynced, false);
    assert.ok(logger.lines.some(({ level, fields }) => level === 'error' && fields['cause'] === message));
    await api.apply(CRD);
    await source.synced;
    assert.deepEqual(source.faults(), []);
  });

  it('sees objects of each kind created, changed and deleted', async () => {
    for (const object of OBJECTS) await api.apply(object);
    await sees('all of them', (now) =>
      [now.ingresses, now.services, now.endpointSlices, now.secrets, now.policies].every(
        (map) => [...map.keys()].some((key) => key.startsWith('shop/')) && map.size > 0,
      ),
    );
    const now = source.snapshot();
    assert.ok([...now.policies.values(), ...now.ingresses.values()].every(({ kind }) => kind === 'valid'));
    assert.equal(now.ingressClasses.get('oidc-ingress')?.kind, 'valid');
    const namespace = now.namespaces.get('shop');
    assert.ok(namespace?.kind === 'valid');
    assert.equal(namespace.value.labels['team'], 'a');

    await api.apply(ingress('orders', 'b.example.com'));
    await sees('the new host', ({ ingresses }) => {
      const changed = ingresses.get('shop/orders');
      return changed?.kind === 'valid' && changed.value.rules[0]?.host === 'b.example.com';
    });
    await api.apply(tlsSecret('orders-tls', 'RENEWED'));
    await sees('the renewed certificate', ({ secrets }) => chainOf(secrets, 'shop/orders-tls') === 'RENEWED');

    for (const object of OBJECTS) await api.delete(object);
    await sees('that they are gone', ({ namespaces, ...rest }) => {
      const maps: readonly ReadonlyMap<string, unknown>[] = Object.values(rest);
      return (
        namespaces.has('shop') &&
        maps.flatMap((map) => Array.from(map.keys())).every((key) => /^(default|kube-system)\//.test(key))
      );
    });
  });

  it('reads no Secret and no ConfigMap but certificates and what a policy names, while it names it', async () => {
    await api.apply(opaque('password', 'hunter2'));
    await api.apply(configMap('settings', 'x'));
    await api.apply(opaque('ca', 'CA 1'));
    await api.apply(configMap('ca', 'CA 2'));
    await api.apply(policy('by-secret', { secretRef: { name: 'ca', key: 'ca.pem' } }));
    await api.apply(policy('by-map', { configMapRef: { name: 'ca', key: 'ca.pem' } }));
    await sees('both bundles', ({ secrets, configMaps }) => secrets.size > 0 && configMaps.size > 0);
    const { secrets, configMaps } = source.snapshot();
    assert.deepEqual([...secrets.keys()], ['shop/ca']);
    assert.deepEqual([...configMaps.keys()], ['shop/ca']);

    await api.apply(configMap('ca', 'CA 3'));
    await sees('the new bundle', (now) => {
      const map = now.configMaps.get('shop/ca');
      return map?.kind === 'valid' && map.value.data['ca.pem'] === 'CA 3';
    });
    await api.delete(policy('by-secret'));
    await api.apply(policy('by-map', { configMapRef: { name: 'settings', key: 'ca.pem' } }));
    await sees('that the old ones are forgotten', (now) => {
      return now.secrets.size === 0 && now.configMaps.size === 1 && now.configMaps.has('shop/settings');
    });
    assert.deepEqual(source.faults(), []);
  });

  it('has the bundle that a policy names when it is first synced, and does not wait for one that is missing', async () => {
    await api.apply(policy('by-map', { configMapRef: { name: 'ca', key: 'ca.pem' } }));
    await api.apply(policy('missing', { secretRef: { name: 'nowhere', key: 'ca.pem' } }));
    const second = await open();
    await second.synced;
    assert.deepEqual([...second.snapshot().configMaps.keys()], ['shop/ca']);
    assert.equal(second.snapshot().policies.size, 2);
  });

  it('reads a list of several pages', async () => {
    const names = Array.from({ length: 1_050 }, (_, index) => `class-${index}`);
    const queue = names.values();
    const create = async (): Promise<void> => {
      for (const name of queue) {
        const { status } = await api.request('POST', '/apis/networking.k8s.io/v1/ingressclasses', {
          metadata: { name },
          spec: { controller: 'example.com/other' },
        });
        assert.equal(status, 201);
      }
    };
    await Promise.all(Array.from({ length: 16 }, create));
    const second = await open();
    await second.synced;
    assert.deepEqual([...second.snapshot().ingressClasses.keys()].sort(), names.sort());
    const all = '/apis/networking.k8s.io/v1/ingressclasses';
    assert.equal((await api.request('DELETE', all)).status, 200);
    await eventually('that they are gone', () =>
      Promise.resolve(second.snapshot().ingressClasses.size === 0),
    );
  });

  it('loses nothing when the API server is killed and comes back', async () => {
    await api.apply(ingress('before', 'before.example.com'));
    await api.apply(ingress('doomed', 'doomed.example.com'));
    await sees('both', ({ ingresses }) => ingresses.size === 2);
    await api.kill();
    await eventually('a fault', () => Promise.resolve(source.faults().length > 0));
    assert.equal(source.snapshot().ingresses.size, 2);
    await api.restart();
    await api.delete(ingress('doomed', ''));
    await api.apply(ingress('after', 'after.example.com'));
    await eventually(
      'what happened since',
      () => Promise.resolve([...source.snapshot().ingresses.keys()].join() === 'shop/before,shop/after'),
      60_000,
    );
    await eventually('no fault', () => Promise.resolve(source.faults().length === 0), 60_000);
  });
});

function chainOf(secrets: Snapshot['secrets'], key: string): string | undefined {
  const secret = secrets.get(key);
  return secret?.kind === 'valid' ? secret.value.data['tls.crt']?.reveal() : undefined;
}
