/** WebSocket peers of a library: a service, and callers of the gateway before it. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocket, WebSocketServer } from 'ws';

import type { Gateway } from '../proxy/harness.ts';
import type { Test } from './protocol-upstreams.ts';

export const HOST = 'shop.example.com';
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export interface WebSocketService {
  readonly port: number;
  /** The headers of each upgrade, lower-case. */
  readonly upgrades: readonly NodeJS.Dict<string | string[]>[];
  /** Its side of each WebSocket, in the order in which they came. */
  readonly sockets: readonly WebSocket[];
}

/** `serve`: what it does with each; default: sends every message back. */
export async function startService(
  test: Test,
  {
    server = createServer(),
    serve = echo,
  }: { readonly server?: Server; readonly serve?: (socket: WebSocket) => void } = {},
): Promise<WebSocketService> {
  const upgrades: NodeJS.Dict<string | string[]>[] = [];
  const sockets: WebSocket[] = [];
  const service = new WebSocketServer({ server, maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: true });
  service.on('connection', (socket, request) => {
    upgrades.push(request.headers);
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    for (const socket of service.clients) socket.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, upgrades, sockets };
}

function echo(socket: WebSocket): void {
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
}

export interface CallerOptions {
  readonly isTls?: boolean;
  readonly headers?: Record<string, string>;
  readonly protocols?: readonly string[];
  readonly compresses?: boolean;
}

export function openWebSocket(
  test: Test,
  gateway: Gateway,
  { isTls = false, headers = {}, protocols = [], compresses = false }: CallerOptions = {},
): WebSocket {
  const url = isTls ? `wss://127.0.0.1:${gateway.httpsPort}/ws` : `ws://127.0.0.1:${gateway.port}/ws`;
  const options = {
    headers: { host: HOST, ...headers },
    servername: HOST,
    rejectUnauthorized: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: compresses,
  };
  const socket = new WebSocket(url, [...protocols], options);
  // One that was refused complains of being ended.
  socket.on('error', () => {});
  test.after(() => socket.terminate());
  return socket;
}

export async function roundTrip(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
  socket.send(message);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  return answer;
}
