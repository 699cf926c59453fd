/** WebSockets by a real library: checked before the upgrade, over TLS on either side, and to an orderly end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { numOpenSockets } from 'http-proxy-3';
import type { WebSocket } from 'ws';

import { eventually } from '../../support/eventually.ts';
import { BASIC, planOf, startGateway, tableFor } from '../proxy/harness.ts';
import { certificateFor, protocolTable, trusting } from './protocol-upstreams.ts';
import { HOST, openWebSocket, roundTrip, startService } from './websocket-peers.ts';

/** What the gateway answers instead of an upgrade. */
async function refusal(socket: WebSocket): Promise<{ readonly status: number; readonly body: string }> {
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    AsyncIterable<Buffer> & { readonly statusCode: number },
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

describe('a WebSocket of a library', () => {
  for (const isTls of [false, true]) {
    const how = isTls ? 'over TLS' : 'in clear text';
    it(`${how} is refused with 401 before the upgrade, and the service sees nothing`, async (test) => {
      const { port, upgrades } = await startService(test);
      const gateway = await startGateway(test, { table: tableFor([port], { plan: planOf() }) });
      const { status, body } = await refusal(openWebSocket(test, gateway, { isTls }));
      assert.equal(status, 401);
      assert.equal((JSON.parse(body) as { reason: string }).reason, 'MissingCredentials');
      assert.deepEqual(upgrades, []);
    });

    it(`${how} passes with credentials, and large frames both ways`, async (test) => {
      const { port, upgrades } = await startService(test);
      const gateway = await startGateway(test, { table: tableFor([port], { plan: planOf() }) });
      const socket = openWebSocket(test, gateway, { isTls, headers: { authorization: BASIC } });
      await once(socket, 'open');
      assert.equal((await roundTrip(socket, 'hello')).toString(), 'hello');
      const large = Buffer.alloc(8 * 1024 * 1024, 'abc');
      assert.ok((await roundTrip(socket, large)).equals(large));
      assert.equal(upgrades[0]?.['authorization'], 'Bearer the.access.token');
      socket.close(1000);
      assert.equal(((await once(socket, 'close')) as [number])[0], 1000);
    });
  }

  it('passes through the library for it, http-proxy-3', async (test) => {
    const { port } = await startService(test);
    const gateway = await startGateway(test, { table: tableFor([port]) });
    await eventually('the end of those before', async () => numOpenSockets() === 0);
    const socket = openWebSocket(test, gateway, { isTls: false });
    await once(socket, 'open');
    assert.equal(numOpenSockets(), 2);
    socket.close();
    await eventually('its end', async () => numOpenSockets() === 0);
  });

  it('gets the answer of a service that refuses the upgrade', async (test) => {
    const refuse: RequestListener = (_, response) => response.end();
    const server = createServer(refuse).on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Why: full\r\n\r\nfull');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    test.after(() => void server.close());
    const gateway = await startGateway(test, { table: tableFor([(server.address() as AddressInfo).port]) });
    assert.deepEqual(await refusal(openWebSocket(test, gateway)), { status: 403, body: 'full' });
  });

  it('reaches a service behind TLS whose certificate is in order', async (test) => {
    const certificate = certificateFor(HOST);
    const { port } = await startService(test, {
      server: createHttpsServer({ cert: certificate.cert, key: certificate.key }),
    });
    const tls = trusting(certificate);
    const gateway = await startGateway(test, { table: protocolTable(port, 'HTTPS', { tls }) });
    const socket = openWebSocket(test, gateway);
    await once(socket, 'open');
    assert.equal((await roundTrip(socket, 'hello')).toString(), 'hello');
  });

  it('does not reach a service behind TLS whose certificate is not: 502', async (test) => {
    const certificate = certificateFor('other.example.com');
    const { port, upgrades } = await startService(test, {
      server: createHttpsServer({ cert: certificate.cert, key: certificate.key }),
    });
    const tls = trusting(certificate);
    const gateway = await startGateway(test, { table: protocolTable(port, 'HTTPS', { tls }) });
    assert.equal((await refusal(openWebSocket(test, gateway))).status, 502);
    assert.equal(
      (await gateway.record()).cause,
      'the connection could not be made: ERR_TLS_CERT_ALTNAME_INVALID',
    );
    assert.deepEqual(upgrades, []);
  });

  it('is closed with 1001 when the gateway drains', async (test) => {
    const { port } = await startService(test);
    const gateway = await startGateway(test, { table: tableFor([port]) });
    const sockets = [openWebSocket(test, gateway), openWebSocket(test, gateway, { isTls: true })];
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    await gateway.proxy.drain(0, 5_000);
    assert.deepEqual(
      (await closed).map(([code]) => code as number),
      [1001, 1001],
    );
  });
});
