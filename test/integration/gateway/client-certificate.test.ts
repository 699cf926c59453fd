/**
 * A service that wants to see a certificate of the gateway, on a real API server: in each way to read Secrets, from
 * `kubectl apply` over renewal to what is told where the Secret is of no use.
 */

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { stringify } from 'yaml';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway, type Gateway } from '../../support/gateway.ts';
import { call, type Answer } from '../../support/http-client.ts';
import { http2Client } from '../../support/http2-client.ts';
import { createKeyPair, tlsSecretOf, type TestKeyPair } from '../../support/key-pair.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import { startMutualUpstream, type MutualUpstream } from '../../support/mutual-upstream.ts';
import { installProduct, kubeconfigOfProduct } from '../../support/product.ts';
import { skipWithout } from '../../support/tools.ts';
import { webSocketClient } from '../../support/websocket-client.ts';
import { ingress, surroundings } from '../../support/world.ts';

const HOST = 'mutual.example.com';
const SERVICE = createKeyPair(HOST);
const BLUE = createKeyPair('blue.client');
const GREEN = createKeyPair('green.client');

const MODES = {
  cluster: [],
  namespaced: ['--secret-mode=namespaced', '--watch-namespaces=shop'],
  named: ['--secret-mode=named'],
} as const satisfies Record<string, readonly string[]>;

/** No EndpointSlice may name a loopback address. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) throw new Error('this machine has no IPv4 address beside loopback');
  return own.address;
}

const secret = (pair: TestKeyPair): object => tlsSecretOf('client', pair);

function manifests(port: number): string {
  const ca = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'service-ca', namespace: 'shop' },
    data: { 'ca.crt': SERVICE.certificate },
  };
  const annotations = {
    'backend-protocol': 'HTTPS',
    'backend-tls-ca': 'configmap/service-ca',
    'backend-tls-client-certificate': 'client',
  };
  const [, ...withoutClass] = surroundings(port, ownAddress()).split('---');
  return [...withoutClass, stringify(ca), ingress(HOST, undefined, annotations)].join('\n---\n');
}

const binaries = await findApiServerBinaries();

describe('a service that wants to see a certificate, on a cluster,', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let service: MutualUpstream;
  const gateways: Gateway[] = [];

  before(async () => {
    api = await startApiServer(binaries);
    service = await startMutualUpstream({
      certificate: SERVICE,
      clients: [BLUE, GREEN],
      address: ownAddress(),
    });
    await installProduct(api);
    await api.apply(manifests(service.port));
    const kubeconfig = await kubeconfigOfProduct(api);
    // Each writes Events of its own: what it sees of a Secret differs.
    const own = [`--kubeconfig=${kubeconfig}`, '--leader-election=false'];
    for (const flags of Object.values(MODES)) {
      gateways.push(await startGateway([...own, '--publish-address=203.0.113.10', ...flags]));
    }
  });
  after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all([api?.stop(), service?.close()]);
  });

  const ask = ({ ports }: Gateway): Promise<Answer> => call({ port: ports.http, host: HOST, path: '/' });

  /** Waits until every gateway answers so: by status, and by the client that the service saw. */
  async function answer(status: number, client?: string): Promise<void> {
    for (const [index, gateway] of gateways.entries()) {
      await eventually(`${status} ${client ?? ''} from ${Object.keys(MODES)[index]}`, async () => {
        const found = await ask(gateway);
        return found.status === status && found.json()['client'] === client;
      });
    }
  }

  async function eventsSay(reason: string, message: RegExp): Promise<void> {
    await eventually(`Event ${reason}`, async () => {
      const { body } = await api.request('GET', '/apis/events.k8s.io/v1/namespaces/shop/events');
      const { items } = body as {
        readonly items: readonly { readonly reason: string; readonly note: string }[];
      };
      return items.some((event) => event.reason === reason && message.test(event.note));
    });
  }

  test('is not called while the Secret does not exist: 503, and an Event', async () => {
    await answer(503);
    for (const gateway of gateways) {
      assert.equal((await ask(gateway)).json()['reason'], 'PolicyUnavailable');
    }
    await eventsSay('SecretNotFound', /backend-tls-client-certificate.*Secret shop\/client .*does not exist/);
    assert.equal(service.handshakes.length + service.refused, 0);
  });

  test('is shown its certificate once the Secret exists, by each protocol', async () => {
    await api.apply(secret(BLUE));
    await answer(200, 'blue.client');
    for (const { ports } of gateways) {
      const webSocket = webSocketClient(false);
      const message = { port: ports.http, host: HOST, body: 'hello' };
      assert.equal((await webSocket.call(message)).json()['client'], 'blue.client');
      const grpc = http2Client(false);
      const headers = { 'content-type': 'application/grpc' };
      assert.equal(
        (await grpc.call({ port: ports.https, host: HOST, headers })).json()['client'],
        'blue.client',
      );
    }
  });

  test('sees the renewed one without a restart, and no other from then on', async () => {
    await api.apply(secret(GREEN));
    await answer(200, 'green.client');
    const before = service.requests.get('blue.client');
    for (const gateway of gateways) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(gateway)));
      assert.deepEqual(new Set(answers.map((found) => found.json()['client'])), new Set(['green.client']));
    }
    assert.equal(service.requests.get('blue.client'), before);
  });

  test('is not called with a key that is another’s: 503, and an Event; a good one ends that', async () => {
    await api.apply(secret({ ...GREEN, privateKey: BLUE.privateKey }));
    await answer(503);
    await eventsSay('SecretInvalid', /tls\.key must be the private key of the first certificate/);
    await api.apply(secret(GREEN));
    await answer(200, 'green.client');
  });

  test('is not called with a Secret of another type: 503, and an Event', async () => {
    await api.delete(secret(GREEN));
    await answer(503);
    await api.apply({ ...secret(GREEN), type: 'Opaque' });
    await eventsSay('SecretInvalid', /type must be kubernetes\.io\/tls, found "Opaque"/);
    await answer(503);
    await api.delete({ ...secret(GREEN), type: 'Opaque' });
    await api.apply(secret(BLUE));
    await answer(200, 'blue.client');
  });

  test('is told of with the end of the certificate, and never with its key', async () => {
    const shown: string[] = [];
    for (const { ports } of gateways) {
      for (const path of ['/metrics', '/debug/table', '/v1/status', '/debug/problems']) {
        shown.push((await call({ port: ports.admin, path })).text);
      }
      const { text } = await call({ port: ports.admin, path: '/metrics' });
      const series = seriesOf(text);
      const end = series.get('oidc_ingress_tls_expiry_timestamp_seconds{certificate="shop/client"}');
      assert.equal(end, Date.UTC(2126, 0, 1) / 1_000);
    }
    const { body } = await api.request('GET', '/apis/events.k8s.io/v1/events');
    const outputs = [...shown, JSON.stringify(body), ...gateways.flatMap(({ lines }) => lines)].join('\n');
    assert.ok(outputs.includes('"secret":"shop/client"'), 'the status was searched');
    assert.ok(!outputs.includes('PRIVATE KEY'));
    for (const { privateKey } of [BLUE, GREEN]) {
      const [, line = ''] = privateKey.split('\n');
      assert.ok(line.length > 32 && !outputs.includes(line));
    }
  });
});
