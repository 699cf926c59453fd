/** The part of the composition root that wires the broker and the proxy threads: threads ask it for tokens, and it evicts from their caches. */

import { randomBytes } from 'node:crypto';

import type { CompileResult } from './compile/result.ts';
import { providerNetwork } from './config/provider-network.ts';
import type { ServeConfig } from './config/serve.ts';
import { systemClock } from './config/system-clock.ts';
import { createActivityLog, type ActivityLog } from './control/activity-log.ts';
import type { ThreadSettings } from './control/protocol.ts';
import { ProxyThreads } from './control/proxy-threads.ts';
import type { Sampling } from './http/trace-context.ts';
import type { Redacted } from './model/redacted.ts';
import { createBroker, type Broker } from './oauth/broker.ts';
import { createSharedCounters } from './proxy/proxy.ts';
import type { ControlMetrics } from './telemetry/control-metrics.ts';
import type { LineOutput } from './telemetry/logger.ts';
import type { BrokerTelemetry, Logger } from './telemetry/ports.ts';
import type { Tracing } from './telemetry/tracing.ts';

/** Entries of the broker's caches; the proxy threads hold half as many among them, and ask the broker for the rest. */
const MAX_TOKENS = 100_000;
const MAX_REFUSALS = 10_000;

export interface DataPlaneParts {
  readonly config: ServeConfig;
  readonly logger: Logger;
  /** Where the log of the proxy threads goes. */
  readonly output: LineOutput;
  readonly metrics: ControlMetrics;
  readonly sampling: Sampling | undefined;
  readonly tracing: Tracing | undefined;
}

export interface DataPlane {
  readonly broker: Broker;
  readonly threads: ProxyThreads;
  readonly activity: ActivityLog;
  readonly setProviderKeys: (keys: CompileResult['providerKeys']) => void;
}

export function createDataPlane(parts: DataPlaneParts): DataPlane {
  const { config, logger, output, metrics } = parts;
  let providerKeys: CompileResult['providerKeys'] = {};
  const activity = createActivityLog(() => systemClock.nowMs());
  const broker = createBroker({
    telemetry: brokerTelemetry(parts, activity),
    logger,
    clock: systemClock,
    network: providerNetwork(config, process.env),
    providerKey: (secret): Redacted<string> | undefined => providerKeys[secret],
    onEvict: (eviction) => threads.evict(eviction),
    gateBounds: {
      perSecond: config['provider-rate'],
      burst: config['provider-rate'],
      maxConcurrent: config['provider-concurrency'],
    },
    maxTokens: MAX_TOKENS,
    maxRefusals: MAX_REFUSALS,
  });
  const threads = new ProxyThreads({
    count: config.workers,
    entry: new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.mjs', import.meta.url),
    settings: threadSettings(parts),
    broker,
    http: config['http-address'],
    https: config['https-address'],
    logger,
    onReplaced: () => metrics.config.threadReplaced(),
    onActivity: (report) => activity.add(report),
    onLines: (lines) => output.write(lines),
  });
  const setProviderKeys = (keys: CompileResult['providerKeys']): void => {
    providerKeys = keys;
  };
  return { broker, threads, activity, setProviderKeys };
}

function brokerTelemetry({ metrics, tracing }: DataPlaneParts, activity: ActivityLog): BrokerTelemetry {
  return {
    ...metrics.broker,
    exchangeFinished(issuer, result, durationMs, traceparent) {
      metrics.broker.exchangeFinished(issuer, result, durationMs, traceparent);
      activity.exchangeFinished(issuer, result);
      tracing?.exchangeFinished({ issuer, result, durationMs, traceparent });
    },
  };
}

/** What the flags mean to the proxy threads. */
export function threadSettings({
  config,
  sampling,
}: Pick<DataPlaneParts, 'config' | 'sampling'>): Omit<ThreadSettings, 'name' | 'index'> {
  return {
    pepper: randomBytes(32),
    trustedProxies: config['trusted-proxies'],
    limits: {
      headerBytes: config['max-header-bytes'],
      headersTimeoutMs: config['header-timeout'],
      keepAliveTimeoutMs: config['keep-alive-timeout'],
      idleTimeoutMs: config['idle-timeout'],
      connectTimeoutMs: config['upstream-connect-timeout'],
      firstByteTimeoutMs: config['upstream-first-byte-timeout'],
      connections: config['max-connections'],
      connectionsPerAddress: config['max-connections-per-address'],
      upstreamRequests: config['max-upstream-requests'],
    },
    edge: {
      proxyProtocol: config['proxy-protocol'] === 'on',
      forwarded: config.forwarded,
      via: config.via,
    },
    counters: createSharedCounters(config.workers),
    maxTokens: Math.ceil(MAX_TOKENS / 2 / config.workers),
    maxRefusals: Math.ceil(MAX_REFUSALS / 2 / config.workers),
    accessLog: { mode: config['access-log'], oneIn: config['access-log-sample'] },
    sampling,
    logLevel: config['log-level'],
  };
}
