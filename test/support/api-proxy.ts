/** A way to a real API server that notes who writes, and that can be made to lead nowhere. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

import type { ApiServer } from './api-server.ts';

/** A request that was passed on and may have changed something. */
export interface ApiWrite {
  readonly atMs: number;
  readonly by: string;
  readonly method: string;
  readonly path: string;
}

export interface ApiProxy {
  readonly url: string;
  /** From now on nothing is passed on, and nothing refused either, as behind a cable that was pulled. */
  stall(): void;
  /** Passes on what waits and is still wanted. */
  resume(): void;
  close(): Promise<void>;
}

export interface ApiProxyOptions {
  readonly api: ApiServer;
  readonly token: string;
  /** Whose way it is, for {@link ApiWrite.by}. */
  readonly by: string;
  readonly onWrite: (write: ApiWrite) => void;
}

export async function startApiProxy({ api, token, by, onWrite }: ApiProxyOptions): Promise<ApiProxy> {
  const agent = new Agent({ keepAlive: true, ca: api.ca });
  let waiting: (() => void)[] | undefined;

  function forward(incoming: IncomingMessage, response: ServerResponse): void {
    if (response.destroyed) return;
    const { method = '', url = '', headers } = incoming;
    if (method !== 'GET') onWrite({ atMs: performance.now(), by, method, path: url.split('?')[0] ?? '' });
    const outgoing = request(new URL(url, api.url), {
      method,
      agent,
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    response.once('close', () => outgoing.destroy());
    outgoing.once('error', () => response.destroy());
    outgoing.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      pipeline(answer, response, () => {});
    });
    pipeline(incoming, outgoing, () => {});
  }

  const server = createServer((incoming, response) => {
    if (waiting === undefined) forward(incoming, response);
    else waiting.push(() => forward(incoming, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall() {
      waiting = [];
    },
    resume() {
      const held = waiting ?? [];
      waiting = undefined;
      for (const pass of held) pass();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
}
