/** Every metric of the product: its name, type, labels and meaning. Documentation, alerts and dashboard are held to it. */

export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** One sentence for `# HELP` and for the documentation. */
  readonly help: string;
}

const PREFIX = 'oidc_ingress_';

/** Upper bounds of the buckets of every histogram; one more holds what is above them. */
export const BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Clients in `provider_quota_remaining`: those whose quota was heard of last. */
export const MAX_QUOTA_CLIENTS = 50;

/** Counted in the proxy threads, summed over them. */
export const PROXY_METRICS = {
  requests: counter(
    'requests_total',
    'Requests answered. `ingress` is empty where no route matched, `service` also where a request was refused before its backend was chosen; a method that is not of HTTP is `other`.',
    ['namespace', 'ingress', 'service', 'method', 'status'],
  ),
  requestDuration: histogram(
    'request_duration_seconds',
    'From the request head to the end of the response.',
    ['namespace', 'ingress'],
  ),
  upstreamDuration: histogram(
    'upstream_duration_seconds',
    'From the request being sent on to the end of its response.',
    ['namespace', 'service'],
  ),
  decisions: counter(
    'auth_decisions_total',
    'Decisions on requests to protected routes. `outcome` is `allow`, `deny`, `unavailable` or `exempt`, or `open` where none was made.',
    ['policy', 'outcome', 'reason'],
  ),
  cacheHits: counter('token_cache_hits_total', 'Requests served with a cached token.', []),
  cacheNegativeHits: counter('token_cache_negative_hits_total', 'Requests refused by a cached refusal.', []),
  cacheMisses: counter('token_cache_misses_total', 'Requests that had to ask the token broker.', []),
  exchangesSaved: counter(
    'exchanges_saved_total',
    'Requests that asked the token broker and cost no token request of their own: they shared that of another.',
    ['issuer'],
  ),
  credentialSource: counter(
    'credential_source_total',
    'Requests with credentials, by where they were: `Basic`, `Query` or `Body`.',
    ['source'],
  ),
  connections: gauge('connections', 'Open connections from callers.', []),
  limitsReached: counter(
    'limits_reached_total',
    'Requests and connections refused or broken off because a limit was reached. `limit` is `body_idle`, `body_size`, `connections`, `connections_per_address`, `header_bytes`, `header_time`, `keep_alive`, `rate`, `response_idle`, `upstream_connect`, `upstream_first_byte`, `upstream_idle` or `upstream_requests`.',
    ['limit'],
  ),
} as const satisfies Readonly<Record<string, MetricDescription>>;

/** Kept by the control thread. */
export const CONTROL_METRICS = {
  buildInfo: gauge('build_info', 'Always 1; the labels tell the version.', ['version', 'node']),
  ready: gauge('ready', 'Whether `/readyz` says yes: 1 or 0.', []),
  threadsReplaced: counter('proxy_threads_replaced_total', 'Proxy threads that ended and were replaced.', []),
  exchanges: counter(
    'exchanges_total',
    'Token requests to the provider. `result` is `granted` or the reason that callers got.',
    ['issuer', 'result'],
  ),
  exchangeDuration: histogram('exchange_duration_seconds', 'From the token request to the verified token.', [
    'issuer',
  ]),
  cacheEntries: gauge(
    'token_cache_entries',
    'Entries in the caches of the token broker: `tokens` and `refusals`.',
    ['cache'],
  ),
  cacheEvictions: counter('token_cache_evictions_total', 'Entries removed from the caches, by cause.', [
    'cache',
    'cause',
  ]),
  oldSecretUses: counter(
    'old_secret_uses_total',
    'Answers of the token broker for a client secret after a newer one of the same client has succeeded: callers that are still on the old one.',
    ['issuer'],
  ),
  circuitState: gauge(
    'circuit_state',
    'Circuit breaker, the worst of the issuer and its policies: 0 closed, 1 half-open, 2 open.',
    ['issuer'],
  ),
  rateLimitRemaining: gauge(
    'provider_ratelimit_remaining',
    'Requests that the provider last said are left to the whole tenant.',
    ['issuer'],
  ),
  quotaRemaining: gauge(
    'provider_quota_remaining',
    `Tokens that the provider last said are left to a client, by window: \`per_hour\`, \`per_day\` or \`other\`. The ${MAX_QUOTA_CLIENTS} clients heard of last.`,
    ['issuer', 'client', 'window'],
  ),
  jwksAge: gauge('jwks_age_seconds', 'Since the keys of the issuer were last fetched.', ['issuer']),
  configApplied: gauge(
    'config_last_success_timestamp',
    'When a table was last applied, in Unix seconds.',
    [],
  ),
  compileSeconds: gauge('config_compile_seconds', 'Duration of the last compile.', []),
  configObjects: gauge('config_objects', 'Objects in the last snapshot.', []),
  configProblems: gauge('config_problems', 'Problems of the last compile: `error` and `warning`.', [
    'severity',
  ]),
  configFailures: counter('config_failures_total', 'Compiles that failed; the last good table stays.', []),
  tlsExpiry: gauge(
    'tls_expiry_timestamp_seconds',
    'End of validity of a certificate that callers or backends are shown, in Unix seconds.',
    ['certificate'],
  ),
  watchReconnects: counter('watch_reconnects_total', 'Watches started, first or anew.', ['kind']),
  watchRelists: counter('watch_relists_total', 'Lists read anew.', ['kind']),
  watchLastEvent: gauge(
    'watch_last_event_timestamp',
    'When the last event or bookmark arrived, in Unix seconds.',
    ['kind'],
  ),
  statusWrites: counter('status_writes_total', 'Statuses: `ok`, `unchanged` or `failed`.', [
    'kind',
    'result',
  ]),
  leader: gauge('leader', 'Whether this process writes statuses and Events: 1 or 0.', []),
} as const satisfies Readonly<Record<string, MetricDescription>>;

type Described<T extends MetricDescription['type'], L extends string> = MetricDescription & {
  readonly type: T;
  readonly labels: readonly L[];
};

function counter<L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
): Described<'counter', L> {
  return { name: PREFIX + name, type: 'counter', labels, help };
}

function gauge<L extends string>(name: string, help: string, labels: readonly L[]): Described<'gauge', L> {
  return { name: PREFIX + name, type: 'gauge', labels, help };
}

function histogram<L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
): Described<'histogram', L> {
  return { name: PREFIX + name, type: 'histogram', labels, help };
}
