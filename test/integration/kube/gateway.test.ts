/** The whole gateway as a process, reading a real API server with the rights of the manifests of the product. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import type { Gateway } from '../../support/gateway.ts';
import { call } from '../../support/http-client.ts';
import { installProduct, startProduct } from '../../support/product.ts';
import { skipWithout } from '../../support/tools.ts';
import { HOST, ingress, ORDERS } from './orders.ts';

const INGRESS = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/orders';
const POLICY = '/apis/oidc-ingress.io/v1alpha1/namespaces/shop/oidcpolicies/orders';

/** An Ingress with a typo, and a Service without endpoints. */
const CLOSING = `
apiVersion: v1
kind: Namespace
metadata: { name: closing }
---
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: closing }
spec: { ports: [{ port: 80 }] }
---
${ingress('closing/orders', 'typo.example.com', { polcy: 'orders' })}---
${ingress('closing/open', 'closing.example.com')}`;

const LATER = ingress('shop/later', 'later.example.com', { polcy: 'orders' });

const binaries = await findApiServerBinaries();

describe('the gateway on a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let gateway: Gateway;

  before(async () => {
    api = await startApiServer(binaries);
    await installProduct(api);
    gateway = await startProduct(api, '--publish-address=203.0.113.9');
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

  async function eventsIn(namespace: string) {
    const { items } = await get<{
      readonly items: readonly {
        readonly reason: string;
        readonly regarding: { readonly kind: string; readonly name: string };
      }[];
    }>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
    return items;
  }

  const reason = async (): Promise<unknown> => {
    const answer = await call({ port: gateway.ports.http, host: HOST, path: '/v1/orders' });
    return answer.json()['reason'];
  };

  it('protects an Ingress as soon as it is applied', async () => {
    assert.equal(await reason(), 'NoRoute');
    await api.apply(ORDERS);
    await eventually('the route is protected', async () => {
      return (await reason()) === 'MissingCredentials';
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
      const events = await eventsIn('shop');
      return events.some(({ reason, regarding }) => reason === 'NoEndpoints' && regarding.name === 'orders');
    });
  });

  it('says nothing of what goes with a namespace that is being deleted, and does not call it programmed', async () => {
    await api.apply(CLOSING);
    const reasons = async (): Promise<readonly string[]> =>
      (await eventsIn('closing'))
        .filter(({ regarding }) => regarding.kind === 'Ingress')
        .map(({ regarding, reason }) => `${regarding.name} ${reason}`)
        .sort();
    const before = ['open NoEndpoints', 'open Programmed', 'orders NoEndpoints', 'orders UnknownAnnotation'];
    await eventually('its Events', async () => (await reasons()).join() === before.join());
    const [namespace = '', service = ''] = CLOSING.split('---');
    // Without a controller it stays as it is in its first moments.
    await api.delete(namespace);
    await gateway.line((line) => line.includes('"gone: ') && line.includes('closing/orders'));
    const known = gateway.lines.length;
    await api.delete(service);
    await eventually('that its Service is gone', async () => {
      const { text } = await call({ port: gateway.ports.admin, path: '/debug/problems' });
      return text.includes('ServiceNotFound');
    });
    await api.apply(LATER);
    await eventually('the Event of another', async () =>
      (await eventsIn('shop')).some(({ regarding }) => regarding.name === 'later'),
    );
    const about = gateway.lines
      .slice(known)
      .filter((line) => /closing|could not be written/.test(line) && !line.includes('"gone: '));
    assert.deepEqual(about, []);
    assert.deepEqual(await reasons(), before);
    await api.delete(LATER);
  });

  it('goes on while the API server is away, and sees what happened meanwhile', async () => {
    await api.kill();
    assert.equal(await reason(), 'MissingCredentials');
    const ready = await call({ port: gateway.ports.admin, path: '/readyz' });
    assert.equal(ready.status, 200);
    await api.restart();
    await api.request('DELETE', INGRESS);
    await eventually('the route is gone', async () => (await reason()) === 'NoRoute', 60_000);
  });
});
