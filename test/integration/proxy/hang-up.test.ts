/** Connections that their callers end, at whatever point: nothing is left of them. */

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';

import { eventually } from '../../support/eventually.ts';
import { PREFACE, settings } from '../../support/http2-frames.ts';
import { RawHttp2Caller } from '../protocols/raw-http2.ts';
import { head, startGateway, tableFor, type Gateway } from './harness.ts';
import { RawCaller, startFixedUpstream } from './raw.ts';

async function tcp(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

async function tls(port: number, protocol: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: [protocol] });
  await once(socket, 'secureConnect');
  return socket;
}

/** Preface and SETTINGS, and those of the gateway. */
async function http2(socket: Socket): Promise<Socket> {
  await new RawHttp2Caller(socket).send(PREFACE, settings()).frameOf(4, 0);
  return socket;
}

async function http1(socket: Socket): Promise<Socket> {
  await new RawCaller(socket)
    .send(head('GET / HTTP/1.1', 'Host: shop.example.com'))
    .until((text) => text.endsWith('ok'));
  return socket;
}

const STATES: readonly { readonly name: string; readonly open: (gateway: Gateway) => Promise<Socket> }[] = [
  { name: 'before its first byte', open: ({ port }) => tcp(port) },
  { name: 'behind a response of HTTP/1.1', open: async ({ port }) => await http1(await tcp(port)) },
  { name: 'idle in HTTP/2 in clear text', open: async ({ port }) => await http2(await tcp(port)) },
  { name: 'before its handshake', open: ({ httpsPort }) => tcp(httpsPort) },
  { name: 'behind its handshake', open: ({ httpsPort }) => tls(httpsPort, 'http/1.1') },
  {
    name: 'behind a response of HTTP/1.1 over TLS',
    open: async ({ httpsPort }) => await http1(await tls(httpsPort, 'http/1.1')),
  },
  { name: 'idle in HTTP/2 over TLS', open: async ({ httpsPort }) => await http2(await tls(httpsPort, 'h2')) },
];

describe('a connection is closed at once that its caller', () => {
  for (const { name, open } of STATES) {
    for (const how of ['end', 'destroy'] as const) {
      it(`${how === 'end' ? 'ends' : 'breaks'} ${name}`, async (test) => {
        const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        test.after(() => upstream.close());
        const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
        const socket = await open(gateway);
        await eventually('the connection', async () => gateway.connections() === 1);
        socket[how]();
        await eventually('its end', async () => gateway.connections() === 0, 2_000);
        socket.destroy();
      });
    }
  }
});
