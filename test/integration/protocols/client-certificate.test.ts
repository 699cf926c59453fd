/** Services that want to see a certificate of the gateway: by each protocol it shows the one that was asked for, or does not call. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { status } from '@grpc/grpc-js';

import type { DeltaKeys } from '../../../src/compile/delta.ts';
import type { BackendTls, RoutingTable } from '../../../src/model/table.ts';
import { eventually } from '../../support/eventually.ts';
import { createKeyPair, NOT_AFTER, NOT_BEFORE, type TestKeyPair } from '../../support/key-pair.ts';
import { startMutualUpstream, type MutualUpstream } from '../../support/mutual-upstream.ts';
import { BACKEND, head, route, startGateway, type Gateway, type GatewayOptions } from '../proxy/harness.ts';
import { exchange, openCaller, parseResponse } from '../proxy/raw.ts';
import { startOrders, throughGateway } from './grpc-orders.ts';
import { protocolTable, type Test } from './protocol-upstreams.ts';
import { openWebSocket, roundTrip } from './websocket-peers.ts';

const HOST = 'shop.example.com';
const GREEN_HOST = 'green.example.com';
const SERVICE = createKeyPair(HOST);
/** A body that is not waited for before a connection is made. */
const CHUNKED = 'Transfer-Encoding: chunked';
const BLUE = createKeyPair('blue.client');
const GREEN = createKeyPair('green.client');
const STRANGER = createKeyPair('stranger.client');

interface Shown {
  readonly pair: TestKeyPair;
  readonly secret?: string;
  readonly notAfterMs?: number;
}

function tlsShowing({ pair, secret = 'shop/client', notAfterMs = NOT_AFTER }: Shown): BackendTls {
  const { certificate: chain } = pair;
  const clientCertificate = { secret, chain, digest: chain, notBeforeMs: NOT_BEFORE, notAfterMs };
  return { ca: SERVICE.certificate, serverName: HOST, clientCertificate };
}

const NO_CERTIFICATE: BackendTls = {
  ca: SERVICE.certificate,
  serverName: undefined,
  clientCertificate: undefined,
};

/** As the control thread publishes it. */
function showing(port: number, shown: Shown): [RoutingTable, Partial<DeltaKeys>] {
  const table = protocolTable(port, 'HTTPS', { tls: tlsShowing(shown) });
  return [table, { backendKeys: { [shown.secret ?? 'shop/client']: shown.pair.privateKey } }];
}

async function start(
  test: Test,
  shown: Shown,
  options: Omit<GatewayOptions, 'table' | 'keys'> = {},
): Promise<{ readonly gateway: Gateway; readonly upstream: MutualUpstream }> {
  const upstream = await startUpstream(test);
  const [table, keys] = showing(upstream.port, shown);
  return { upstream, gateway: await startGateway(test, { ...options, table, keys }) };
}

async function startUpstream(test: Test, maxVersion?: 'TLSv1.2'): Promise<MutualUpstream> {
  const clients = [BLUE, GREEN];
  const upstream = await startMutualUpstream({
    certificate: SERVICE,
    clients,
    ...(maxVersion && { maxVersion }),
  });
  test.after(() => upstream.close());
  return upstream;
}

type Speak = (test: Test, gateway: Gateway, host?: string) => Promise<string>;

/** One request by each protocol that a service behind TLS can be spoken to by. @returns whom it saw, or `refused`. */
const PROTOCOLS: Readonly<Record<string, Speak>> = {
  'HTTP/1.1': async (_, gateway, host) => await ask(gateway, host),
  'HTTP/2': async (_, gateway, host) => await ask(gateway, host, 'Content-Type: application/grpc'),
  WebSocket: async (test, gateway, host = HOST) => {
    const socket = openWebSocket(test, gateway, { headers: { host } });
    const refused = once(socket, 'unexpected-response').then(() => 'refused');
    const answered = once(socket, 'open').then(async () => String(await roundTrip(socket, 'hello')));
    // Whichever comes second is of no interest.
    answered.catch(() => undefined);
    refused.catch(() => undefined);
    return clientIn(await Promise.race([answered, refused]));
  },
};

async function ask(gateway: Gateway, host = HOST, ...lines: readonly string[]): Promise<string> {
  const request = head('GET / HTTP/1.1', `Host: ${host}`, 'Connection: close', ...lines);
  const answer = await exchange(gateway.port, request);
  return clientIn(parseResponse(answer).status === 502 ? 'refused' : answer);
}

/** gRPC says 14 where others say 502. */
function clientIn(answer: string): string {
  return (
    /"client":"([^"]*)"|^(refused)$|^grpc-status: 14$/im.exec(answer)?.slice(1).find(Boolean) ?? 'refused'
  );
}

for (const [protocol, speak] of Object.entries(PROTOCOLS)) {
  describe(`a service that wants to see a certificate, by ${protocol},`, () => {
    it('is shown the one of the backend', async (test) => {
      const { gateway, upstream } = await start(test, { pair: BLUE });
      assert.equal(await speak(test, gateway), 'blue.client');
      assert.equal(upstream.refused, 0);
    });

    it('is shown it by TLS 1.2 too', async (test) => {
      const upstream = await startUpstream(test, 'TLSv1.2');
      const [table, keys] = showing(upstream.port, { pair: BLUE });
      assert.equal(await speak(test, await startGateway(test, { table, keys })), 'blue.client');
    });

    it('refuses the gateway where that has none to show, or one that it does not know: 502', async (test) => {
      const upstream = await startUpstream(test);
      const table = protocolTable(upstream.port, 'HTTPS', { tls: NO_CERTIFICATE });
      const gateway = await startGateway(test, { table });
      assert.equal(await speak(test, gateway), 'refused');
      assert.match((await gateway.record()).cause ?? '', /ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/);
      gateway.apply(...showing(upstream.port, { pair: STRANGER }));
      assert.equal(await speak(test, gateway), 'refused');
      assert.deepEqual(upstream.handshakes, []);
    });

    it('is not called with one that has expired: 502, and the log says why', async (test) => {
      const { gateway, upstream } = await start(
        test,
        { pair: BLUE, notAfterMs: 1_000 },
        { nowMs: () => 1_000 },
      );
      assert.equal(await speak(test, gateway), 'refused');
      const { reason, cause } = await gateway.record();
      assert.equal(reason, 'UpstreamUnreachable');
      assert.equal(cause, 'the client certificate of Secret shop/client has expired');
      assert.deepEqual([upstream.handshakes.length, upstream.refused, upstream.connections], [0, 0, 0]);
    });

    it('is not called without it where its key is missing: 502, and the log says why', async (test) => {
      const upstream = await startUpstream(test);
      const [table] = showing(upstream.port, { pair: BLUE });
      const gateway = await startGateway(test, { table });
      assert.equal(await speak(test, gateway), 'refused');
      assert.equal((await gateway.record()).cause, 'the private key of Secret shop/client is missing');
      assert.deepEqual([upstream.handshakes.length, upstream.refused, upstream.connections], [0, 0, 0]);
    });

    it('sees the renewed one at once, by a handshake that begins anew', async (test) => {
      const { gateway, upstream } = await start(test, { pair: BLUE });
      assert.equal(await speak(test, gateway), 'blue.client');
      gateway.apply(...showing(upstream.port, { pair: GREEN }));
      assert.equal(await speak(test, gateway), 'green.client');
      assert.deepEqual(upstream.handshakes, [
        { client: 'blue.client', isResumed: false },
        { client: 'green.client', isResumed: false },
      ]);
    });

    it('sees that of each backend, whichever was there before', async (test) => {
      const upstream = await startUpstream(test);
      const gateway = await startGateway(test, twoBackends(upstream.port));
      for (const host of [HOST, GREEN_HOST, HOST, GREEN_HOST]) {
        const want = host === HOST ? 'blue.client' : 'green.client';
        assert.equal(await speak(test, gateway, host), want);
      }
    });
  });
}

/** One endpoint of two backends, as two Ingresses ask for it. */
function twoBackends(port: number): Pick<GatewayOptions, 'table' | 'keys'> {
  const [blue] = showing(port, { pair: BLUE, secret: 'shop/blue' });
  const backend = blue.backends[BACKEND];
  assert.ok(backend !== undefined);
  const key = `${BACKEND} @shop/green`;
  const tls = tlsShowing({ pair: GREEN, secret: 'shop/green' });
  const action = { kind: 'forward', backend: key, plan: undefined, canaries: [] } as const;
  return {
    table: {
      ...blue,
      hosts: {
        ...blue.hosts,
        [GREEN_HOST]: { routes: [{ ...route(undefined), action }] },
      },
      backends: { ...blue.backends, [key]: { ...backend, tls } },
    },
    keys: { backendKeys: { 'shop/blue': BLUE.privateKey, 'shop/green': GREEN.privateKey } },
  };
}

describe('connections to a service that wants to see a certificate', () => {
  it('are kept for who made them, and sessions go on as who began them', async (test) => {
    const upstream = await startUpstream(test);
    const gateway = await startGateway(test, twoBackends(upstream.port));
    for (const host of [HOST, GREEN_HOST]) await ask(gateway, host);
    // At a time: of each backend one finds the connection that is there, the other makes one.
    const callers = await Promise.all(
      [HOST, GREEN_HOST, HOST, GREEN_HOST].map(async (host) => {
        const caller = await openCaller(gateway.port);
        return caller.send(head('POST / HTTP/1.1', `Host: ${host}`, CHUNKED, 'Connection: close'));
      }),
    );
    await eventually('the connections', async () => upstream.connections === 4);
    for (const caller of callers) caller.send('4\r\nbody\r\n0\r\n\r\n');
    const seen = await Promise.all(callers.map(async (caller) => clientIn(await caller.closed())));
    assert.deepEqual(seen, ['blue.client', 'green.client', 'blue.client', 'green.client']);
    const made = upstream.handshakes.map(({ client, isResumed }) => `${client} ${isResumed}`);
    assert.deepEqual(made.sort(), [
      'blue.client false',
      'blue.client true',
      'green.client false',
      'green.client true',
    ]);
  });

  it('that are idle are closed when it is renewed, and those in use finish what they have', async (test) => {
    const { gateway, upstream } = await start(test, { pair: BLUE });
    const [idle, busy] = [await openCaller(gateway.port), await openCaller(gateway.port)];
    busy.send(head('POST / HTTP/1.1', `Host: ${HOST}`, CHUNKED));
    await eventually('the connection', async () => upstream.connections === 1);
    idle.send(head('GET / HTTP/1.1', `Host: ${HOST}`));
    await idle.until((text) => text.includes('blue.client'));
    assert.equal(upstream.connections, 2);
    gateway.apply(...showing(upstream.port, { pair: GREEN }));
    await eventually('the end of the idle one', async () => upstream.connections === 1);
    busy.send('4\r\nbody\r\n0\r\n\r\n');
    await busy.until((text) => text.includes('blue.client'));
    await eventually('the end of the other one', async () => upstream.connections === 0);
    busy.send(head('GET / HTTP/1.1', `Host: ${HOST}`));
    await busy.until((text) => text.includes('green.client'));
    for (const { socket } of [idle, busy]) socket.destroy();
  });
});

describe('a gRPC service that wants to see a certificate', () => {
  it('is called with it, and not without', async (test) => {
    const { certificate: cert, privateKey: key } = SERVICE;
    const { port } = await startOrders(test, { cert, key }, [BLUE.certificate]);
    const tls = tlsShowing({ pair: BLUE });
    const keys = { backendKeys: { 'shop/client': BLUE.privateKey } };
    const { client } = await throughGateway(test, port, { protocol: 'HTTPS', tls }, { keys });
    assert.deepEqual((await client.get('7')).messages, ['order 7']);
    assert.equal((await client.watch(10)).messages.length, 10);
    const without = await throughGateway(test, port, { protocol: 'HTTPS', tls: NO_CERTIFICATE });
    assert.equal((await without.client.get('7')).code, status.UNAVAILABLE);
  });
});
