/** The HTTP/2 connections to one endpoint: few, each for many requests. */

import type { Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import type { Dialler } from './dial.ts';
import { Http2Channel } from './http2-channel.ts';
import { UpstreamSession, type SessionOwner } from './http2-session.ts';

/** For one server name and thread; beyond it requests wait in the least busy one for their turn. */
const MAX_SESSIONS = 8;

export interface Http2PoolOptions {
  readonly dialler: Dialler;
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
  /** Hears of connections that were made, or could not be made. */
  readonly health: Pick<SessionOwner, 'connected' | 'connectFailed'>;
}

export class Http2Pool {
  readonly #options: Http2PoolOptions;
  readonly #sessions = new Set<UpstreamSession>();

  constructor(options: Http2PoolOptions) {
    this.#options = options;
  }

  /** A channel on a connection that is there. */
  take(serverName: string | undefined): Http2Channel | undefined {
    for (const session of this.#sessions) {
      if (session.serverName === serverName && session.isUsable) return this.#channel(session);
    }
    return undefined;
  }

  /** A channel on a new connection where one more is allowed. */
  connect(serverName: string | undefined): Http2Channel {
    const open = [...this.#sessions].filter(
      (session) => session.serverName === serverName && !session.http2.closed,
    );
    const [least] = open.toSorted((a, b) => a.streams - b.streams);
    return this.#channel(
      least !== undefined && open.length >= MAX_SESSIONS ? least : this.#newSession(serverName),
    );
  }

  /** Idle connections close now, the others with their last response. */
  retire(): void {
    for (const session of this.#sessions) session.retire();
  }

  destroy(): void {
    for (const { http2 } of this.#sessions) http2.destroy();
  }

  #newSession(serverName: string | undefined): UpstreamSession {
    const { dialler, limits, deadlines, health } = this.#options;
    const session = new UpstreamSession({
      socket: dialler.dial({ serverName, alpn: 'h2', onread: undefined }),
      serverName,
      limits,
      deadlines,
      owner: {
        connected: () => health.connected(),
        connectFailed: () => health.connectFailed(),
        sessionClosed: (closed) => this.#sessions.delete(closed),
      },
    });
    this.#sessions.add(session);
    return session;
  }

  #channel(session: UpstreamSession): Http2Channel {
    return new Http2Channel(session, this.#options.deadlines);
  }
}
