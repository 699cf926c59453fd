/** One HTTP/2 connection to an endpoint, shared by many requests. */

import { connect, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { Deadlined, Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import { ConnectTimeout, ProxyError } from '../proxy-error.ts';
import { UNCOUNTED } from '../session-memory.ts';

/** Requests that one connection carries at a time, unless the endpoint allows fewer. */
const MAX_STREAMS = 100;
const IDLE_MS = 60_000;
/** How much of a response may wait here unread. */
const STREAM_WINDOW_BYTES = 128 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
const MAX_HEADER_LIST_BYTES = 64 * 1024;
/** What a caller repeats that should come once is for the endpoint to judge. The types of Node do not know of it. */
const AS_SENT = { strictSingleValueFields: false };

export interface SessionOwner {
  connected(): void;
  connectFailed(): void;
  sessionClosed(session: UpstreamSession): void;
}

/** A request that came before the connection was made. */
export interface Waiting {
  start(): void;
  /** The connection will not be made. */
  giveUp(): void;
}

export interface SessionOptions {
  readonly socket: Socket | TLSSocket;
  readonly serverName: string | undefined;
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
  readonly owner: SessionOwner;
}

export class UpstreamSession implements Deadlined {
  deadlineMs: number;
  readonly serverName: string | undefined;
  readonly http2: ClientHttp2Session;
  /** It may carry requests: the endpoint has said how many. */
  isReady = false;
  /** Requests under way. */
  streams = 0;
  /** Responses that have ended. */
  served = 0;
  /** Why it broke. */
  cause: unknown;
  readonly #options: SessionOptions;
  readonly #socket: Socket | TLSSocket;
  readonly #waiting = new Set<Waiting>();
  #isConnected = false;
  #isRetired = false;

  constructor(options: SessionOptions) {
    const { socket, serverName, deadlines, limits } = options;
    this.#options = options;
    this.#socket = socket;
    this.serverName = serverName;
    this.deadlineMs = deadlines.nowMs + limits.connectTimeoutMs;
    socket.on('error', (error) => {
      this.cause ??= error;
      // After an alert that follows the handshake, as where a client certificate is refused, Node would keep it open.
      socket.destroy();
    });
    // The authority is that of each request.
    this.http2 = connect(serverName === undefined ? 'http://upstream' : 'https://upstream', {
      ...AS_SENT,
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: UNCOUNTED,
      maxHeaderListPairs: MAX_HEADER_LIST_BYTES / 32,
    });
    this.http2.on('connect', () => this.#connected());
    this.http2.once('remoteSettings', () => this.#ready());
    this.http2.on('error', (error) => {
      this.cause ??= error;
    });
    this.http2.on('close', () => this.#closed());
    deadlines.watch(this);
  }

  /** Whether it takes one more request. */
  get isUsable(): boolean {
    const { http2 } = this;
    if (http2.closed || http2.destroyed || this.#isRetired) return false;
    const allowed = this.isReady ? (http2.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS) : MAX_STREAMS;
    return this.streams < Math.min(allowed, MAX_STREAMS);
  }

  /** Of a connection that could not be made or has broken. */
  get failure(): ProxyError {
    const { cause } = this;
    if (cause instanceof ProxyError) return cause;
    if (this.isReady) return new ProxyError('UpstreamProtocolError', 'the connection broke', cause);
    // Over TLS that has been agreed on.
    return this.#isConnected && this.serverName === undefined
      ? new ProxyError('UpstreamProtocolError', 'the upstream does not speak HTTP/2', cause)
      : new ProxyError('UpstreamUnreachable', 'the connection could not be made', cause);
  }

  streamOpened(): void {
    this.streams++;
    if (this.isReady) this.deadlineMs = Infinity;
  }

  /** Starts the request when the connection is made. @returns what takes it back. */
  wait(request: Waiting): () => void {
    this.#waiting.add(request);
    return () => this.#waiting.delete(request);
  }

  streamClosed(): void {
    this.streams--;
    if (this.streams > 0 || !this.isReady) return;
    this.deadlineMs = this.#options.deadlines.nowMs + IDLE_MS;
    if (this.#isRetired) this.http2.close();
  }

  /** Closes now where it is idle, else with its last response: GOAWAY would overtake requests that have just been sent. */
  retire(): void {
    this.#isRetired = true;
    if (this.streams === 0) this.http2.close();
  }

  /** It could not be made in time, or has been idle for too long. */
  expire(): void {
    if (this.isReady) {
      this.http2.close();
      return;
    }
    this.cause ??= new ConnectTimeout();
    this.http2.destroy();
  }

  #connected(): void {
    // Node says so later, and whoever gave it up may have been faster.
    if (this.http2.destroyed) return;
    const socket = this.#socket;
    // In clear text both sides must know.
    if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      this.cause = new ProxyError('UpstreamProtocolError', 'the upstream does not offer HTTP/2');
      this.http2.destroy();
      return;
    }
    this.#isConnected = true;
    this.http2.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#options.owner.connected();
  }

  /** Before its SETTINGS have come, an endpoint may refuse what they would have forbidden. */
  #ready(): void {
    if (this.http2.destroyed) return;
    this.isReady = true;
    this.deadlineMs = this.streams > 0 ? Infinity : this.#options.deadlines.nowMs + IDLE_MS;
    for (const request of this.#waiting) request.start();
    this.#waiting.clear();
    if (this.#isRetired && this.streams === 0) this.http2.close();
  }

  #closed(): void {
    this.#options.deadlines.forget(this);
    if (!this.#isConnected) this.#options.owner.connectFailed();
    this.#options.owner.sessionClosed(this);
    for (const request of this.#waiting) request.giveUp();
    this.#waiting.clear();
  }
}
