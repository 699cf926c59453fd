/** The servers of one proxy thread: limits, TLS by name, an orderly end. */

import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';

import { unmapped } from '../http/client-address.ts';
import { guardConnections } from './connection-gate.ts';
import type { ProxyContext } from './context.ts';
import { CallerConnection, type ConnectionOwner } from './http1/connection.ts';
import { Http2Sessions } from './http2/sessions.ts';
import { createDefaultCertificate } from './self-signed.ts';
import type { Fallback, TlsCertificates } from './tls-certificates.ts';

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
/** What the sockets of callers are like: an answer may follow when the caller has ended its side. */
const SOCKETS = { noDelay: true } as const;

export class Listeners implements ConnectionOwner {
  isEnding = false;
  readonly keepAliveLines: string;
  readonly #context: ProxyContext;
  readonly #certificates: TlsCertificates;
  readonly #servers: Server[] = [];
  readonly #https: TlsServer[] = [];
  #selfSigned: ReturnType<typeof createDefaultCertificate> | undefined;
  #usedFallback: Fallback | undefined;
  readonly #sockets = new Set<Socket>();
  /** Those whose TLS handshake is still under way, by their caller. */
  readonly #handshakes = new Map<string, Socket>();
  /** Those that speak HTTP/1.1. */
  readonly #connections = new Set<CallerConnection>();
  readonly #http2: Http2Sessions;

  constructor(context: ProxyContext, certificates: TlsCertificates) {
    this.#context = context;
    this.#certificates = certificates;
    this.#http2 = new Http2Sessions(context);
    const seconds = Math.floor(context.limits.keepAliveTimeoutMs / 1_000);
    this.keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
  }

  /** @returns the port; rejects where it cannot be bound. */
  async listenHttp(target: ListenTarget): Promise<number> {
    const serve = (socket: Socket): void => this.#serveHttp1(socket);
    const server = createTcpServer({ ...SOCKETS, allowHalfOpen: true });
    server.on('connection', (socket) => this.#admit(socket, serve));
    return await this.#listen(server, target);
  }

  async listenHttps(target: ListenTarget): Promise<number> {
    const server = createTlsServer({
      ...SOCKETS,
      ...this.#fallback(),
      handshakeTimeout: this.#context.limits.headersTimeoutMs,
      ALPNProtocols: ['h2', 'http/1.1', 'http/1.0'],
      SNICallback: (name, done) => done(null, this.#certificates.contextFor(name)),
    });
    server.on('secureConnection', (socket) => {
      this.#handshakes.delete(nameOf(socket));
      if (socket.alpnProtocol === 'h2') this.#http2.serve(socket);
      else this.#serveHttp1(socket);
    });
    server.on('tlsClientError', (error, socket) => this.#handshakeFailed(error, socket));
    guardConnections(server, (socket, proceed) => {
      this.#admit(socket, () => {
        this.#shakeHands(socket);
        proceed();
      });
    });
    this.#https.push(server);
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
    this.isEnding = true;
    for (const connection of this.#connections) connection.letGo();
    this.#http2.goAway();
  }

  /** Takes no new connection, closes the idle ones, and the others with their response, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.letGo();
    this.#http2.refuse();
    this.#context.proxyProtocol.destroy();
    for (const connection of this.#connections) if (connection.isIdle) connection.end();
    const closed = this.#servers.splice(0).map((server) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      return promise;
    });
    const unused = setTimeout(() => this.#closeUnused(), Math.min(timeoutMs, FIRST_REQUEST_MS));
    const late = setTimeout(() => this.#destroy(), timeoutMs);
    await Promise.all(closed);
    clearTimeout(unused);
    clearTimeout(late);
  }

  closed(connection: CallerConnection): void {
    this.#connections.delete(connection);
  }

  serveHttp2(socket: Socket, bytes: Buffer): void {
    socket.allowHalfOpen = false;
    socket.unshift(bytes);
    this.#http2.serve(socket);
  }

  #serveHttp1(socket: Socket): void {
    this.#connections.add(new CallerConnection(this.#context, socket, this));
  }

  #handshakeFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') this.#context.telemetry.limitReached('header_time');
    // There is no secret yet that an answer could be written with.
    socket.destroy();
  }

  #closeUnused(): void {
    for (const connection of this.#connections) if (!connection.isBusy) connection.destroy();
    for (const socket of this.#handshakes.values()) socket.destroy();
  }

  #destroy(): void {
    this.#http2.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #fallback(): { readonly cert: string; readonly key: string; readonly minVersion: 'TLSv1.2' } {
    const { fallback } = this.#certificates;
    this.#usedFallback = fallback;
    this.#selfSigned ??= createDefaultCertificate(this.#context.nowMs());
    return { ...(fallback ?? this.#selfSigned), minVersion: 'TLSv1.2' };
  }

  /** Knows of the handshake until it is over: there is no other socket to be told apart by its caller. */
  #shakeHands(socket: Socket): void {
    const name = nameOf(socket);
    this.#handshakes.set(name, socket);
    socket.once('close', () => this.#handshakes.delete(name));
  }

  async #listen(server: Server, target: ListenTarget): Promise<number> {
    server.listen({ ...target, exclusive: true });
    await once(server, 'listening');
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #admit(socket: Socket, serve: (socket: Socket) => void): void {
    const { edge, isTrusted, proxyProtocol } = this.#context;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const peerAddress = unmapped(socket.remoteAddress ?? '');
    if (!edge.proxyProtocol || !isTrusted(peerAddress)) {
      this.#count(socket, peerAddress, serve);
      return;
    }
    proxyProtocol.read(socket, () => {
      this.#count(socket, proxyProtocol.addressOf(socket) ?? peerAddress, serve);
    });
  }

  #count(socket: Socket, address: string, serve: (socket: Socket) => void): void {
    if (this.#context.connectionGate.admit(socket, address)) serve(socket);
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
