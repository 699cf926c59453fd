/** The way of one WebSocket to its service: a connection in time, to another endpoint where none is made, and an answer in time. */

import type { Socket } from 'node:net';

import type { Deadlined, Deadlines } from './deadlines.ts';
import type { UpstreamTimeouts } from './limits.ts';
import { ConnectTimeout, ProxyError } from './proxy-error.ts';
import { MAX_RETRIES, type Balancer } from './upstream/balancer.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';

export interface AttemptOptions {
  readonly balancer: Balancer;
  /** For the first try, instead of the balancer's choice. */
  readonly preferred: UpstreamEndpoint | undefined;
  /** The host that the caller asked for. */
  readonly host: string;
  readonly timeouts: UpstreamTimeouts;
  readonly deadlines: Deadlines;
  readonly owner: AttemptOwner;
}

export interface AttemptOwner {
  trying(endpoint: UpstreamEndpoint): void;
  /** The request may be sent. */
  connected(upstream: Socket): void;
  /** Called once, in place of what is to come. */
  failed(error: ProxyError): void;
}

export class TunnelAttempt implements Deadlined {
  deadlineMs = Infinity;
  /** Nothing is awaited any more. */
  isOver = false;
  readonly #options: AttemptOptions;
  readonly #tried = new Set<UpstreamEndpoint>();
  #socket: Socket | undefined;
  #isConnected = false;
  #cause: unknown;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  start(): void {
    const { balancer, preferred, deadlines } = this.#options;
    deadlines.watch(this);
    this.#try(preferred ?? balancer.pick());
  }

  /** A part of an answer that is no agreement: more of it must come in time. */
  heard(): void {
    this.#await(this.#options.timeouts.idleTimeoutMs);
  }

  /** The service has agreed, or there is no more to come: it is waited for no longer. */
  answered(): void {
    this.isOver = true;
    this.#options.deadlines.forget(this);
  }

  /** The caller is gone: the upstream need not go on. */
  abort(): void {
    this.answered();
    this.#socket?.destroy();
  }

  expire(): void {
    if (this.#isConnected) {
      this.#fail(new ProxyError('UpstreamTimeout', 'the upstream kept silent for too long'));
      return;
    }
    this.#cause ??= new ConnectTimeout();
    this.#socket?.destroy();
  }

  #try(endpoint: UpstreamEndpoint | undefined): void {
    const { host, owner, timeouts } = this.#options;
    if (endpoint === undefined) {
      this.#fail(new ProxyError('NoEndpoints', 'the service has no endpoint'));
      return;
    }
    owner.trying(endpoint);
    if (endpoint.protocol === 'H2C') {
      const message = 'a WebSocket needs HTTP/1.1, which the service does not speak';
      this.#fail(new ProxyError('UpstreamProtocolError', message));
      return;
    }
    this.#tried.add(endpoint);
    this.#cause = undefined;
    this.#await(timeouts.connectTimeoutMs);
    const socket = endpoint.dial(host);
    this.#socket = socket;
    socket.once(endpoint.readyEvent, () => this.#connected(endpoint, socket));
    socket.on('error', (error) => {
      this.#cause ??= error;
    });
    socket.once('close', () => this.#closed(endpoint));
  }

  #connected(endpoint: UpstreamEndpoint, socket: Socket): void {
    this.#isConnected = true;
    endpoint.connected();
    this.#await(this.#options.timeouts.firstByteTimeoutMs);
    this.#options.owner.connected(socket);
  }

  /** What breaks later is told by whoever speaks there. */
  #closed(endpoint: UpstreamEndpoint): void {
    if (this.#isConnected || this.isOver) return;
    endpoint.connectFailed();
    const next = this.#tried.size > MAX_RETRIES ? undefined : this.#options.balancer.pickAgain(this.#tried);
    if (next !== undefined) this.#try(next);
    else if (this.#cause instanceof ProxyError) this.#fail(this.#cause);
    else this.#fail(new ProxyError('UpstreamUnreachable', 'the connection could not be made', this.#cause));
  }

  #fail(error: ProxyError): void {
    const socket = this.#socket;
    this.answered();
    this.#options.owner.failed(error);
    socket?.destroy();
  }

  #await(timeoutMs: number): void {
    this.deadlineMs = this.#options.deadlines.nowMs + timeoutMs;
  }
}
