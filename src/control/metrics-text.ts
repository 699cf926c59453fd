/** One Prometheus page for all threads: the product's metrics summed over them, those of Node apart by thread. */

import { AggregatorRegistry, type MetricObject, type Registry } from 'prom-client';

import { metricsJson, type Samples } from '../telemetry/samples.ts';

/** What the proxy threads say. */
export interface CollectedThreads {
  /** Summed over them. */
  readonly product: Samples;
  /** Of each thread that answered. */
  readonly runtimes: readonly (readonly MetricObject[])[];
}

export interface MetricsSources {
  /** Metrics of the control thread: of the product, and of its own runtime. */
  readonly product: Registry;
  readonly runtime: Registry;
  readonly threads: () => Promise<CollectedThreads>;
}

/** @returns text of the Prometheus exposition format 0.0.4. */
export async function renderMetrics({ product, runtime, threads }: MetricsSources): Promise<string> {
  const [own, ownRuntime, ofThreads] = await Promise.all([
    product.getMetricsAsJSON(),
    runtime.getMetricsAsJSON(),
    threads(),
  ]);
  // No two series of a runtime are the same: they differ by their label `thread`, so that nothing is to be left out.
  const runtimes = [ownRuntime, ...ofThreads.runtimes].map((metrics) =>
    metrics.map((metric) => ({ ...metric, aggregator: 'first' })),
  );
  const parts: readonly object[] = [own, metricsJson(ofThreads.product), ...runtimes];
  return await AggregatorRegistry.aggregate([...parts]).metrics();
}
