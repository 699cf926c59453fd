/** The metrics of one thread: the names of the product, kept by prom-client. */

import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type MetricConfiguration,
} from 'prom-client';

import type { BrokerTelemetry, ProxyTelemetry, RequestRecord, WatchTelemetry } from './ports.ts';

const PREFIX = 'oidc_ingress_';
const REQUEST_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
]);

/** Metrics that a proxy thread feeds. */
export interface ProxyMetrics {
  readonly registry: Registry;
  readonly telemetry: ProxyTelemetry;
}

/** @param onRecord told of every finished request too: the access log. */
export function createProxyMetrics(onRecord: ((record: RequestRecord) => void) | undefined): ProxyMetrics {
  const registry = new Registry();
  const requests = counter(registry, 'requests_total', 'Requests answered.', [
    'namespace',
    'ingress',
    'service',
    'method',
    'status',
  ]);
  const duration = histogram(
    registry,
    'request_duration_seconds',
    'From the request head to the end of the response.',
    ['namespace', 'ingress'],
  );
  const upstream = histogram(
    registry,
    'upstream_duration_seconds',
    'From sending upstream to the head of its response.',
    ['namespace', 'service'],
  );
  const decisions = counter(registry, 'auth_decisions_total', 'Decisions on requests to protected routes.', [
    'policy',
    'outcome',
    'reason',
  ]);
  const hits = counter(registry, 'token_cache_hits_total', 'Requests served with a cached token.', []);
  const negativeHits = counter(
    registry,
    'token_cache_negative_hits_total',
    'Requests refused by a cached refusal.',
    [],
  );
  const misses = counter(registry, 'token_cache_misses_total', 'Requests that had to ask the broker.', []);
  const sources = counter(
    registry,
    'credential_source_total',
    'Requests with credentials, by where they were.',
    ['source'],
  );
  const connections = gauge(registry, 'connections', 'Open connections from callers.', []);
  return {
    registry,
    telemetry: {
      requestFinished(record) {
        const { namespace, ingress, service, policy } = record;
        // A method that a caller made up must not make a time series.
        const method = METHODS.has(record.method) ? record.method : 'other';
        requests.inc({ namespace, ingress, service, method, status: String(record.status) });
        duration.observe({ namespace, ingress }, record.durationMs / 1_000);
        if (record.upstreamDurationMs !== undefined) {
          upstream.observe({ namespace, service }, record.upstreamDurationMs / 1_000);
        }
        if (policy !== '')
          decisions.inc({ policy, outcome: record.authOutcome, reason: record.reason ?? '' });
        if (record.credentialSource !== undefined) sources.inc({ source: record.credentialSource });
        onRecord?.(record);
      },
      tokenCacheLookup(result) {
        switch (result) {
          case 'hit':
            hits.inc();
            break;
          case 'negative_hit':
            negativeHits.inc();
            break;
          case 'miss':
            misses.inc();
            break;
        }
      },
      connections(change) {
        connections.inc(change);
      },
    },
  };
}

/** Metrics that the control thread feeds. */
export interface ControlMetrics {
  readonly registry: Registry;
  readonly broker: BrokerTelemetry;
  readonly watch: WatchTelemetry;
  readonly config: ConfigTelemetry;
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
  certificateExpiry(certificate: string, notAfterMs: number): void;
  threadReplaced(): void;
}

export function createControlMetrics(version: string): ControlMetrics {
  const registry = new Registry();
  gauge(registry, 'build_info', 'Always 1; the labels tell the version.', ['version', 'node']).set(
    { version, node: process.versions.node },
    1,
  );
  return {
    registry,
    broker: brokerTelemetry(registry),
    watch: watchTelemetry(registry),
    config: configTelemetry(registry),
  };
}

function brokerTelemetry(registry: Registry): BrokerTelemetry {
  const exchanges = counter(registry, 'exchanges_total', 'Token requests to the provider.', [
    'issuer',
    'result',
  ]);
  const duration = histogram(registry, 'exchange_duration_seconds', 'Duration of token requests.', [
    'issuer',
  ]);
  const saved = counter(registry, 'exchanges_saved_total', 'Requests that shared the exchange of another.', [
    'issuer',
  ]);
  const entries = gauge(registry, 'token_cache_entries', 'Entries in the caches of the broker.', ['cache']);
  const evictions = counter(registry, 'token_cache_evictions_total', 'Entries removed from the caches.', [
    'cache',
    'cause',
  ]);
  const circuit = gauge(registry, 'circuit_state', 'Circuit breaker: 0 closed, 1 half-open, 2 open.', [
    'issuer',
  ]);
  const remaining = gauge(registry, 'provider_ratelimit_remaining', 'What the provider last said is left.', [
    'issuer',
  ]);
  const fetchedAtSeconds = new Map<string, number>();
  const jwksAge = new Gauge({
    ...metric(registry, 'jwks_age_seconds', 'Since the keys of the issuer were last fetched.', ['issuer']),
    collect() {
      for (const [issuer, at] of fetchedAtSeconds) jwksAge.set({ issuer }, Date.now() / 1_000 - at);
    },
  });
  return {
    exchangeFinished(issuer, result, durationMs) {
      exchanges.inc({ issuer, result });
      duration.observe({ issuer }, durationMs / 1_000);
    },
    exchangeSaved: (issuer) => saved.inc({ issuer }),
    cacheEntries: (cache, count) => entries.set({ cache }, count),
    cacheEvicted: (cache, cause) => evictions.inc({ cache, cause }),
    circuitState: (issuer, state) => circuit.set({ issuer }, state),
    rateLimitRemaining: (issuer, value) => remaining.set({ issuer }, value),
    jwksFetched(issuer, result, atMs) {
      if (result === 'ok') fetchedAtSeconds.set(issuer, atMs / 1_000);
    },
  };
}

function watchTelemetry(registry: Registry): WatchTelemetry {
  const reconnects = counter(registry, 'watch_reconnects_total', 'Watches started anew.', ['kind']);
  const relists = counter(registry, 'watch_relists_total', 'Lists read anew.', ['kind']);
  const lastEvent = gauge(
    registry,
    'watch_last_event_timestamp',
    'When the last event arrived, in Unix seconds.',
    ['kind'],
  );
  const writes = counter(registry, 'status_writes_total', 'Statuses written.', ['kind', 'result']);
  const leader = gauge(registry, 'leader', 'Whether this process writes statuses and Events: 1 or 0.', []);
  return {
    reconnected: (kind) => reconnects.inc({ kind }),
    relisted: (kind) => relists.inc({ kind }),
    eventReceived: (kind, atMs) => lastEvent.set({ kind }, atMs / 1_000),
    statusWritten: (kind, result) => writes.inc({ kind, result }),
    leader: (isLeader) => leader.set(isLeader ? 1 : 0),
  };
}

function configTelemetry(registry: Registry): ConfigTelemetry {
  const lastSuccess = gauge(
    registry,
    'config_last_success_timestamp',
    'When a table was last applied, in Unix seconds.',
    [],
  );
  const compileSeconds = gauge(registry, 'config_compile_seconds', 'Duration of the last compile.', []);
  const objects = gauge(registry, 'config_objects', 'Objects in the last snapshot.', []);
  const problems = gauge(registry, 'config_problems', 'Problems of the last compile.', ['severity']);
  const failures = counter(
    registry,
    'config_failures_total',
    'Compiles that failed; the last good table stays.',
    [],
  );
  const expiry = gauge(registry, 'tls_expiry_timestamp_seconds', 'End of validity of a certificate.', [
    'certificate',
  ]);
  const replaced = counter(
    registry,
    'proxy_threads_replaced_total',
    'Proxy threads that ended and were replaced.',
    [],
  );
  return {
    compiled(seconds, count, found) {
      compileSeconds.set(seconds);
      objects.set(count);
      problems.set({ severity: 'error' }, found.errors);
      problems.set({ severity: 'warning' }, found.warnings);
    },
    applied: (atMs) => lastSuccess.set(atMs / 1_000),
    compileFailed: () => failures.inc(),
    certificateExpiry: (certificate, notAfterMs) => expiry.set({ certificate }, notAfterMs / 1_000),
    threadReplaced: () => replaced.inc(),
  };
}

/**
 * Node's own metrics of the calling thread, labelled with its name. Those that speak of the whole process are kept for
 * the control thread only.
 */
export function createRuntimeMetrics(thread: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, labels: { thread } });
  if (thread !== 'control') {
    for (const { name } of registry.getMetricsAsArray()) {
      if (!/^nodejs_(eventloop|gc|heap)/.test(name)) registry.removeSingleMetric(name);
    }
  }
  return registry;
}

function metric<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): MetricConfiguration<L> {
  return { name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] };
}

function counter<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Counter<L> {
  return new Counter(metric(registry, name, help, labelNames));
}

function gauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Gauge<L> {
  return new Gauge(metric(registry, name, help, labelNames));
}

function histogram<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Histogram<L> {
  return new Histogram({ ...metric(registry, name, help, labelNames), buckets: REQUEST_BUCKETS_SECONDS });
}
