/** One Prometheus page for all threads: the product's metrics summed over them, those of Node apart by thread. */

import { AggregatorRegistry, type Registry } from 'prom-client';

import type { ThreadMetrics } from './protocol.ts';

export interface MetricsSources {
  /** Metrics of the control thread: of the product, and of its own runtime. */
  readonly product: Registry;
  readonly runtime: Registry;
  readonly threads: () => Promise<readonly ThreadMetrics[]>;
}

/** @returns text of the Prometheus exposition format 0.0.4. */
export async function renderMetrics({ product, runtime, threads }: MetricsSources): Promise<string> {
  const [own, ownRuntime, ofThreads] = await Promise.all([
    product.getMetricsAsJSON(),
    runtime.getMetricsAsJSON(),
    threads(),
  ]);
  const parts: object[] = [
    own,
    ownRuntime,
    ...ofThreads.flatMap((thread) => [thread.product, thread.runtime]),
  ];
  // The library sums series of the same name and labels; those of a runtime differ by their label `thread`.
  const summed = AggregatorRegistry.aggregate(parts);
  return await summed.metrics();
}
