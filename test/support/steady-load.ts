/** Constant load by callers of many kinds, which says of each request that failed what it was, when, and why. */

import { setTimeout as pause } from 'node:timers/promises';

import { http1Client, type Answer, type Call, type Client } from './http-client.ts';

/** Of each caller, between an answer and its next request. */
const PAUSE_MS = 10;
/** The same where each request makes a connection: handshakes would take all the time that there is. */
const NEW_CONNECTION_PAUSE_MS = 40;

export interface Caller {
  /** Such as `POST to open, new connections`. */
  readonly name: string;
  /** One connection for all requests, as long as the gateway keeps it; else a new one for each. */
  readonly keepsConnection: boolean;
  /** Asked before each request. */
  readonly next: () => Call;
  /** How it speaks. Default: HTTP/1.1. */
  readonly client?: (keepsConnection: boolean) => Client;
  /** What is wrong with an answer of status 200. */
  readonly check?: (answer: Answer, sent: Call) => string | undefined;
}

export interface FailedRequest {
  readonly caller: string;
  /** Which request of this caller it was, from 1. */
  readonly number: number;
  /** On the clock of `performance.now()`. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** The error of the connection, or status and body of the answer. */
  readonly why: string;
}

export interface LoadReport {
  /** By caller. */
  readonly answered: ReadonlyMap<string, number>;
  readonly failed: readonly FailedRequest[];
}

/** Loads until `work` is done. */
export async function loadDuring(callers: readonly Caller[], work: () => Promise<void>): Promise<LoadReport> {
  const answered = new Map<string, number>();
  const failed: FailedRequest[] = [];
  const over = new AbortController();

  async function run({ name, keepsConnection, next, check }: Caller, client: Client): Promise<void> {
    for (let number = 1; !over.signal.aborted; number += 1) {
      const sent = next();
      const startedMs = performance.now();
      const why = await client.call(sent).then(
        (answer) => (answer.status === 200 ? check?.(answer, sent) : `${answer.status} ${answer.text}`),
        (error: unknown) => String(error),
      );
      if (why === undefined) answered.set(name, (answered.get(name) ?? 0) + 1);
      else failed.push({ caller: name, number, startedMs, endedMs: performance.now(), why });
      await pause(keepsConnection ? PAUSE_MS : NEW_CONNECTION_PAUSE_MS);
    }
  }

  const clients = callers.map(({ client = http1Client, keepsConnection }) => client(keepsConnection));
  const running = callers.map((caller, index) => run(caller, clients[index] ?? http1Client(false)));
  try {
    await work();
  } finally {
    over.abort();
    await Promise.all(running);
    // Several callers may share one.
    for (const client of clients) client.close();
  }
  return { answered, failed };
}
