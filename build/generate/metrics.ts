/** `docs/reference/metrics.md`: every metric of ours, read from the registries themselves. */

import type { Registry } from 'prom-client';

import { createControlMetrics, createProxyMetrics } from '../../src/telemetry/metrics.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

/** What prom-client keeps of a metric; its types tell less. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly constructor: { readonly name: string };
}

export function renderMetrics(): string {
  return page(
    generatedFrom('src/telemetry/metrics.ts'),
    '# Metrics',
    'Prometheus text at `/metrics` of the admin address.',
    '## Requests\n\nSummed over the proxy threads.',
    metricTable(createProxyMetrics(undefined).registry),
    '## Provider, configuration and cluster',
    metricTable(createControlMetrics('').registry),
    '## Node\n\nThe default metrics of prom-client (`process_*`, `nodejs_*`), with a label `thread`: event-loop lag, garbage collection and heap for each thread, the rest for the control thread only.',
  );
}

function metricTable(registry: Registry): string {
  const metrics = registry.getMetricsAsArray() as unknown as readonly Described[];
  return table(
    ['metric', 'type', 'labels', 'meaning'],
    metrics.map(({ name, help, labelNames = [], constructor }) => [
      code(name),
      constructor.name.toLowerCase(),
      labelNames.map(code).join(', '),
      help,
    ]),
  );
}
