/** Writes every file that is derived from the code: `npm run generate`; with `--check`, names each that is stale and fails. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { renderAnnotations } from './generate/annotations.ts';
import { renderChartReadme } from './generate/chart-readme.ts';
import { renderConditions } from './generate/conditions.ts';
import { renderCrd } from './generate/crd.ts';
import { renderFlags } from './generate/flags.ts';
import { renderMetrics } from './generate/metrics.ts';
import { renderPolicyReference } from './generate/policy-reference.ts';
import { renderProblems } from './generate/problems.ts';
import { renderReasons } from './generate/reasons.ts';

/** By path from the root of the repository. */
const FILES: Readonly<Record<string, () => string>> = {
  'charts/oidc-ingress/README.md': renderChartReadme,
  'charts/oidc-ingress/crds/oidcpolicies.oidc-ingress.io.yaml': renderCrd,
  'crds/oidcpolicies.oidc-ingress.io.yaml': renderCrd,
  'docs/reference/annotations.md': renderAnnotations,
  'docs/reference/conditions.md': renderConditions,
  'docs/reference/flags.md': renderFlags,
  'docs/reference/metrics.md': renderMetrics,
  'docs/reference/policy.md': renderPolicyReference,
  'docs/reference/problems.md': renderProblems,
  'docs/reference/reasons.md': renderReasons,
};

const isCheck = process.argv.includes('--check');
const root = new URL('../', import.meta.url);

for (const [path, render] of Object.entries(FILES)) {
  const file = new URL(path, root);
  const text = render();
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) continue;
  if (isCheck) {
    console.error(`${path} is stale: npm run generate`);
    process.exitCode = 1;
    continue;
  }
  await mkdir(dirname(file.pathname), { recursive: true });
  await writeFile(file, text);
  console.log(path);
}
