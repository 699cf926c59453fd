/** `charts/oidc-ingress/README.md`: every value of the chart, from the comments of `values.yaml`. */

import { readFileSync } from 'node:fs';

import { readChartValues } from './chart-values.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

const VALUES = new URL('../../charts/oidc-ingress/values.yaml', import.meta.url);

export function renderChartReadme(): string {
  return page(
    generatedFrom('charts/oidc-ingress/values.yaml'),
    '# Helm chart of oidc-ingress',
    'How to [install with Helm](../../docs/how-to/install-with-helm.md) and how to [upgrade](../../docs/how-to/upgrade.md). Needs Kubernetes 1.29 or later and Helm 3.17 or later. A name or a type that is not in these tables is refused.',
    ...readChartValues(readFileSync(VALUES, 'utf8')).flatMap(({ title, values }) => [
      `## ${title}`,
      table(
        ['value', 'default', 'meaning'],
        values.map(({ path, defaultValue, description = '' }) => [
          code(path),
          code(JSON.stringify(defaultValue)),
          description,
        ]),
      ),
    ]),
  );
}
