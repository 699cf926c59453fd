/** The connections to one endpoint: kept alive, last in first out, and whether it can be reached at all. */

import type { Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import { UpstreamConnection, type ConnectionOwner } from './connection.ts';

/** Idle connections kept for one endpoint and thread. */
const MAX_IDLE = 128;
/** Shorter than the 5 s after which Node, Apache and uvicorn close: a POST on a closing connection cannot be repeated. */
const IDLE_MS = 4_000;
const FAILURES_TO_EJECT = 5;
const EJECTION_MS = 30_000;

export interface EndpointOptions {
  readonly address: string;
  readonly port: number;
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
}

export class UpstreamEndpoint implements ConnectionOwner {
  /** As logs show it: `10.0.0.1:8080`, `[fd00::1]:8080`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly #options: EndpointOptions;
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
  }

  get isEjected(): boolean {
    return this.#options.deadlines.nowMs < this.#ejectedUntilMs;
  }

  /** A connection that served before and is idle. */
  takeIdle(): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      if (connection.isUsable && connection.deadlineMs > this.#options.deadlines.nowMs) return connection;
      connection.destroy();
    }
  }

  connect(): UpstreamConnection {
    const connection = new UpstreamConnection({ ...this.#options, owner: this });
    this.#all.add(connection);
    return connection;
  }

  /** Takes back a connection whose response has ended: it is kept, or closed where it may not be used again. */
  release(connection: UpstreamConnection): void {
    if (!connection.isReusable || this.#isRetired || this.#idle.length >= MAX_IDLE) {
      connection.destroy();
      return;
    }
    connection.keep(IDLE_MS);
    this.#idle.push(connection);
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
  }

  /** Breaks what is under way as well. */
  destroy(): void {
    this.#isRetired = true;
    this.#idle.length = 0;
    for (const connection of this.#all) connection.destroy();
  }
}

export function endpointName({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
