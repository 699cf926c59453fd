/** Annotations of Ingresses through a whole gateway with two proxy threads. */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { call } from '../../support/http-client.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import {
  RIGHT,
  echoOf,
  ingress,
  policy,
  specFor,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

const REQUESTS = 20;

describe('annotations of an Ingress', () => {
  let world: World;
  before(async () => {
    world = await startWorld({
      flags: ['--workers=2', '--max-connections-per-address=8', '--trusted-proxies=127.0.0.2'],
      manifests: ({ issuer, upstreamPort }) =>
        [
          surroundings(upstreamPort),
          policy('main', specFor(issuer)),
          ingress('plain.example.com', 'main'),
          ingress('rate.example.com', undefined, { 'rate-limit': `${REQUESTS}/1h` }),
          ingress('client.example.com', 'main', { 'rate-limit': '2/1h client' }),
          ingress('rewrite.example.com', 'main', { 'rewrite-prefix': '/api' }),
          ingress('ssl.example.com', 'main', { 'ssl-redirect': 'true' }),
          ingress('cors.example.com', 'main', { 'cors-allow-origins': 'https://*.example.com' }),
          ingress('headers.example.com', 'main', {
            'request-headers': 'set X-Env: prod',
            'response-headers': 'set X-Frame-Options: DENY\nremove Date',
          }),
          ingress('slow.example.com', undefined, { timeouts: 'first-byte=200ms' }),
        ].join('\n'),
    });
  });
  after(() => world?.close());
  const metrics = async (): Promise<ReadonlyMap<string, number>> =>
    seriesOf((await call({ port: world.gateway.ports.admin, path: '/metrics' })).text);

  it('limit the rate over all threads together', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < REQUESTS + 5; count++) {
      const { status } = await world.call({ host: 'rate.example.com' });
      statuses.push(status);
    }
    assert.deepEqual(statuses, [...Array<number>(REQUESTS).fill(200), ...Array<number>(5).fill(429)]);
  });

  it('limit the rate of a client, whatever connection it uses', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 6; count++) {
      statuses.push((await world.call({ host: 'client.example.com', basic: RIGHT })).status);
    }
    assert.deepEqual(statuses, [200, 200, 429, 429, 429, 429]);
  });

  it('rewrite the path that the service gets', async () => {
    const answer = await world.call({ host: 'rewrite.example.com', path: '/orders?q=1', basic: RIGHT });
    assert.equal(echoOf(answer).url, '/api/orders?q=1');
  });

  it('redirect to https, and serve there', async () => {
    const answer = await world.call({ host: 'ssl.example.com', path: '/a?b', basic: RIGHT });
    assert.equal(answer.status, 308);
    assert.equal(answer.headers.location, 'https://ssl.example.com/a?b');
    const { https: port } = world.gateway.ports;
    const secure = await call({ port, host: 'ssl.example.com', serverName: 'ssl.example.com', basic: RIGHT });
    assert.equal(secure.status, 200);
  });

  it('speak CORS with browsers', async () => {
    const preflight = await world.call({
      host: 'cors.example.com',
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'DELETE' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://app.example.com');
    const answer = await world.call({
      host: 'cors.example.com',
      basic: RIGHT,
      headers: { origin: 'https://app.example.com' },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], 'https://app.example.com');
    assert.equal(answer.headers.vary, 'Origin');
  });

  it('edit headers both ways', async () => {
    const answer = await world.call({ host: 'headers.example.com', basic: RIGHT });
    assert.equal(echoOf(answer).headers['x-env'], 'prod');
    assert.equal(answer.headers['x-frame-options'], 'DENY');
  });

  it('bound how long the service is waited for', async () => {
    const answer = await world.call({ host: 'slow.example.com', path: '/delay/3000' });
    assert.equal(answer.status, 504);
  });

  it('leave a route without options as it is', async () => {
    const answer = await world.call({ host: 'plain.example.com', basic: RIGHT });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['set-cookie'], undefined);
  });

  it('come with a bound of connections of one address, over all threads together', async () => {
    const sockets: Socket[] = [];
    const open = async (localAddress: string): Promise<Socket> => {
      const socket = connect({ host: '127.0.0.1', port: world.gateway.ports.http, localAddress });
      socket.on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      return socket;
    };
    const isOpen = async (socket: Socket): Promise<boolean> => {
      const ended = Promise.race([
        // A refused connection may be reset.
        once(socket, 'data').then(
          () => true,
          () => false,
        ),
        once(socket, 'close').then(() => false),
      ]);
      socket.write('GET / HTTP/1.1\r\nHost: nowhere.example.com\r\n\r\n');
      return await ended;
    };
    try {
      await eventually('connections of earlier calls are closed', async () => {
        return (await metrics()).get('oidc_ingress_connections') === 0;
      });
      for (let count = 0; count < 8; count++) assert.equal(await isOpen(await open('127.0.0.1')), true);
      assert.equal(await isOpen(await open('127.0.0.1')), false, 'the ninth');
      assert.equal(await isOpen(await open('127.0.0.3')), true, 'another address');
      for (let count = 0; count < 9; count++) {
        assert.equal(await isOpen(await open('127.0.0.2')), true, 'a trusted proxy');
      }
      sockets[0]?.destroy();
      await eventually('room for another', async () => await isOpen(await open('127.0.0.1')));
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    const page = await metrics();
    assert.ok((page.get('oidc_ingress_limits_reached_total{limit="connections_per_address"}') ?? 0) >= 1);
    assert.equal(page.get('oidc_ingress_limits_reached_total{limit="rate"}'), 9);
  });
});
