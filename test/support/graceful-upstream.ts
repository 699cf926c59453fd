/** A service that ends as pods should: it takes no new connection, and finishes what is under way. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import { WebSocketServer, type WebSocket } from 'ws';

export interface GracefulUpstream {
  readonly port: number;
  /** So far, messages of WebSockets among them. */
  readonly requests: number;
  /** Resolves when every response has ended and every connection is closed. */
  stop(): Promise<void>;
}

const GOING_AWAY = 1001;
/** As pods have it by a `preStop` hook: what was sent to them before their end was known has arrived by then. */
const PRE_STOP_MS = 300;

/** Answers with what came, as JSON; `/delay/MS` after so long. Messages of WebSockets too. */
export async function startGracefulUpstream(): Promise<GracefulUpstream> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    void answer(request, response);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket: WebSocket, { headers }: IncomingMessage) => {
    socket.on('error', () => {});
    socket.on('message', (message: Buffer) => {
      requests += 1;
      socket.send(echo(message.toString(), headers.authorization));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    async stop() {
      await pause(PRE_STOP_MS);
      const closed = once(server, 'close');
      for (const socket of sockets.clients) socket.close(GOING_AWAY);
      server.close();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  await pause(delayOf(request));
  response.setHeader('Content-Type', 'application/json');
  response.end(echo(body, request.headers.authorization));
}

function echo(body: string, authorization: string | undefined): string {
  return JSON.stringify({ body, authorization: { scheme: authorization?.split(' ')[0] } });
}

function delayOf({ url = '' }: IncomingMessage): number {
  return Number(/^\/delay\/(\d+)$/.exec(url)?.[1] ?? 0);
}
