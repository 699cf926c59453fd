/** The metrics of the control thread, kept by prom-client. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { BUCKETS_SECONDS, CONTROL_METRICS, PROXY_METRICS, type MetricDescription } from './metric-table.ts';
import type { BrokerTelemetry, WatchTelemetry } from './ports.ts';
import { createQuotas } from './quotas.ts';
import type { SeriesNames } from './samples.ts';

export interface ControlMetrics {
  readonly registry: Registry;
  readonly broker: BrokerTelemetry;
  readonly watch: WatchTelemetry;
  readonly config: ConfigTelemetry;
  /** Drops the series of what is no more. */
  forget(names: SeriesNames): Promise<void>;
}

/** What the controller reports. */
export interface ConfigTelemetry {
  compiled(
    seconds: number,
    objects: number,
    problems: { readonly errors: number; readonly warnings: number },
  ): void;
  applied(atMs: number): void;
  compileFailed(): void;
  /** Ends of validity of all certificates that callers and backends are shown, in milliseconds since the epoch. */
  certificates(notAfterMs: Readonly<Record<string, number>>): void;
  threadReplaced(): void;
}

export interface ControlMetricsOptions {
  readonly version: string;
  readonly isReady: () => boolean;
}

export function createControlMetrics({ version, isReady }: ControlMetricsOptions): ControlMetrics {
  const registry = new Registry();
  const build = gauge(registry, CONTROL_METRICS.buildInfo);
  build.set({ version, node: process.versions.node }, 1);
  gauge(registry, CONTROL_METRICS.ready, (ready) => ready.set(isReady() ? 1 : 0));
  const { telemetry: broker, forget } = brokerMetrics(registry);
  return {
    registry,
    broker,
    watch: watchTelemetry(registry),
    config: configTelemetry(registry),
    forget,
  };
}

function brokerMetrics(registry: Registry) {
  const exchanges = counter(registry, CONTROL_METRICS.exchanges);
  const duration = new Histogram({
    ...configuration(registry, CONTROL_METRICS.exchangeDuration),
    buckets: BUCKETS_SECONDS,
  });
  const saved = counter(registry, PROXY_METRICS.exchangesSaved);
  const entries = gauge(registry, CONTROL_METRICS.cacheEntries);
  const evictions = counter(registry, CONTROL_METRICS.cacheEvictions);
  const oldSecrets = counter(registry, CONTROL_METRICS.oldSecretUses);
  const circuit = gauge(registry, CONTROL_METRICS.circuitState);
  const remaining = gauge(registry, CONTROL_METRICS.rateLimitRemaining);
  const quotas = createQuotas();
  gauge(registry, CONTROL_METRICS.quotaRemaining, (left) => {
    left.reset();
    for (const { remaining: value, ...labels } of quotas.list()) left.set(labels, value);
  });
  const fetchedAtSeconds = new Map<string, number>();
  gauge(registry, CONTROL_METRICS.jwksAge, (age) => {
    age.reset();
    for (const [issuer, at] of fetchedAtSeconds) age.set({ issuer }, Date.now() / 1_000 - at);
  });
  const telemetry: BrokerTelemetry = {
    exchangeFinished(issuer, result, durationMs) {
      exchanges.inc({ issuer, result });
      duration.observe({ issuer }, durationMs / 1_000);
    },
    exchangeSaved: (issuer) => saved.inc({ issuer }),
    cacheEntries: (cache, count) => entries.set({ cache }, count),
    cacheEvicted: (cache, cause) => evictions.inc({ cache, cause }),
    oldSecretUsed: (issuer) => oldSecrets.inc({ issuer }),
    circuitState: (issuer, state) => circuit.set({ issuer }, state),
    rateLimitRemaining: (issuer, value) => remaining.set({ issuer }, value),
    quotaRemaining: (issuer, client, window, value) => quotas.note({ issuer, client, window }, value),
    jwksFetched(issuer, result, atMs) {
      if (result === 'ok') fetchedAtSeconds.set(issuer, atMs / 1_000);
    },
  };
  return {
    telemetry,
    forget: async ({ issuers }: SeriesNames): Promise<void> => {
      for (const issuer of issuers) {
        for (const metric of [duration, saved, circuit, remaining]) metric.remove({ issuer });
        fetchedAtSeconds.delete(issuer);
        quotas.forget(issuer);
      }
      for (const { labels } of (await exchanges.get()).values) {
        if (issuers.includes(String(labels.issuer))) exchanges.remove(labels);
      }
    },
  };
}

function watchTelemetry(registry: Registry): WatchTelemetry {
  const reconnects = counter(registry, CONTROL_METRICS.watchReconnects);
  const relists = counter(registry, CONTROL_METRICS.watchRelists);
  const lastEvent = gauge(registry, CONTROL_METRICS.watchLastEvent);
  const writes = counter(registry, CONTROL_METRICS.statusWrites);
  const leader = gauge(registry, CONTROL_METRICS.leader);
  return {
    reconnected: (kind) => reconnects.inc({ kind }),
    relisted: (kind) => relists.inc({ kind }),
    eventReceived: (kind, atMs) => lastEvent.set({ kind }, atMs / 1_000),
    statusWritten: (kind, result) => writes.inc({ kind, result }),
    leader: (isLeader) => leader.set(isLeader ? 1 : 0),
  };
}

function configTelemetry(registry: Registry): ConfigTelemetry {
  const lastSuccess = gauge(registry, CONTROL_METRICS.configApplied);
  const compileSeconds = gauge(registry, CONTROL_METRICS.compileSeconds);
  const objects = gauge(registry, CONTROL_METRICS.configObjects);
  const problems = gauge(registry, CONTROL_METRICS.configProblems);
  const failures = counter(registry, CONTROL_METRICS.configFailures);
  const expiry = gauge(registry, CONTROL_METRICS.tlsExpiry);
  const replaced = counter(registry, CONTROL_METRICS.threadsReplaced);
  return {
    compiled(seconds, count, found) {
      compileSeconds.set(seconds);
      objects.set(count);
      problems.set({ severity: 'error' }, found.errors);
      problems.set({ severity: 'warning' }, found.warnings);
    },
    applied: (atMs) => lastSuccess.set(atMs / 1_000),
    compileFailed: () => failures.inc(),
    certificates(notAfterMs) {
      expiry.reset();
      for (const [certificate, ms] of Object.entries(notAfterMs)) expiry.set({ certificate }, ms / 1_000);
    },
    threadReplaced: () => replaced.inc(),
  };
}

type Described<L extends string> = MetricDescription & { readonly labels: readonly L[] };

function configuration<L extends string>(registry: Registry, { name, help, labels }: Described<L>) {
  return { name, help, labelNames: [...labels], registers: [registry] };
}

function counter<L extends string>(registry: Registry, description: Described<L>): Counter<L> {
  return new Counter(configuration(registry, description));
}

/** @param collect sets the gauge whenever it is read. */
function gauge<L extends string>(
  registry: Registry,
  description: Described<L>,
  collect?: (gauge: Gauge<L>) => void,
): Gauge<L> {
  const made: Gauge<L> = new Gauge({
    ...configuration(registry, description),
    ...(collect === undefined ? {} : { collect: () => collect(made) }),
  });
  return made;
}
