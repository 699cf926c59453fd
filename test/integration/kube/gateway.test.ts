/** The whole gateway as a process, reading a real API server with the rights of the manifests of the product. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';

import { findApiServerBinaries, skipWithout } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway, type Gateway } from '../../support/gateway.ts';
import { call } from '../../support/http-client.ts';

const CRD = new URL('../../../crds/oidcpolicies.oidc-ingress.io.yaml', import.meta.url);
const RBAC = new URL('../../../deploy/rbac.yaml', import.meta.url);

const MANIFEST = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: oidc-ingress }
spec: { controller: oidc-ingress.io/controller }
---
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: orders, namespace: shop }
spec:
  provider: { issuer: https://127.0.0.1:9/ }
  clientCredentials: { audience: https://orders.example.com/ }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: orders
  namespace: shop
  annotations: { oidc-ingress.io/policy: orders }
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: orders.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: orders, port: { number: 80 } } } }] }
`;

const INGRESS = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/orders';
const POLICY = '/apis/oidc-ingress.io/v1alpha1/namespaces/shop/oidcpolicies/orders';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/shop/events';

const binaries = await findApiServerBinaries();

describe('the gateway on a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let gateway: Gateway;

  before(async () => {
    api = await startApiServer(binaries);
    await api.apply(await readFile(RBAC, 'utf8'));
    await api.apply(await readFile(CRD, 'utf8'));
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const kubeconfig = await api.kubeconfigFor(await api.tokenFor('oidc-ingress', 'oidc-ingress'));
    gateway = await startGateway([
      `--kubeconfig=${kubeconfig}`,
      '--pod-namespace=oidc-ingress',
      '--publish-address=203.0.113.9',
    ]);
  });

  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await api.stop();
  });

  async function get<T>(path: string): Promise<T> {
    const { status, body } = await api.request('GET', path);
    assert.equal(status, 200);
    return body as T;
  }

  const reasonAt = async (host: string): Promise<unknown> => {
    const answer = await call({ port: gateway.ports.http, host, path: '/v1/orders' });
    return answer.json()['reason'];
  };

  it('protects an Ingress as soon as it is applied', async () => {
    assert.equal(await reasonAt('orders.example.com'), 'NoRoute');
    await api.apply(MANIFEST);
    await eventually('the route is protected', async () => {
      return (await reasonAt('orders.example.com')) === 'MissingCredentials';
    });
  });

  it('publishes its address once the route is live', async () => {
    await eventually('the address', async () => {
      const { status } = await get<{ status: object }>(INGRESS);
      return JSON.stringify(status) === '{"loadBalancer":{"ingress":[{"ip":"203.0.113.9"}]}}';
    });
  });

  it('tells on the policy what it serves and what is wrong with the issuer', async () => {
    const conditions = await eventually('the status', async () => {
      const { status } = await get<{
        status?: { conditions: readonly { type: string; status: string; reason: string }[] };
      }>(POLICY);
      const found = Object.fromEntries((status?.conditions ?? []).map((row) => [row.type, row]));
      return found['IssuerReady']?.status === 'False' && found;
    });
    assert.equal(conditions['Accepted']?.status, 'True');
    assert.equal(conditions['Programmed']?.status, 'True');
    assert.equal(conditions['IssuerReady']?.reason, 'DiscoveryFailed');
  });

  it('tells in an Event that a Service has no endpoints', async () => {
    await eventually('the Event', async () => {
      const { items } = await get<{ items: readonly { reason: string; regarding: { name: string } }[] }>(
        EVENTS,
      );
      return items.some(({ reason, regarding }) => reason === 'NoEndpoints' && regarding.name === 'orders');
    });
  });

  it('goes on while the API server is away, and sees what happened meanwhile', async () => {
    await api.kill();
    assert.equal(await reasonAt('orders.example.com'), 'MissingCredentials');
    const ready = await call({ port: gateway.ports.admin, path: '/readyz' });
    assert.equal(ready.status, 200);
    await api.restart();
    await api.request('DELETE', INGRESS);
    await eventually(
      'the route is gone',
      async () => (await reasonAt('orders.example.com')) === 'NoRoute',
      60_000,
    );
  });
});
