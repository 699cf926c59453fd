/** The callers of the tests of this folder: open and protected, over kept and new connections, by each protocol. */

import assert from 'node:assert/strict';

import type { Answer, Call, Client } from '../../support/http-client.ts';
import { http2Client } from '../../support/http2-client.ts';
import type { Caller, LoadReport } from '../../support/steady-load.ts';
import { webSocketClient } from '../../support/websocket-client.ts';
import { RIGHT } from '../../support/world.ts';

export const OPEN_HOST = 'open.example.com';
export const PROTECTED_HOST = 'orders.example.com';

/** Longer than one segment, so that a body is seldom read at once. */
const BODY = 'order '.repeat(3_000);

/** Where a caller goes with its next request, or its next connection. */
export interface Ways {
  readonly http: () => number;
  readonly https: () => number;
  /** Whom it trusts over TLS. Default: anybody. */
  readonly ca?: string;
}

/** By HTTP/1.1: GET and POST. With `ca` over TLS. */
export function http1Callers({ http, https, ca }: Ways): readonly Caller[] {
  return each(['GET', 'POST'], (method, keepsConnection, host) => ({
    ...described(`${method} to ${host}`, keepsConnection),
    next: () => ({
      port: ca === undefined ? http() : https(),
      ...requestTo(host, method),
      ...(ca !== undefined && { ca }),
    }),
    check: isWholeEcho,
  }));
}

/** By HTTP/2: those that keep a connection share it. */
export function http2Callers({ https, ca }: Ways): readonly Caller[] {
  const shared = http2Client(true);
  return each(['GET', 'POST'], (method, keepsConnection, host) => ({
    ...described(`HTTP/2 ${method} to ${host}`, keepsConnection),
    client: () => (keepsConnection ? shared : http2Client(false)),
    next: () => ({ port: https(), ...requestTo(host, method), ...(ca !== undefined && { ca }) }),
    check: isWholeEcho,
  }));
}

/** By WebSocket, in clear text and over TLS. `clients`: collects those that keep their connection. */
export function webSocketCallers(
  { http, https, ca }: Ways,
  clients: ReturnType<typeof webSocketClient>[] = [],
): readonly Caller[] {
  return each(['ws', 'wss'], (scheme, keepsConnection, host) => ({
    ...described(`${scheme} to ${host}`, keepsConnection),
    client(): Client {
      const client = webSocketClient(keepsConnection);
      if (keepsConnection) clients.push(client);
      return client;
    },
    next: () => ({
      port: scheme === 'ws' ? http() : https(),
      ...requestTo(host, 'POST'),
      ...(scheme === 'wss' && { serverName: host, ...(ca !== undefined && { ca }) }),
    }),
    check: isWholeEcho,
  }));
}

export function everyCaller(ways: Ways): readonly Caller[] {
  return [...http1Callers(ways), ...http2Callers(ways), ...webSocketCallers(ways)];
}

function each(
  kinds: readonly string[],
  caller: (kind: string, keepsConnection: boolean, host: string) => Caller,
): readonly Caller[] {
  return kinds.flatMap((kind) =>
    [OPEN_HOST, PROTECTED_HOST].flatMap((host) => [true, false].map((keeps) => caller(kind, keeps, host))),
  );
}

function described(name: string, keepsConnection: boolean): Pick<Caller, 'name' | 'keepsConnection'> {
  return { name: `${name}, ${keepsConnection ? 'one connection' : 'new connections'}`, keepsConnection };
}

function requestTo(host: string, method: string): Omit<Call, 'port'> {
  return {
    host,
    path: '/v1/orders',
    method,
    ...(method === 'POST' && { body: BODY }),
    ...(host === PROTECTED_HOST && { basic: RIGHT }),
  };
}

/** What was sent arrived, and with a token where one was asked for. */
export function isWholeEcho(answer: Answer, { body = '', basic }: Call): string | undefined {
  const echo = answer.json();
  if (echo['body'] !== body) return 'the body did not arrive as it was sent';
  const authorization = JSON.stringify(echo['authorization'] ?? {});
  const hasToken = authorization.includes('"scheme":"Bearer"');
  return hasToken === (basic !== undefined) ? undefined : `authorization was ${authorization}`;
}

/** Not one failure, and no caller that was left waiting. */
export function assertNothingLost({ answered, failed }: LoadReport, callers: readonly Caller[]): void {
  assert.deepEqual(failed.slice(0, 5), [], `${failed.length} requests failed`);
  // The slowest callers get an answer every third of a second.
  const idle = callers.map(({ name }) => name).filter((name) => (answered.get(name) ?? 0) < 3);
  assert.deepEqual(idle, []);
}
