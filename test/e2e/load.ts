/** Constant load on a gateway, counting every answer that a caller would complain about. */

import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

import { call, type Call } from '../support/http-client.ts';

/** Of each client; with as many that keep their connection as clients that open a new one for each call. */
const PAUSE_MS = 40;
const CLIENTS_OF_A_KIND = 2;

export interface LoadResult {
  readonly served: number;
  /** What went wrong, and when: milliseconds since the start. */
  readonly failures: readonly string[];
}

/** Loads the gateway while `work` runs, and a moment longer. */
export async function underLoad(request: Call, work: () => Promise<void>): Promise<LoadResult> {
  const stop = new AbortController();
  const startedAt = performance.now();
  let served = 0;
  const failures: string[] = [];

  async function client(agent: Agent | undefined): Promise<void> {
    while (!stop.signal.aborted) {
      const outcome = await call({ ...request, ...(agent === undefined ? {} : { agent }) }).then(
        ({ status, text }) => (status === 200 ? undefined : `${status} ${text}`),
        (error: unknown) => String(error),
      );
      if (outcome === undefined) served += 1;
      else failures.push(`${Math.round(performance.now() - startedAt)} ms: ${outcome}`);
      await pause(PAUSE_MS);
    }
    agent?.destroy();
  }

  const clients = Array.from({ length: CLIENTS_OF_A_KIND }, () => [
    client(undefined),
    client(keepAliveAgent(request)),
  ]).flat();
  try {
    await work();
  } finally {
    stop.abort();
    await Promise.all(clients);
  }
  return { served, failures };
}

function keepAliveAgent({ ca }: Call): Agent {
  const settings = { keepAlive: true, maxSockets: 1 };
  return ca === undefined ? new Agent(settings) : new TlsAgent(settings);
}
