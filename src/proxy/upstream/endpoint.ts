/** The connections to one endpoint: kept alive, last in first out, and whether it can be reached at all. */

import type { Socket } from 'node:net';

import type { HeaderNameOf } from '../../http/header-names.ts';
import type { Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import type { OutgoingRequest, UpstreamChannel } from './channel.ts';
import { UpstreamConnection, type ConnectionOwner } from './connection.ts';
import { Dialler, type DialledEndpoint, type DiallerOptions } from './dial.ts';
import { Http2Channel } from './http2-channel.ts';
import { Http2Pool } from './http2-pool.ts';

/** Idle connections kept for one endpoint and thread. */
const MAX_IDLE = 128;
/** Shorter than the 5 s after which Node, Apache and uvicorn close: a POST on a closing connection cannot be repeated. */
const IDLE_MS = 4_000;
const FAILURES_TO_EJECT = 5;
const EJECTION_MS = 30_000;

export interface EndpointOptions extends DiallerOptions {
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
  readonly headerNameOf: HeaderNameOf;
}

export class UpstreamEndpoint implements ConnectionOwner {
  /** As logs show it: `10.0.0.1:8080`, `[fd00::1]:8080`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: EndpointOptions['protocol'];
  readonly tls: EndpointOptions['tls'];
  readonly #options: EndpointOptions;
  readonly #dialler: Dialler;
  readonly #http2: Http2Pool;
  readonly #idle: UpstreamConnection[] = [];
  readonly #all = new Set<UpstreamConnection>();
  #failures = 0;
  #ejectedUntilMs = -Infinity;
  #isRetired = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.name = endpointName(options);
    this.address = options.address;
    this.port = options.port;
    this.protocol = options.protocol;
    this.tls = options.tls;
    this.#dialler = new Dialler(options);
    this.#http2 = new Http2Pool({ ...options, dialler: this.#dialler, health: this });
  }

  get isEjected(): boolean {
    return this.#options.deadlines.nowMs < this.#ejectedUntilMs;
  }

  /** The event by which what {@link UpstreamEndpoint.dial} gives says that it may be used. */
  get readyEvent(): Dialler['readyEvent'] {
    return this.#dialler.readyEvent;
  }

  /** For a library that speaks HTTP/1.1 itself: a connection that is not pooled, for a request to `host`. */
  dial(host: string): Socket {
    const serverName = this.#dialler.serverName(host);
    return this.#dialler.dial({ serverName, alpn: 'http/1.1', onread: undefined });
  }

  /** A connection that is there and can carry the request. */
  takeIdle(request: OutgoingRequest): UpstreamChannel | undefined {
    const serverName = this.#dialler.serverName(request.host);
    if (this.#usesHttp2(request)) return this.#http2.take(serverName);
    for (let at = this.#idle.length - 1; at >= 0; at--) {
      const connection = this.#idle[at];
      // Its certificate was checked for one name only.
      if (connection === undefined || connection.serverName !== serverName) continue;
      // Mostly the last one: taking it out of the middle makes a list of what was taken.
      if (at === this.#idle.length - 1) this.#idle.pop();
      else this.#idle.splice(at, 1);
      if (connection.isUsable && connection.deadlineMs > this.#options.deadlines.nowMs) return connection;
      connection.destroy();
    }
    return undefined;
  }

  connect(request: OutgoingRequest): UpstreamChannel {
    const { limits, deadlines, headerNameOf } = this.#options;
    const dialler = this.#dialler;
    const serverName = dialler.serverName(request.host);
    if (this.#usesHttp2(request)) return this.#http2.connect(serverName);
    const connection = new UpstreamConnection({
      dialler,
      serverName,
      limits,
      deadlines,
      headerNameOf,
      owner: this,
    });
    this.#all.add(connection);
    return connection;
  }

  /** Takes back a connection whose response has ended: it is kept, or closed where it may not be used again. */
  release(channel: UpstreamChannel): void {
    if (channel instanceof UpstreamConnection) this.#keep(channel);
    else if (channel instanceof Http2Channel) channel.release();
  }

  connected(): void {
    this.#failures = 0;
    this.#ejectedUntilMs = -Infinity;
  }

  connectFailed(): void {
    this.#failures++;
    if (this.#failures < FAILURES_TO_EJECT) return;
    this.#failures = 0;
    this.#ejectedUntilMs = this.#options.deadlines.nowMs + EJECTION_MS;
  }

  closed(connection: UpstreamConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** No backend names it any more: idle connections close now, the others with their response. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
    this.#http2.retire();
  }

  /** Breaks what is under way as well. */
  destroy(): void {
    this.#isRetired = true;
    this.#idle.length = 0;
    for (const connection of this.#all) connection.destroy();
    this.#http2.destroy();
  }

  /** gRPC needs it; for anything else HTTP/1.1 costs less. */
  #usesHttp2({ isGrpc }: OutgoingRequest): boolean {
    return this.protocol === 'H2C' || (this.protocol === 'HTTPS' && isGrpc);
  }

  #keep(connection: UpstreamConnection): void {
    if (!connection.isReusable || this.#isRetired || this.#idle.length >= MAX_IDLE) {
      connection.destroy();
      return;
    }
    connection.keep(IDLE_MS);
    this.#idle.push(connection);
  }
}

function endpointName({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Endpoints with the same key share their connections and their health. */
export function endpointKey(endpoint: Omit<DialledEndpoint, 'clientKey'>): string {
  const name = endpointName(endpoint);
  const { protocol, tls } = endpoint;
  if (protocol === 'HTTP') return name;
  return [name, protocol, tls?.serverName, tls?.clientCertificate?.digest, tls?.ca].join(' ');
}
