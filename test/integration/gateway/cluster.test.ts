/**
 * From `kubectl apply` to a verified request: a real API server, the gateway as a process, an Auth0 tenant, and an
 * upstream on an address that an EndpointSlice may name.
 */

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { startAuth0Emulator, type Auth0Emulator } from '../../../src/dev/auth0-emulator.ts';
import { startEchoUpstream, type EchoUpstream } from '../../../src/dev/echo-upstream.ts';
import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway, type Gateway } from '../../support/gateway.ts';
import { call, type Answer } from '../../support/http-client.ts';
import { installProduct } from '../../support/product.ts';
import { AUDIENCE, CLIENT, RIGHT, echoOf, ingress, policy } from '../../support/world.ts';
import { skipWithout } from '../../support/tools.ts';

const HOST = 'orders.example.com';
const POLICY_PATH = '/apis/oidc-ingress.io/v1alpha1/namespaces/shop/oidcpolicies/orders-api';
const INGRESS_PATH = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/orders-example-com';

/** An address of this machine that is not loopback: no EndpointSlice may name a loopback one. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) throw new Error('this machine has no IPv4 address beside loopback');
  return own.address;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const binaries = await findApiServerBinaries();

describe('a gateway on a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let auth0: Auth0Emulator;
  let upstream: EchoUpstream;
  let other: EchoUpstream;
  let gateway: Gateway;

  before(async () => {
    const address = ownAddress();
    api = await startApiServer(binaries);
    auth0 = await startAuth0Emulator({
      tenant: {
        clients: [{ clientId: CLIENT.id, clientSecrets: [CLIENT.secret] }],
        apis: [{ identifier: AUDIENCE }],
        grants: [{ clientId: CLIENT.id, audience: AUDIENCE }],
      },
    });
    upstream = await startEchoUpstream({ host: address });
    other = await startEchoUpstream({ host: address });
    await installProduct(api);
    gateway = await startGateway([
      `--kubeconfig=${api.kubeconfigPath}`,
      '--allow-insecure-issuers',
      '--publish-address=203.0.113.10',
    ]);
  });
  after(async () => {
    await gateway?.stop();
    await api?.stop();
    await Promise.all([auth0?.close(), upstream?.close(), other?.close()]);
  });

  const ask = (options: {
    readonly path?: string;
    readonly basic?: string;
    readonly host?: string;
  }): Promise<Answer> => call({ port: gateway.ports.http, host: HOST, path: '/v1/orders', ...options });

  const service = (): string => `
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { ports: [{ name: http, port: 80, targetPort: 3000 }] }
`;
  const slice = (port: number): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: orders-1, namespace: shop, labels: { kubernetes.io/service-name: orders } }
addressType: IPv4
ports: [{ name: http, port: ${port} }]
endpoints: [{ addresses: ["${ownAddress()}"] }]
`;
  const goodPolicy = (): string =>
    policy(
      'orders-api',
      `{ provider: { issuer: "${auth0.issuer}" }, clientCredentials: { audience: "${AUDIENCE}" } }`,
    );

  /** Asks until the answer is as wanted; changes take effect within the debounce. */
  const answers = (
    what: string,
    want: (answer: Answer) => boolean,
    options = { basic: RIGHT },
  ): Promise<Answer> =>
    eventually(what, async () => {
      const answer = await ask(options);
      return want(answer) ? answer : undefined;
    });

  async function conditions(path = POLICY_PATH): Promise<readonly Condition[]> {
    const { body } = await api.request('GET', path);
    return (
      (body as { readonly status?: { readonly conditions?: readonly Condition[] } }).status?.conditions ?? []
    );
  }
  const condition = (type: string, want: (found: Condition) => boolean): Promise<Condition> =>
    eventually(`condition ${type}`, async () => {
      const found = (await conditions()).find((candidate) => candidate.type === type);
      return found !== undefined && want(found) ? found : undefined;
    });

  async function eventReasons(): Promise<readonly string[]> {
    const { body } = await api.request('GET', '/apis/events.k8s.io/v1/namespaces/shop/events');
    return (body as { readonly items: readonly { readonly reason: string }[] }).items.map(
      ({ reason }) => reason,
    );
  }

  test('knows no route before anything is applied', async () => {
    const answer = await ask({ basic: RIGHT });
    assert.equal(answer.status, 404);
    assert.equal(answer.json()['reason'], 'NoRoute');
  });

  test('serves a verified token after policy, Ingress, Service and EndpointSlice are applied', async () => {
    await api.apply(service() + '---' + slice(upstream.port) + goodPolicy() + ingress(HOST, 'orders-api'));
    const answer = await answers('200', ({ status }) => status === 200);
    assert.equal(echoOf(answer).authorization?.claims?.aud, AUDIENCE);
    assert.equal(echoOf(answer).authorization?.claims?.['azp'], CLIENT.id);
    const refused = await ask({});
    assert.equal(refused.status, 401);
  });

  test('says so in the status of the policy, of the Ingress, and in an Event', async () => {
    await condition('Accepted', ({ status }) => status === 'True');
    await condition('Programmed', ({ status }) => status === 'True');
    await condition('IssuerReady', ({ status, reason }) => status === 'True' && reason === 'Ready');
    await eventually('counts', async () => {
      const { body } = await api.request('GET', POLICY_PATH);
      const { ingresses } = (
        body as { readonly status: { readonly ingresses?: { readonly enforced: number } } }
      ).status;
      return ingresses?.enforced === 1;
    });
    await eventually('load balancer status', async () => {
      const { body } = await api.request('GET', INGRESS_PATH);
      const { status } = body as {
        readonly status?: {
          readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
        };
      };
      return status?.loadBalancer?.ingress?.[0]?.ip === '203.0.113.10';
    });
    await eventually('Event', async () => (await eventReasons()).includes('Programmed'));
  });

  test('follows an endpoint to another pod', async () => {
    const before = other.requests;
    await api.apply(slice(other.port));
    await answers('the other pod', ({ status }) => status === 200 && other.requests > before);
  });

  test('answers NoEndpoints while the Service has none, never a neighbour', async () => {
    await api.delete(slice(other.port));
    const answer = await answers('503', ({ status }) => status === 503);
    assert.equal(answer.json()['reason'], 'NoEndpoints');
    await api.delete(service());
    await eventually('Event', async () => (await eventReasons()).includes('ServiceNotFound'));
    assert.equal((await ask({ basic: RIGHT })).json()['reason'], 'NoEndpoints');
    await api.apply(service() + '---' + slice(upstream.port));
    await answers('200 again', ({ status }) => status === 200);
  });

  test('a policy that stops being usable refuses its routes, and says why in status and Event', async () => {
    await api.apply(
      policy(
        'orders-api',
        `{ provider: { issuer: "${auth0.issuer}", ca: { configMapRef: { name: missing, key: ca.crt } } }, clientCredentials: { audience: "${AUDIENCE}" } }`,
      ),
    );
    const answer = await answers('503', ({ status }) => status === 503);
    assert.equal(answer.json()['reason'], 'PolicyUnavailable');
    const { reason, message } = await condition('Accepted', ({ status }) => status === 'False');
    assert.equal(reason, 'ConfigMapNotFound');
    assert.match(message, /missing/);
    await eventually('Event', async () => (await eventReasons()).includes('ConfigMapNotFound'));
    await api.delete(goodPolicy());
    await api.apply(goodPolicy());
    await answers('200 again', ({ status }) => status === 200);
  });

  test('a typo in the annotation refuses the routes of the Ingress, and an Event says so', async () => {
    const typo = ingress('typo.example.com').replace(
      'annotations: {}',
      'annotations: { oidc-ingress.io/polcy: orders-api }',
    );
    await api.apply(typo);
    const answer = await eventually('503', async () => {
      const found = await ask({ host: 'typo.example.com' });
      return found.status === 503 ? found : undefined;
    });
    assert.equal(answer.json()['reason'], 'PolicyUnavailable');
    await eventually('Event', async () => (await eventReasons()).includes('UnknownAnnotation'));
    await api.delete(typo);
    await eventually('404', async () => (await ask({ host: 'typo.example.com' })).status === 404);
  });

  test('a deleted policy refuses the routes that name it; restored, they serve', async () => {
    await api.delete(goodPolicy());
    const answer = await answers('503', ({ status }) => status === 503);
    assert.equal(answer.json()['reason'], 'PolicyUnavailable');
    await eventually('Event', async () => (await eventReasons()).includes('PolicyNotFound'));
    await api.apply(goodPolicy());
    await answers('200', ({ status }) => status === 200);
  });

  test('serves on while the API server is away, and catches up with it afterwards', async () => {
    await api.kill('SIGKILL');
    assert.equal((await ask({ basic: RIGHT })).status, 200);
    const ready = await call({ port: gateway.ports.admin, path: '/readyz' });
    assert.equal(ready.status, 200);
    await api.restart();
    assert.equal((await ask({ basic: RIGHT })).status, 200);
    const before = other.requests;
    await api.apply(slice(other.port));
    await eventually(
      'the change made after the restart',
      async () => (await ask({ basic: RIGHT })).status === 200 && other.requests > before,
      60_000,
    );
  });

  test('no secret and no token is in a status, an Event or the output', async () => {
    const wrong = await ask({ basic: `${CLIENT.id}:marked-wrong-secret` });
    assert.equal(wrong.status, 401);
    const kinds = [
      '/apis/oidc-ingress.io/v1alpha1/oidcpolicies',
      '/apis/networking.k8s.io/v1/ingresses',
      '/apis/events.k8s.io/v1/events',
    ];
    // After its restart the API server serves custom resources a moment later than its own.
    const written = await eventually('every list', async () => {
      const answers = await Promise.all(kinds.map((path) => api.request('GET', path)));
      return answers.every(({ status }) => status === 200) && answers;
    });
    const outputs = [...written.map(({ body }) => JSON.stringify(body)), ...gateway.lines].join('\n');
    assert.ok(outputs.includes('PolicyNotFound'), 'Events were searched');
    const secrets = [
      CLIENT.secret,
      encodeURIComponent(CLIENT.secret),
      btoa(`${CLIENT.id}:marked`),
      'marked-wrong-secret',
    ];
    for (const secret of secrets) assert.ok(!outputs.includes(secret), `found ${secret}`);
    assert.doesNotMatch(outputs, /eyJ[\w-]+\.[\w-]+\./);
  });

  test('a deleted Ingress is gone', async () => {
    await api.delete(ingress(HOST, 'orders-api'));
    await answers('404', ({ status }) => status === 404);
  });
});
