/** Constant load while the certificate that the gateway shows to its service is renewed: not one request fails. */

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';

import { stringify } from 'yaml';

import { http2Client } from '../../support/http2-client.ts';
import { createKeyPair, tlsSecretOf, type TestKeyPair } from '../../support/key-pair.ts';
import { startMutualUpstream, type MutualUpstream } from '../../support/mutual-upstream.ts';
import { loadDuring, type Caller } from '../../support/steady-load.ts';
import type { WebSocketClient } from '../../support/websocket-client.ts';
import { ingress, policy, specFor, startWorld, surroundings, type World } from '../../support/world.ts';
import { applied } from './applied.ts';
import {
  assertNothingLost,
  http1Callers,
  http2Callers,
  isWholeEcho,
  OPEN_HOST,
  PROTECTED_HOST,
  webSocketCallers,
} from './callers.ts';

/** More for a longer run: `LOSS_RENEWALS=100`. */
const RENEWALS = Number(process.env['LOSS_RENEWALS'] ?? 12);

const SERVICE = createKeyPair(OPEN_HOST, PROTECTED_HOST);
const PAIRS = Array.from({ length: RENEWALS + 1 }, (_, index) => createKeyPair(`renewal-${index}.client`));

let world: World;
let service: MutualUpstream;

before(async () => {
  service = await startMutualUpstream({ certificate: SERVICE, clients: PAIRS });
  world = await startWorld({
    manifests: ({ issuer }) => manifests(issuer, 0),
    flags: ['--access-log=errors'],
  });
});
after(async () => {
  await world?.close();
  await service.close();
});

function manifests(issuer: string, renewal: number): string {
  const ca = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'service-ca', namespace: 'shop' } };
  const annotations = {
    'backend-protocol': 'HTTPS',
    'backend-tls-ca': 'configmap/service-ca',
    'backend-tls-client-certificate': 'client',
  };
  return [
    surroundings(service.port),
    stringify({ ...ca, data: { 'ca.crt': SERVICE.certificate } }),
    stringify(tlsSecretOf('client', pairAt(renewal))),
    policy('orders-api', specFor(issuer)),
    ingress(OPEN_HOST, undefined, annotations),
    ingress(PROTECTED_HOST, 'orders-api', annotations),
  ].join('\n---\n');
}

function pairAt(renewal: number): TestKeyPair {
  const pair = PAIRS[renewal];
  assert.ok(pair !== undefined);
  return pair;
}

/** They make the gateway speak HTTP/2 to the service. */
function grpcCallers(): readonly Caller[] {
  return [true, false].map((keepsConnection) => ({
    name: `gRPC to ${OPEN_HOST}, ${keepsConnection ? 'one connection' : 'new connections'}`,
    keepsConnection,
    client: () => http2Client(keepsConnection),
    next: () => ({
      port: world.gateway.ports.https,
      host: OPEN_HOST,
      path: '/v1/orders',
      method: 'POST',
      body: 'order',
      headers: { 'content-type': 'application/grpc' },
    }),
    check: (answer, sent) =>
      answer.text === '' ? `grpc-status ${String(answer.headers['grpc-status'])}` : isWholeEcho(answer, sent),
  }));
}

/** Whom the service sees by each of some new connections, which may meet any thread. */
async function clientsSeen(): Promise<ReadonlySet<unknown>> {
  const calls = Array.from({ length: 8 }, () => world.call({ host: OPEN_HOST }));
  return new Set((await Promise.all(calls)).map((answer) => answer.json()['client']));
}

it('a client certificate that is renewed again and again loses no request, and is shown as soon as it is live', async () => {
  const { ports } = world.gateway;
  const ways = { http: () => ports.http, https: () => ports.https };
  const webSockets: WebSocketClient[] = [];
  const callers = [
    ...http1Callers(ways),
    ...http2Callers(ways),
    ...webSocketCallers(ways, webSockets),
    ...grpcCallers(),
  ];
  const report = await loadDuring(callers, async () => {
    for (let renewal = 1; renewal <= RENEWALS; renewal += 1) {
      await applied(world.gateway, () => world.write(manifests(world.auth0.issuer, renewal)));
      assert.deepEqual(await clientsSeen(), new Set([`renewal-${renewal}.client`]));
    }
  });
  assertNothingLost(report, callers);
  assert.deepEqual(
    webSockets.map(({ opened }) => opened),
    [1, 1, 1, 1],
  );
  assert.equal(service.refused, 0);
  assert.equal(service.requests.size, RENEWALS + 1);
});
