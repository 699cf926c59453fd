/** One HTTP/2 connection to an endpoint, shared by many requests. */

import { connect, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { Deadlined, Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import { ProxyError } from '../proxy-error.ts';

/** Requests that one connection carries at a time, unless the endpoint allows fewer. */
const MAX_STREAMS = 100;
const IDLE_MS = 60_000;
/** How much of a response may wait here unread. */
const STREAM_WINDOW_BYTES = 128 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
const MAX_HEADER_LIST_BYTES = 64 * 1024;

export interface SessionOwner {
  connected(): void;
  connectFailed(): void;
  sessionClosed(session: UpstreamSession): void;
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
  isConnected = false;
  /** Requests under way. */
  streams = 0;
  /** Responses that have ended. */
  served = 0;
  /** Why it broke. */
  cause: unknown;
  readonly #options: SessionOptions;
  readonly #socket: Socket | TLSSocket;

  constructor(options: SessionOptions) {
    const { socket, serverName, deadlines, limits } = options;
    this.#options = options;
    this.#socket = socket;
    this.serverName = serverName;
    this.deadlineMs = deadlines.nowMs + limits.connectTimeoutMs;
    socket.on('error', (error) => {
      this.cause ??= error;
    });
    // The authority is that of each request.
    this.http2 = connect(serverName === undefined ? 'http://upstream' : 'https://upstream', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxHeaderListPairs: MAX_HEADER_LIST_BYTES / 32,
    });
    this.http2.on('connect', () => this.#connected());
    this.http2.on('error', (error) => {
      this.cause ??= error;
    });
    this.http2.on('close', () => this.#closed());
    deadlines.watch(this);
  }

  /** Whether it takes one more request. */
  get isUsable(): boolean {
    const { http2 } = this;
    if (http2.closed || http2.destroyed) return false;
    const allowed = this.isConnected
      ? (http2.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS)
      : MAX_STREAMS;
    return this.streams < Math.min(allowed, MAX_STREAMS);
  }

  streamOpened(): void {
    this.streams++;
    if (this.isConnected) this.deadlineMs = Infinity;
  }

  streamClosed(): void {
    this.streams--;
    if (this.streams === 0) this.deadlineMs = this.#options.deadlines.nowMs + IDLE_MS;
  }

  /** It could not be made in time, or has been idle for too long. */
  expire(): void {
    if (this.isConnected) this.http2.close();
    else this.http2.destroy();
  }

  #connected(): void {
    const socket = this.#socket;
    if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      this.cause = new ProxyError('UpstreamProtocolError', 'the upstream does not offer HTTP/2');
      this.http2.destroy();
      return;
    }
    this.isConnected = true;
    this.deadlineMs = this.streams > 0 ? Infinity : this.#options.deadlines.nowMs + IDLE_MS;
    this.http2.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#options.owner.connected();
  }

  #closed(): void {
    this.#options.deadlines.forget(this);
    if (!this.isConnected) this.#options.owner.connectFailed();
    this.#options.owner.sessionClosed(this);
  }
}
