/** Under which addresses Ingresses say that they are reached, on a real API server, and who takes that back. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway, type Gateway } from '../../support/gateway.ts';
import { CRD } from '../../support/product.ts';
import { skipWithout } from '../../support/tools.ts';

const INGRESS = '/apis/networking.k8s.io/v1/namespaces/edge/ingresses';
const SERVICE = '/api/v1/namespaces/edge/services/gateway';
const PODS = '/api/v1/namespaces/edge/pods';

const ingress = (name: string, ingressClass: string): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: edge }
spec:
  ingressClassName: ${ingressClass}
  defaultBackend: { service: { name: gateway, port: { number: 80 } } }
---
`;

const OBJECTS = `
apiVersion: v1
kind: Namespace
metadata: { name: edge }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: default, namespace: edge }
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: ours }
spec: { controller: oidc-ingress.io/controller }
---
apiVersion: v1
kind: Service
metadata: { name: gateway, namespace: edge }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
---
${ingress('orders', 'ours')}
${ingress('foreign', 'others')}
`;

const binaries = await findApiServerBinaries();

describe('the addresses of Ingresses', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let gateway: Gateway | undefined;

  before(async () => {
    api = await startApiServer(binaries);
    await api.apply(CRD);
    await api.apply(OBJECTS);
  });
  after(async () => {
    await gateway?.stop();
    await api.stop();
  });

  async function patchStatus(path: string, status: object): Promise<void> {
    const answer = await api.request('PATCH', `${path}/status`, { status }, 'application/merge-patch+json');
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }

  async function statusOf(name: string): Promise<unknown> {
    const { body } = await api.request('GET', `${INGRESS}/${name}`);
    return (body as { status: { loadBalancer: { ingress?: unknown } } }).status.loadBalancer.ingress;
  }

  const publishes = (want: unknown): Promise<unknown> =>
    eventually(`orders publishes ${JSON.stringify(want)}`, async () => {
      return JSON.stringify(await statusOf('orders')) === JSON.stringify(want);
    });

  async function start(...flags: readonly string[]): Promise<void> {
    gateway = await startGateway([`--kubeconfig=${api.kubeconfigPath}`, '--workers=1', ...flags]);
  }

  async function node(name: string, ...addresses: readonly object[]): Promise<void> {
    await api.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
    await patchStatus(`/api/v1/nodes/${name}`, { addresses });
  }

  async function pod(name: string, nodeName: string): Promise<void> {
    await api.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'edge', labels: { app: 'gateway' } },
      spec: { nodeName, containers: [{ name: 'gateway', image: 'gateway' }] },
    });
    await ready(name, 'True');
  }

  const ready = (name: string, status: string): Promise<void> =>
    patchStatus(`${PODS}/${name}`, { conditions: [{ type: 'Ready', status }] });

  it('follow those of a Service, and are taken back by a gateway that is alone', async () => {
    await start('--publish-service=edge/gateway', '--leader-election=false');
    assert.equal(await statusOf('orders'), undefined);
    await patchStatus(SERVICE, { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } });
    await publishes([{ hostname: 'lb.example.com' }]);
    await patchStatus(SERVICE, { loadBalancer: { ingress: [{ ip: '2001:db8::9' }, { ip: '203.0.113.9' }] } });
    await publishes([{ ip: '203.0.113.9' }, { ip: '2001:db8::9' }]);
    assert.equal(await gateway?.stop(), 0);
    assert.equal(await statusOf('orders'), undefined);
    assert.equal(await statusOf('foreign'), undefined);
  });

  it('are those of the nodes of ready pods, stay while another pod serves, and go with the last one', async () => {
    await node('n1', { type: 'InternalIP', address: '10.9.0.1' });
    await node(
      'n2',
      { type: 'InternalIP', address: '10.9.0.2' },
      { type: 'ExternalIP', address: '203.0.113.2' },
    );
    await pod('gw-1', 'n1');
    await pod('gw-2', 'n2');
    const want = [{ ip: '10.9.0.1' }, { ip: '203.0.113.2' }];
    await start('--pod-namespace=edge', '--pod-name=gw-1');
    await publishes(want);
    assert.equal(await gateway?.stop(), 0);
    assert.deepEqual(await statusOf('orders'), want);

    await ready('gw-2', 'False');
    await start('--pod-namespace=edge', '--pod-name=gw-1');
    await publishes([{ ip: '10.9.0.1' }]);
    assert.equal(await gateway?.stop(), 0);
    assert.equal(await statusOf('orders'), undefined);
    assert.equal(await statusOf('foreign'), undefined);
  });
});
