/** Writes every file that is derived from the code: `npm run generate`; with `--check`, names each that is stale and fails. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { renderCrd } from './generate/crd.ts';

/** By path from the root of the repository. */
const FILES: Readonly<Record<string, () => string | Promise<string>>> = {
  'crds/oidcpolicies.oidc-ingress.io.yaml': renderCrd,
};

const isCheck = process.argv.includes('--check');
const root = new URL('../', import.meta.url);

for (const [path, render] of Object.entries(FILES)) {
  const file = new URL(path, root);
  const text = await render();
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
