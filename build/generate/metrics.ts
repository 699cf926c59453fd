/** `docs/reference/metrics.md`: every metric of ours. */

import { CONTROL_METRICS, PROXY_METRICS, type MetricDescription } from '../../src/telemetry/metric-table.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

export function renderMetrics(): string {
  return page(
    generatedFrom('src/telemetry/metric-table.ts'),
    '# Metrics',
    'Prometheus text at `/metrics` of the admin address. How to collect, alert on and draw them: [observe](../how-to/observe.md).',
    '## Requests\n\nSummed over the proxy threads.',
    metricTable(PROXY_METRICS),
    '## Provider, configuration and cluster',
    metricTable(CONTROL_METRICS),
    '## Node\n\nThe default metrics of prom-client (`process_*`, `nodejs_*`), with a label `thread`: event-loop lag, garbage collection and heap for each thread, the rest for the control thread only.',
  );
}

function metricTable(metrics: Readonly<Record<string, MetricDescription>>): string {
  return table(
    ['metric', 'type', 'labels', 'meaning'],
    Object.values(metrics).map(({ name, type, labels, help }) => [
      code(name),
      type,
      labels.map(code).join(', '),
      help,
    ]),
  );
}
