/** A service that ends as pods should: it takes no new connection, and finishes what is under way. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

export interface GracefulUpstream {
  readonly port: number;
  /** So far. */
  readonly requests: number;
  /** Resolves when every response has ended and every connection is closed. */
  stop(): Promise<void>;
}

/** Answers with what came, as JSON; `/delay/MS` after so long. */
export async function startGracefulUpstream(): Promise<GracefulUpstream> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  await pause(delayOf(request));
  const authorization = { scheme: request.headers.authorization?.split(' ')[0] };
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ body, authorization }));
}

function delayOf({ url = '' }: IncomingMessage): number {
  return Number(/^\/delay\/(\d+)$/.exec(url)?.[1] ?? 0);
}
