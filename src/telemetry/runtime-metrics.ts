/** Node's own metrics of one thread. */

import { Registry, collectDefaultMetrics } from 'prom-client';

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
