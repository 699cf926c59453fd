/** Writes `deploy/` anew from the chart. Needs Helm: on PATH, or named by `HELM`. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

import { renderDeploy, TEMPLATE_ARGUMENTS } from './generate/deploy.ts';

const root = new URL('../', import.meta.url);
const rendered = execFileSync(process.env['HELM'] ?? 'helm', TEMPLATE_ARGUMENTS, {
  cwd: root,
  encoding: 'utf8',
});
for (const [path, text] of Object.entries(renderDeploy(rendered))) writeFileSync(new URL(path, root), text);
