/** The data plane of one thread: a table comes in, requests are answered by it. */

import { randomBytes } from 'node:crypto';
import type { BlockList } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { createAuthorize } from '../authz/authorize.ts';
import type { CacheKeys } from '../authz/cache-key.ts';
import type { TokenSource } from '../authz/ports.ts';
import type { DeltaKeys, TableDelta } from '../compile/delta.ts';
import { createHeaderNames } from '../http/header-names.ts';
import { traceOf, type Sampling } from '../http/trace-context.ts';
import type { Logger, ProxyTelemetry } from '../telemetry/ports.ts';
import { createAffinity } from './affinity.ts';
import { AskedHosts } from './asked-hosts.ts';
import { createCallers, trustIn } from './caller.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { ProxyContext } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { DEFAULT_EDGE, type EdgeSettings } from './edge.ts';
import { DEFAULT_LIMITS, type ProxyLimits } from './limits.ts';
import { createHttpDate } from './http-date.ts';
import { createIdentityOf } from './identity.ts';
import { Listeners, type ListenTarget } from './listeners.ts';
import { Presentations } from './presented.ts';
import { ProxyProtocol } from './proxy-protocol.ts';
import { RateLimiter } from './rate-limiter.ts';
import { createRouteSettings } from './route-settings.ts';
import { createSharedCounters, type SharedCounters } from './shared-counters.ts';
import { changedRouting, emptyRouting } from './routing.ts';
import { SharedTally } from './shared-tally.ts';
import { TlsCertificates } from './tls-certificates.ts';
import { createTraceIds } from './trace-ids.ts';
import { Tunnels } from './tunnels.ts';
import { Backends } from './upstream/backends.ts';
import { UpstreamSlots } from './upstream-slots.ts';

export { createSharedCounters, type SharedCounters } from './shared-counters.ts';
export type { ListenTarget } from './listeners.ts';
export type { ProxyLimits } from './limits.ts';

export interface ProxyOptions {
  readonly tokens: TokenSource;
  readonly cacheKeys: CacheKeys;
  readonly telemetry: ProxyTelemetry;
  readonly logger: Logger;
  readonly trustedProxies: BlockList;
  /** Wall clock, milliseconds since the epoch. Default: the system's. */
  readonly now?: () => number;
  /** In [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
  readonly limits?: Partial<ProxyLimits>;
  /** Default: nothing of it. */
  readonly edge?: EdgeSettings | undefined;
  /** What the threads of the process count together, and which of them this is. Default: it is the only one. */
  readonly shared?: { readonly counters: SharedCounters; readonly thread: number } | undefined;
  /** Which requests are recorded as spans. Default: none. */
  readonly sampling?: Sampling | undefined;
}

export interface Proxy {
  /** Takes effect with the next request; those under way keep the route and policy that they began with. */
  apply(delta: TableDelta, keys: DeltaKeys): void;
  /** @returns the ports that were bound; rejects where one cannot be. */
  listen(
    http: ListenTarget | undefined,
    https: ListenTarget | undefined,
  ): Promise<{ readonly http: number | undefined; readonly https: number | undefined }>;
  /**
   * For `delayMs` goes on, while load balancers learn of it, but keeps no connection after its next response; then takes
   * no new one and resolves when every response has ended, or breaks what is left after `timeoutMs`.
   */
  drain(delayMs: number, timeoutMs: number): Promise<void>;
  /** Breaks everything off. */
  close(): Promise<void>;
}

export function createProxy(options: ProxyOptions): Proxy {
  const { logger, now = Date.now, random = Math.random } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { counters, thread } = options.shared ?? { counters: createSharedCounters(1), thread: 0 };
  const headerNameOf = createHeaderNames();
  const deadlines = new Deadlines(limits.sweepIntervalMs);
  const backends = new Backends({ limits, deadlines, headerNameOf, random, nowMs: now });
  const certificates = new TlsCertificates({ logger, nowMs: now });
  const isTrusted = trustIn(options.trustedProxies);
  const proxyProtocol = new ProxyProtocol({ deadlines, timeoutMs: limits.headersTimeoutMs });
  const tunnels = new Tunnels();
  const traceIds = createTraceIds();
  let routing = emptyRouting();
  const context: ProxyContext = {
    ...options,
    nowMs: now,
    limits,
    edge: options.edge ?? DEFAULT_EDGE,
    proxyProtocol,
    deadlines,
    backends,
    tunnels,
    isTrusted,
    nextRequestId: requestIds(),
    traceOf: (caller) => traceOf(caller, options.sampling, traceIds),
    random,
    identityOf: createIdentityOf(),
    settingsOf: createRouteSettings(limits),
    rateLimiter: new RateLimiter(counters.rates),
    upstreamSlots:
      limits.upstreamRequests === Infinity
        ? undefined
        : new UpstreamSlots(new SharedTally(counters.upstreamRequests, thread), limits.upstreamRequests),
    connectionGate: new ConnectionGate({
      tally: new SharedTally(counters.connections, thread),
      limits,
      isTrusted,
      telemetry: options.telemetry,
    }),
    affinity: createAffinity(),
    presentations: new Presentations(options.cacheKeys),
    authorize: createAuthorize(),
    hosts: new AskedHosts(),
    headerNameOf,
    date: createHttpDate(now),
    callerOf: createCallers(isTrusted, (socket) => proxyProtocol.addressOf(socket)),
    routing: () => routing,
  };
  const listeners = new Listeners(context, certificates);

  return {
    apply(delta, keys) {
      for (const [key, backend] of Object.entries(delta.backends.set)) {
        backends.set(key, backend, keys.backendKeys);
      }
      for (const key of delta.backends.removed) backends.remove(key);
      routing = changedRouting(routing, delta);
      certificates.apply(routing.table, keys.certificateKeys);
      listeners.useFallbackCertificate();
    },
    async listen(http, https) {
      return {
        http: http && (await listeners.listenHttp(http)),
        https: https && (await listeners.listenHttps(https)),
      };
    },
    async drain(delayMs, timeoutMs) {
      listeners.letGo();
      await pause(delayMs);
      tunnels.closeAll();
      await listeners.drain(timeoutMs);
      tunnels.destroy();
      backends.destroy();
      deadlines.close();
    },
    async close() {
      tunnels.destroy();
      await listeners.drain(0);
      backends.destroy();
      deadlines.close();
    },
  };
}

/** A random beginning for the thread and a count: a random number for each request costs more than routing it. */
function requestIds(): () => string {
  const thread = randomBytes(9).toString('base64url');
  let count = 0;
  return () => `${thread}.${(count++).toString(36)}`;
}
