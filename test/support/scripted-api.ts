/** An API server whose every answer a test gives by hand, over real sockets. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { ClusterAccess } from '../../src/kube/cluster.ts';

const DEADLINE_MS = 5_000;

/** One request that waits for its answer. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** A whole answer. */
  answer(status: number, body: object, headers?: Readonly<Record<string, string>>): void;
  /** Begins a stream. */
  open(): void;
  /** One event of a watch. */
  event(type: string, object: object): void;
  /** Bytes of a stream as they are. */
  write(bytes: Uint8Array | string): void;
  /** The end of a stream, as a server ends a watch. */
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<unknown>;
}

export interface ScriptedApi {
  readonly access: ClusterAccess;
  readonly port: number;
  /** The next request; fails where none comes. */
  next(): Promise<ApiCall>;
  /** Requests that nobody has taken yet. */
  readonly untaken: readonly ApiCall[];
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/** `port` is for a server that comes back where it was. */
export async function startScriptedApi(port = 0): Promise<ScriptedApi> {
  const untaken: ApiCall[] = [];
  const takers: ((call: ApiCall) => void)[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const call = apiCall(request, response, body);
      const taker = takers.shift();
      if (taker === undefined) untaken.push(call);
      else taker(call);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    access: accessTo(bound),
    port: bound,
    untaken,
    async next() {
      const waiting = untaken.shift();
      if (waiting !== undefined) return waiting;
      const { promise, resolve, reject } = Promise.withResolvers<ApiCall>();
      const timer = setTimeout(() => reject(new Error(`no request within ${DEADLINE_MS} ms`)), DEADLINE_MS);
      takers.push(resolve);
      return await promise.finally(() => clearTimeout(timer));
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Access without credentials. */
export function accessTo(port: number): ClusterAccess {
  return {
    server: new URL(`http://127.0.0.1:${port}`),
    authorize: () => Promise.resolve({ headers: {}, tls: {}, auth: undefined, agent: undefined }),
    reload: () => {},
  };
}

function apiCall(request: IncomingMessage, response: ServerResponse, body: string): ApiCall {
  const url = new URL(request.url ?? '/', 'http://api');
  const write = (bytes: Uint8Array | string): void => {
    response.write(bytes);
  };
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body,
    answer(status, object, headers = {}) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(object));
    },
    open() {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
    },
    event: (type, object) => write(`${JSON.stringify({ type, object })}\n`),
    write,
    end: () => response.end(),
    cut: () => response.destroy(),
    closed: once(response, 'close'),
  };
}
