/** The messages between the control thread and its proxy threads. Everything is plain data. */

import type { BlockList } from 'node:net';

import type { MetricObject } from 'prom-client';

import type { BearerRequest, Eviction, ExchangeOutcome, ExchangeRequest } from '../authz/ports.ts';
import type { DeltaKeys, TableDelta } from '../compile/delta.ts';
import type { ActivityReport } from '../model/activity.ts';
import type { Sampling } from '../http/trace-context.ts';
import type { EdgeSettings } from '../proxy/edge.ts';
import type { SharedCounters } from '../proxy/shared-counters.ts';
import type { AccessLogSettings } from '../telemetry/access-log.ts';
import type { Samples, SeriesNames } from '../telemetry/samples.ts';

/** What a proxy thread is started with. */
export interface ThreadSettings {
  /** Such as `proxy-0`. */
  readonly name: string;
  /** From 0; a thread that takes the place of another has its index. */
  readonly index: number;
  /** Counters that the threads share. */
  readonly counters: SharedCounters;
  /** Random per process, 32 bytes: every thread derives the same cache keys. */
  readonly pepper: Uint8Array;
  readonly trustedProxies: BlockList;
  /** Times and sizes within which the data plane works. */
  readonly limits: ThreadLimits;
  readonly edge: EdgeSettings;
  /** Bounds of the token cache of one thread, in entries. */
  readonly maxTokens: number;
  readonly maxRefusals: number;
  readonly accessLog: AccessLogSettings;
  /** Which requests are recorded as spans; `undefined`: tracing is off. */
  readonly sampling: Sampling | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export interface ThreadLimits {
  readonly headerBytes: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly upstreamRequests: number;
}

export interface ListenTarget {
  readonly host: string | undefined;
  readonly port: number;
  readonly reusePort: boolean;
}

export type ToThread =
  /** Of the table that the next `apply` completes; nothing of it is served before. */
  | { readonly kind: 'part'; readonly id: number; readonly delta: TableDelta }
  | {
      readonly kind: 'apply';
      readonly version: number;
      readonly delta: TableDelta;
      /** For `delta` and the parts before it. */
      readonly keys: DeltaKeys;
    }
  | {
      readonly kind: 'listen';
      readonly http: ListenTarget | undefined;
      readonly https: ListenTarget | undefined;
    }
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: ExchangeOutcome }
  | { readonly kind: 'evict'; readonly id: number; readonly eviction: Eviction }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'collect'; readonly id: number }
  | { readonly kind: 'forget'; readonly names: SeriesNames }
  | { readonly kind: 'drain'; readonly delayMs: number; readonly timeoutMs: number };

/** A {@link TokenRequest} with its secret in the clear: it crosses within the process only. */
export type WireTokenRequest =
  | (Omit<ExchangeRequest, 'clientSecret'> & { readonly clientSecret: string })
  | (Omit<BearerRequest, 'token'> & { readonly token: string });

/** Metrics of a thread: its share of the product's, and those of its own runtime. */
export interface ThreadMetrics {
  readonly product: Samples;
  readonly runtime: readonly MetricObject[];
}

export interface BoundPorts {
  readonly http: number | undefined;
  readonly https: number | undefined;
}

export type FromThread =
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'applied'; readonly version: number }
  | { readonly kind: 'listening'; readonly ports: BoundPorts }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'obtain'; readonly id: number; readonly request: WireTokenRequest }
  | { readonly kind: 'evicted'; readonly id: number }
  | { readonly kind: 'pong'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: ThreadMetrics }
  | { readonly kind: 'activity'; readonly report: ActivityReport }
  /** Whole lines for standard output: a thread's own log as text, its access log as bytes that need no encoding. */
  | { readonly kind: 'lines'; readonly lines: string | Uint8Array }
  | { readonly kind: 'drained' };
