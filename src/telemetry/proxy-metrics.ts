/** The metrics of one proxy thread, as it counts them; the control thread makes Prometheus text of them. */

import type { Limit, ProxyTelemetry, RequestRecord } from './ports.ts';
import { RequestCounts } from './request-counts.ts';
import type { Sample, Samples, SeriesNames } from './samples.ts';

export interface ProxyMetrics {
  readonly telemetry: ProxyTelemetry;
  samples(): Samples;
  /** Drops the series of what is no more. */
  forget(names: SeriesNames): void;
}

/** @param onRecord told of every finished request too: the access log. */
export function createProxyMetrics(onRecord?: (record: RequestRecord) => void): ProxyMetrics {
  const requests = new RequestCounts();
  const lookups = { hit: 0, negative_hit: 0, miss: 0 };
  /** By issuer. */
  const saved = new Map<string, number>();
  const limits = new Map<Limit, number>();
  let connections = 0;
  return {
    telemetry: {
      requestFinished(record) {
        requests.add(record);
        onRecord?.(record);
      },
      tokenCacheLookup(result) {
        lookups[result] += 1;
      },
      exchangeSaved(issuer) {
        saved.set(issuer, (saved.get(issuer) ?? 0) + 1);
      },
      connections(change) {
        connections += change;
      },
      limitReached(limit) {
        limits.set(limit, (limits.get(limit) ?? 0) + 1);
      },
    },
    samples: () => ({
      ...requests.samples(),
      cacheHits: single(lookups.hit),
      cacheNegativeHits: single(lookups.negative_hit),
      cacheMisses: single(lookups.miss),
      exchangesSaved: [...saved].map(([issuer, value]) => ({ labels: [issuer], values: [value] })),
      connections: single(connections),
      limitsReached: [...limits].map(([limit, value]) => ({ labels: [limit], values: [value] })),
    }),
    forget(names) {
      requests.forget(names);
      for (const issuer of names.issuers) saved.delete(issuer);
    },
  };
}

function single(value: number): readonly Sample[] {
  return [{ labels: [], values: [value] }];
}
