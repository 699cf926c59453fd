/** What a proxy thread has counted, as plain data that crosses between threads and can be added up. */

import { BUCKETS_SECONDS, PROXY_METRICS } from './metric-table.ts';

export type ProxyMetric = keyof typeof PROXY_METRICS;

export interface Sample {
  /** In the order of the metric's description. */
  readonly labels: readonly string[];
  /** Of a histogram the counts of its buckets, not accumulated, and the sum; else the one value. */
  readonly values: readonly number[];
}

export type Samples = Readonly<Record<ProxyMetric, readonly Sample[]>>;

/** Names that series speak of: Ingresses, Services and policies as `namespace/name`, issuers as they are. */
export interface SeriesNames {
  readonly ingresses: readonly string[];
  readonly services: readonly string[];
  readonly policies: readonly string[];
  readonly issuers: readonly string[];
}

/** A metric as prom-client writes it in JSON. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: 'sum';
  readonly values: readonly MetricValue[];
}

interface MetricValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

const METRICS = Object.keys(PROXY_METRICS) as readonly ProxyMetric[];

/** The sums over all parts, series by series. */
export function addSamples(parts: readonly Samples[]): Samples {
  return mapMetrics((metric) => {
    const sums = new Map<string, { labels: readonly string[]; values: number[] }>();
    for (const { labels, values } of parts.flatMap((part) => part[metric])) {
      const key = labels.join('\n');
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { labels, values: [...values] });
      else for (const [at, value] of values.entries()) sum.values[at] = (sum.values[at] ?? 0) + value;
    }
    return [...sums.values()];
  });
}

/** What stays true of a thread that has ended: its counts, but not its states. */
export function countsOnly(samples: Samples): Samples {
  return mapMetrics((metric) => (PROXY_METRICS[metric].type === 'gauge' ? [] : samples[metric]));
}

/** Without the series that speak of any of `names`. */
export function withoutNames(samples: Samples, names: SeriesNames): Samples {
  const gone = {
    ingresses: new Set(names.ingresses),
    services: new Set(names.services),
    policies: new Set(names.policies),
    issuers: new Set(names.issuers),
  };
  return mapMetrics((metric) => {
    const { labels: labelNames } = PROXY_METRICS[metric];
    const valueOf = (labels: readonly string[], name: string): string =>
      labels[(labelNames as readonly string[]).indexOf(name)] ?? '';
    return samples[metric].filter(({ labels }) => {
      const namespace = valueOf(labels, 'namespace');
      return !(
        gone.ingresses.has(`${namespace}/${valueOf(labels, 'ingress')}`) ||
        gone.services.has(`${namespace}/${valueOf(labels, 'service')}`) ||
        gone.policies.has(valueOf(labels, 'policy')) ||
        gone.issuers.has(valueOf(labels, 'issuer'))
      );
    });
  });
}

export function metricsJson(samples: Samples): readonly MetricJson[] {
  return METRICS.map((metric) => {
    const { name, help, type, labels } = PROXY_METRICS[metric];
    const values = samples[metric].flatMap((sample) => {
      const labelled = Object.fromEntries(labels.map((label, at) => [label, sample.labels[at] ?? '']));
      return type === 'histogram'
        ? histogramValues(name, labelled, sample.values)
        : [{ labels: labelled, value: sample.values[0] ?? 0 }];
    });
    return { name, help, type, aggregator: 'sum', values };
  });
}

function histogramValues(
  name: string,
  labels: Readonly<Record<string, string>>,
  values: readonly number[],
): readonly MetricValue[] {
  let count = 0;
  const buckets = [...BUCKETS_SECONDS, '+Inf'].map((le, at) => {
    count += values[at] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: values[BUCKETS_SECONDS.length + 1] ?? 0 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

function mapMetrics(samplesOf: (metric: ProxyMetric) => readonly Sample[]): Samples {
  return Object.fromEntries(METRICS.map((metric) => [metric, samplesOf(metric)])) as unknown as Samples;
}
