/** One kept connection to each proxy thread of a gateway, so that what each of them serves can be watched. */

import { once } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { call } from '../../test/support/http-client.ts';
import { PROBE_HOST } from './cluster.ts';

const POLL_MS = 1;
const GIVE_UP_MS = 20_000;

/** What a thread answers. */
export interface Seen {
  readonly status: number;
  /** Name of the upstream, empty where none answered. */
  readonly upstream: string;
  /** The word of the thread in request IDs. */
  readonly thread: string;
}

export interface Worker {
  readonly ask: (path: string) => Promise<Seen>;
  close(): void;
}

/** Opens connections until each of `count` threads has taken one. */
export async function connectToWorkers(
  port: number,
  count: number,
  path: string,
): Promise<readonly Worker[]> {
  const workers = new Map<string, Worker>();
  for (let tries = 0; workers.size < count; tries += 1) {
    if (tries > 200) throw new Error(`only ${workers.size} of ${count} proxy threads answer`);
    const worker = connect(port);
    const { thread } = await worker.ask(path);
    if (workers.has(thread)) worker.close();
    else workers.set(thread, worker);
  }
  return [...workers.values()];
}

/** Milliseconds until each of `workers` has answered as `isWanted` says, the slowest of them. */
export async function untilEach(
  workers: readonly Worker[],
  path: string,
  isWanted: (seen: Seen) => boolean,
): Promise<number> {
  const startMs = performance.now();
  async function wait({ ask }: Worker): Promise<void> {
    while (!isWanted(await ask(path))) {
      if (performance.now() - startMs > GIVE_UP_MS) throw new Error('a change does not become live');
      await pause(POLL_MS);
    }
  }
  await Promise.all(workers.map(wait));
  return performance.now() - startMs;
}

function connect(port: number): Worker {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    async ask(path) {
      const { status, text } = await call({ port, host: PROBE_HOST, path, agent });
      const [upstream = '', requestId = ''] = status === 200 ? text.split(' ') : [];
      return { status, upstream, thread: requestId.split('.')[0] ?? '' };
    },
    close: () => agent.destroy(),
  };
}

/** Answers with its name and the ID of the request. */
export async function startNamedUpstream(
  name: string,
  address: string,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((request, response) => {
    response.end(`${name} ${String(request.headers['x-request-id'])}`);
  });
  server.listen(0, address);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server };
}
