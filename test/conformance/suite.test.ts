/**
 * The Ingress conformance suite of Kubernetes: routes from a real API server, requests over real sockets through the
 * gateway as a process. One of each for all scenarios.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { findApiServerBinaries } from '../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type Gateway } from '../support/gateway.ts';
import { call, type Answer } from '../support/http-client.ts';
import { createKeyPair, tlsSecretOf } from '../support/key-pair.ts';
import { skipWithout } from '../support/tools.ts';
import { createPods, type PodAnswer, type Pods } from './pods.ts';
import { FEATURES, TLS_SECRET, type Feature, type Scenario } from './scenarios.ts';

const ADDRESS = '203.0.113.10';
const USER_AGENT = 'conformance/1';
const INGRESSES = '/apis/networking.k8s.io/v1/namespaces';

const DEFAULT_CLASS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: {
    name: 'oidc-ingress',
    annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' },
  },
  spec: { controller: 'oidc-ingress.io/controller' },
};

/** An address of this machine that is not loopback: no EndpointSlice may name a loopback one. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  return own?.address ?? assert.fail('this machine has no IPv4 address beside loopback');
}

function namespaceOf(name: string): string {
  return name.replaceAll(' ', '-');
}

function servicesIn(value: unknown): readonly string[] {
  const found = JSON.stringify(value).matchAll(/"service":\{"name":"([^"]+)"/g);
  return [...new Set([...found].map(([, name = '']) => name))];
}

const binaries = await findApiServerBinaries();

describe('the Ingress conformance suite', { skip: skipWithout(binaries) }, () => {
  const pair = createKeyPair('foo.bar.com');
  let api: ApiServer;
  let gateway: Gateway;
  let pods: Pods;

  before(async () => {
    pods = createPods(ownAddress());
    api = await startApiServer(binaries);
    await api.apply(readFileSync('crds/oidcpolicies.oidc-ingress.io.yaml', 'utf8'));
    await api.apply(DEFAULT_CLASS);
    gateway = await startGateway([`--kubeconfig=${api.kubeconfigPath}`, `--publish-address=${ADDRESS}`]);
  });
  after(async () => {
    await gateway?.stop();
    await api?.stop();
    await pods?.close();
  });

  const ask = (host: string, path: string): Promise<Answer> => call({ port: gateway.ports.http, host, path });

  /** In a namespace of its own, with a Service of `replicas` pods for each that `spec` names. */
  async function deploy(name: string, spec: object, replicas = 1): Promise<object> {
    const namespace = namespaceOf(name);
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    for (const service of servicesIn(spec)) {
      for (const manifest of await pods.manifests(service, namespace, replicas)) await api.apply(manifest);
    }
    await api.apply({
      ...tlsSecretOf(TLS_SECRET, pair),
      metadata: { name: TLS_SECRET, namespace },
    });
    const metadata = { name: namespace, namespace };
    const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec };
    await api.apply(ingress);
    return ingress;
  }

  async function addressesOf(name: string): Promise<readonly unknown[]> {
    const namespace = namespaceOf(name);
    const { body } = await api.request('GET', `${INGRESSES}/${namespace}/ingresses/${namespace}`);
    const { status } = body as {
      readonly status: { readonly loadBalancer?: { readonly ingress?: unknown[] } };
    };
    return status.loadBalancer?.ingress ?? [];
  }

  async function isExposed(name: string): Promise<void> {
    await eventually(`the status of ${name} shows where it is exposed`, async () => {
      const addresses = await addressesOf(name);
      return addresses.length > 0 && (assert.deepEqual(addresses, [{ ip: ADDRESS }]), true);
    });
  }

  async function remove(ingress: object, probe: Feature['probe']): Promise<void> {
    await api.delete(ingress);
    await eventually('its routes are gone', async () => (await ask(probe.host, probe.path)).status === 404);
  }

  async function play({ request, want }: Scenario): Promise<void> {
    const { scheme, method, path } = request;
    const port = scheme === 'https' ? gateway.ports.https : gateway.ports.http;
    const host = request.host === '' ? `127.0.0.1:${port}` : request.host;
    const headers = { 'user-agent': USER_AGENT };
    const secured = scheme === 'https' ? { ca: pair.certificate } : {};
    const answer = await call({ port, host, path, method, headers, ...secured });
    if (want === 404) {
      assert.equal(answer.status, 404);
      return;
    }
    assert.equal(answer.status, 200);
    const seen = answer.json() as unknown as PodAnswer;
    const expected = { service: want, pod: 0, method, path, host, proto: 'HTTP/1.1', userAgent: USER_AGENT };
    assert.deepEqual(seen, expected);
    for (const name of ['content-length', 'content-type', 'date', 'server']) {
      assert.notEqual(answer.headers[name], undefined, name);
    }
  }

  for (const feature of FEATURES) {
    describe(feature.name, () => {
      let ingress: object | undefined;

      before(async () => {
        ingress = await deploy(feature.name, feature.spec);
        await isExposed(feature.name);
      });
      after(async () => {
        if (ingress !== undefined) await remove(ingress, feature.probe);
      });

      for (const scenario of feature.scenarios) test(scenario.name, () => play(scenario));
    });
  }

  describe('ingress class', () => {
    const ruled = (host: string, service: string) => ({
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: service, port: { number: 8080 } } },
              },
            ],
          },
        },
      ],
    });

    test('that does not exist sends no traffic and gets no status', async () => {
      const foreign = {
        ingressClassName: 'some-invalid-class-name',
        ...ruled('ingress-class', 'class-prefix'),
      };
      const invalid = await deploy('ingress class', foreign);
      // Made later, and its status is there: the other one has been seen by then.
      const valid = await deploy('default class', ruled('default-class', 'class-prefix'));
      await isExposed('default class');
      assert.equal((await ask('default-class', '/')).status, 200);
      assert.equal((await ask('ingress-class', '/')).status, 404);
      assert.deepEqual(await addressesOf('ingress class'), []);
      await api.delete(invalid);
      await remove(valid, { host: 'default-class', path: '/' });
    });
  });

  describe('load balancing', () => {
    test('spreads 100 requests over all of 10 pods', async () => {
      const spec = { defaultBackend: { service: { name: 'echo-service', port: { number: 8080 } } } };
      const ingress = await deploy('load balancing', spec, 10);
      await isExposed('load balancing');
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask('load-balancing', '/')));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      const reached = new Set(answers.map((answer) => (answer.json() as unknown as PodAnswer).pod));
      assert.equal(reached.size, 10);
      await remove(ingress, { host: 'load-balancing', path: '/' });
    });
  });
});

test('the tables hold 28 of the 30 scenarios; two are tests of their own', () => {
  assert.equal(FEATURES.flatMap(({ scenarios }) => scenarios).length, 28);
});
