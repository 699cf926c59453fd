/** The servers of one proxy thread: strict parsing, limits, TLS by name, an orderly end. */

import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

import { unmapped } from '../http/client-address.ts';
import type { Caller } from './caller.ts';
import { refuseConnection } from './client-error.ts';
import { guardConnections } from './connection-gate.ts';
import type { ProxyContext } from './context.ts';
import { createDefaultCertificate } from './self-signed.ts';
import { handleRequest } from './handler.ts';
import { divertHttp2, isHttp2 } from './http2/divert.ts';
import { Http2Sessions } from './http2/sessions.ts';
import type { Fallback, TlsCertificates } from './tls-certificates.ts';
import type { Transaction } from './transaction.ts';
import { isWebSocketUpgrade, responseOn } from './tunnels.ts';

export interface ListenTarget {
  /** `undefined`: every address. */
  readonly host: string | undefined;
  /** 0: any free port. */
  readonly port: number;
  /** Several threads listen on the same port. */
  readonly reusePort: boolean;
}

/** While draining, how long a connection without a request may still begin one. */
const FIRST_REQUEST_MS = 500;

export class Listeners {
  readonly #context: ProxyContext;
  readonly #certificates: TlsCertificates;
  readonly #servers: Server[] = [];
  readonly #https: TlsServer[] = [];
  #selfSigned: ReturnType<typeof createDefaultCertificate> | undefined;
  #usedFallback: Fallback | undefined;
  /** By open connection. */
  readonly #callers = new Map<Caller, Socket>();
  readonly #http2: Http2Sessions;
  #isEnding = false;

  constructor(context: ProxyContext, certificates: TlsCertificates) {
    this.#context = context;
    this.#certificates = certificates;
    this.#http2 = new Http2Sessions(context);
  }

  /** @returns the port; rejects where it cannot be bound. */
  async listenHttp(target: ListenTarget): Promise<number> {
    return await this.#listen(createHttpServer(this.#options()), target);
  }

  async listenHttps(target: ListenTarget): Promise<number> {
    const server = createHttpsServer({
      ...this.#options(),
      ...this.#fallback(),
      handshakeTimeout: this.#context.limits.headersTimeoutMs,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, done) => done(null, this.#certificates.contextFor(name)),
    });
    this.#https.push(server);
    divertHttp2(server, (socket) => this.#http2.serve(socket));
    return await this.#listen(server, target);
  }

  /** To be called when the table has changed: what handshakes get from now on where no name decides. */
  useFallbackCertificate(): void {
    const { fallback } = this.#certificates;
    if (fallback === this.#usedFallback) return;
    for (const server of this.#https) server.setSecureContext(this.#fallback());
  }

  /**
   * From now on every HTTP/1.1 response says that its connection ends, and callers of HTTP/2 are told so at once. A caller
   * that keeps connections then has none left by the time they are closed: a request that crosses a close on its way is
   * lost.
   */
  letGo(): void {
    this.#isEnding = true;
    this.#http2.goAway();
  }

  /** Takes no new connection, closes the idle ones, and the others with their response, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isEnding = true;
    this.#http2.goAway();
    this.#context.proxyProtocol.destroy();
    for (const { current } of this.#callers.keys()) if (current !== undefined) closeAfter(current);
    const closed = this.#servers.splice(0).map(async (server) => {
      const timer = setTimeout(() => {
        server.closeAllConnections();
        this.#http2.destroy();
      }, timeoutMs);
      // Also closes the connections that are idle now.
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(timer);
    });
    // Node does not count those as idle that never carried a request, nor watches their time any more.
    const unused = setTimeout(() => this.#closeUnused(), Math.min(timeoutMs, FIRST_REQUEST_MS));
    await Promise.all(closed);
    clearTimeout(unused);
  }

  #closeUnused(): void {
    for (const [{ inFlight }, socket] of this.#callers) if (inFlight === 0) socket.destroy();
  }

  #fallback(): { readonly cert: string; readonly key: string; readonly minVersion: 'TLSv1.2' } {
    const { fallback } = this.#certificates;
    this.#usedFallback = fallback;
    this.#selfSigned ??= createDefaultCertificate(this.#context.nowMs());
    return { ...(fallback ?? this.#selfSigned), minVersion: 'TLSv1.2' };
  }

  #options(): Parameters<typeof createHttpServer>[0] & object {
    const { limits } = this.#context;
    return {
      insecureHTTPParser: false,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      // Uploads may take as long as they move: silence is bounded, not the whole.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.ceil(limits.headersTimeoutMs / 5),
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // A missing Host gets a problem document from the handler.
      requireHostHeader: false,
      // Spares a stream for each request that has no body.
      optimizeEmptyRequests: true,
      shouldUpgradeCallback: isWebSocketUpgrade,
    };
  }

  async #listen(server: Server, target: ListenTarget): Promise<number> {
    const context = this.#context;
    // Node would drop further headers in silence, one that frames the body perhaps; the size is bounded anyway.
    server.maxHeadersCount = 0;
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      if (isHttp2(socket)) return;
      const caller = context.callerOf(socket);
      // One for each request that is pipelined.
      socket.setMaxListeners(0);
      this.#callers.set(caller, socket);
      socket.once('close', () => this.#callers.delete(caller));
    });
    guardConnections(server, (socket, proceed) => {
      const peerAddress = unmapped(socket.remoteAddress ?? '');
      const admit = (address: string): void => {
        if (context.connectionGate.admit(socket, address)) proceed();
      };
      if (!context.edge.proxyProtocol || !context.isTrusted(peerAddress)) admit(peerAddress);
      else
        context.proxyProtocol.read(socket, () =>
          admit(context.proxyProtocol.addressOf(socket) ?? peerAddress),
        );
    });
    server.on('request', (request, response) => this.#handle(request, response));
    server.on('checkContinue', (request, response) => {
      this.#handle(request, response, { awaitsContinue: true });
    });
    server.on('checkExpectation', (request, response) => {
      this.#handle(request, response, { fault: 'Expect must be 100-continue' });
    });
    server.on('connect', (request, socket) => this.#handle(request, responseOn(request, socket)));
    server.on('upgrade', (request, socket, head) => {
      this.#handle(request, responseOn(request, socket), { upgrade: { socket, head } });
    });
    server.on('clientError', (error, socket) => refuseConnection(context, error, socket as Socket));
    server.listen({ ...target, exclusive: true });
    await once(server, 'listening');
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #handle(
    request: IncomingMessage,
    response: ServerResponse,
    special?: Parameters<typeof handleRequest>[3],
  ): void {
    // A server that has said `close` answers nothing more (RFC 9112, 9.6): neither may it do anything more.
    if (this.#context.callerOf(request.socket).isEnding) return;
    if (this.#isEnding) response.shouldKeepAlive = false;
    const fault = versionFault(request);
    handleRequest(this.#context, request, response, fault === undefined ? special : { ...special, fault });
  }
}

/** Node's parser takes HTTP/0.9 and HTTP/2.0 in a request line, too; the latter is what streams of HTTP/2 are known by. */
function versionFault(request: IncomingMessage): string | undefined {
  const { httpVersion } = request;
  if (httpVersion === '1.1') return undefined;
  if (httpVersion !== '1.0') return 'the version of HTTP must be 1.0 or 1.1';
  // RFC 9112, 6.1: the framing of such a message is faulty.
  return request.headers['transfer-encoding'] === undefined
    ? undefined
    : 'Transfer-Encoding must not be sent in HTTP/1.0';
}

/** The connection is not used again. */
function closeAfter({ request, response }: Transaction): void {
  if (response.headersSent) response.once('close', () => request.socket.end());
  else response.shouldKeepAlive = false;
}
