/** Upstreams that speak TLS or HTTP/2, and tables that lead to them. */

import { once } from 'node:events';
import {
  createSecureServer,
  createServer as createH2cServer,
  type Http2Server,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

import type { Backend, BackendTls, PolicyPlan, RoutingTable } from '../../../src/model/table.ts';
import { createSelfSigned, type SelfSigned } from '../../../src/proxy/self-signed.ts';
import { BACKEND, tableFor } from '../proxy/harness.ts';

export interface Test {
  after(fn: () => Promise<void> | void): void;
}

const DAY_MS = 86_400_000;

/** A certificate that is its own authority. */
export function certificateFor(host: string, startsInDays = -1): SelfSigned {
  const notBeforeMs = Date.now() + startsInDays * DAY_MS;
  return createSelfSigned({ hosts: [host], notBeforeMs, notAfterMs: notBeforeMs + 2 * DAY_MS });
}

/** TLS to a service with a certificate of its own making, which is not asked for another. */
export function trusting({ cert }: SelfSigned, rest: Partial<BackendTls> = {}): BackendTls {
  return { ca: cert, serverName: undefined, clientCertificate: undefined, ...rest };
}

export function protocolTable(
  port: number,
  protocol: Backend['protocol'],
  { tls, plan }: { readonly tls?: Backend['tls']; readonly plan?: PolicyPlan } = {},
): RoutingTable {
  const table = tableFor([port], plan === undefined ? {} : { plan });
  const backend = table.backends[BACKEND];
  if (backend === undefined) throw new Error('the table has no backend');
  return { ...table, backends: { [BACKEND]: { ...backend, protocol, tls } } };
}

export interface HttpsUpstream {
  readonly port: number;
  /** Server names of handshakes, and whether a session was resumed. */
  readonly handshakes: readonly { readonly serverName: string | false; readonly isResumed: boolean }[];
}

export async function startHttps(
  test: Test,
  { cert, key }: SelfSigned,
  handle: RequestListener,
): Promise<HttpsUpstream> {
  const handshakes: { serverName: string | false; isResumed: boolean }[] = [];
  const server = createHttpsServer({ cert, key }, handle);
  server.on('secureConnection', (socket) => {
    const { servername } = socket as typeof socket & { readonly servername: string | false };
    handshakes.push({ serverName: servername, isResumed: socket.isSessionReused() });
  });
  test.after(() => server.closeAllConnections());
  return { port: await listen(test, server), handshakes };
}

export interface Http2Upstream {
  readonly port: number;
  readonly sessions: readonly ServerHttp2Session[];
  close(): Promise<void>;
}

export type HandleStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** Without `tls` in clear text, which a caller must know. */
export async function startHttp2(
  test: Test,
  handle: HandleStream,
  {
    tls,
    maxConcurrentStreams = 100,
  }: { readonly tls?: SelfSigned; readonly maxConcurrentStreams?: number } = {},
): Promise<Http2Upstream> {
  const settings = { maxConcurrentStreams };
  const server: Http2Server =
    tls === undefined ? createH2cServer({ settings }) : createSecureServer({ ...tls, settings });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session: Http2Session) => {
    sessions.push(session as ServerHttp2Session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    handle(stream, headers);
  });
  const destroy = (): void => {
    for (const session of sessions) session.destroy();
  };
  test.after(destroy);
  const port = await listen(test, server);
  return {
    port,
    sessions,
    async close() {
      destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export async function listen(test: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  test.after(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
