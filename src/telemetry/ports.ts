/** What every layer may say about itself: the interfaces of logs and metrics, without their libraries. */

import type { RequestTrace } from '../http/trace-context.ts';
import type { Reason } from '../model/reasons.ts';

/** Structured fields first, message second, as pino takes them. Never a token, secret or header value. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export type AuthOutcome = 'allow' | 'deny' | 'unavailable' | 'exempt' | 'open';

/** One finished request: the access-log line and the metrics of it. Times in milliseconds, sizes in bytes. */
export interface RequestRecord {
  readonly requestId: string;
  /** `undefined` where the request could not be read. */
  readonly trace: RequestTrace | undefined;
  readonly clientAddress: string;
  readonly method: string;
  /** Of the connection that the request came by. */
  readonly scheme: 'http' | 'https';
  /** As declared in an Ingress, or empty where no route matched: bounded, for metrics. */
  readonly routeHost: string;
  /** As declared in an Ingress, or empty. */
  readonly routePath: string;
  /** As the caller sent it. */
  readonly host: string;
  /** Path and query; the values of credential parameters are already gone. */
  readonly path: string;
  readonly status: number;
  readonly reason: Reason | 'ClientClosed' | undefined;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMs: number;
  /** When it ended: monotonic. */
  readonly endedMs: number;
  readonly upstreamAddress: string | undefined;
  readonly upstreamStatus: number | undefined;
  /** From the request head to the request being sent on. */
  readonly upstreamAfterMs: number | undefined;
  /** From then to the end of the response. */
  readonly upstreamDurationMs: number | undefined;
  readonly upstreamTries: number;
  /**
   * The same object for requests that most likely have the same namespace, Ingress, Service and policy, so that what is
   * kept of these is found at once.
   */
  readonly likeness: object;
  readonly namespace: string;
  readonly ingress: string;
  /** `namespace/name`, or empty. */
  readonly service: string;
  readonly policy: string;
  readonly authOutcome: AuthOutcome;
  readonly clientId: string | undefined;
  readonly credentialSource: 'Basic' | 'Query' | 'Body' | undefined;
  /** Why the request failed, for the operator: never a secret, never sent to the caller. */
  readonly cause: string | undefined;
}

/** What a proxy thread reports. Called on the hot path: implementations allocate little and never throw. */
export interface ProxyTelemetry {
  requestFinished(record: RequestRecord): void;
  tokenCacheLookup(result: 'hit' | 'miss' | 'negative_hit'): void;
  /** A request waits for an exchange that another request of this thread started. */
  exchangeSaved(issuer: string): void;
  /** A caller connection was opened (`+1`) or closed (`-1`). */
  connections(change: 1 | -1): void;
  /** Something was refused or broken off because a limit of the gateway or of its route was reached. */
  limitReached(limit: Limit): void;
}

/** What a gateway bounds. */
export type Limit =
  | 'body_idle'
  | 'body_size'
  | 'connections'
  | 'connections_per_address'
  | 'header_bytes'
  | 'header_time'
  | 'keep_alive'
  | 'rate'
  | 'response_idle'
  | 'upstream_connect'
  | 'upstream_first_byte'
  | 'upstream_idle'
  | 'upstream_requests';

export type ExchangeResult = 'granted' | Reason;

/** What the token broker reports. `issuer` is the exact issuer URL. */
export interface BrokerTelemetry {
  /** @param traceparent of the span that it is part of, where that is recorded */
  exchangeFinished(
    issuer: string,
    result: ExchangeResult,
    durationMs: number,
    traceparent: string | undefined,
  ): void;
  /** A request waited for, or was answered from, an exchange that another request had started. */
  exchangeSaved(issuer: string): void;
  /** Entries held after a change, by cache. */
  cacheEntries(cache: 'tokens' | 'refusals', entries: number): void;
  cacheEvicted(
    cache: 'tokens' | 'refusals',
    cause: 'capacity' | 'expired' | 'key_vanished' | 'rotated' | 'purged',
  ): void;
  /** 0 closed, 1 half-open, 2 open. */
  circuitState(issuer: string, state: 0 | 1 | 2): void;
  rateLimitRemaining(issuer: string, remaining: number): void;
  /** A token was handed out for a secret of which the client has a newer one. */
  oldSecretUsed(issuer: string): void;
  /** Tokens that the provider will still give to a client in a window: `per_hour`, `per_day` or `other`. */
  quotaRemaining(issuer: string, clientId: string, window: string, remaining: number): void;
  jwksFetched(issuer: string, result: 'ok' | 'failed', atMs: number): void;
}

/** What watching Kubernetes reports. `kind` is an object kind such as `Ingress`. */
export interface WatchTelemetry {
  reconnected(kind: string): void;
  relisted(kind: string): void;
  eventReceived(kind: string, atMs: number): void;
  statusWritten(kind: string, result: 'ok' | 'unchanged' | 'failed'): void;
  /** This process began, or ceased, to be the one that writes statuses and Events. */
  leader(isLeader: boolean): void;
}
