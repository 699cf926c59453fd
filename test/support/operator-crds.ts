/** Finds the CRDs of the Prometheus operator as its Go module brings them; `go.sum` says which bytes they are. */

import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { hasGo, lastWords, runGo, type Missing } from './tools.ts';

const MODULE = 'github.com/prometheus-operator/prometheus-operator';
const PIN = fileURLToPath(new URL('prometheus-operator/', import.meta.url));
const DOWNLOAD_DEADLINE_MS = 5 * 60_000;

export type FoundCrds = { readonly kind: 'files'; readonly paths: readonly string[] } | Missing;

/** One file for each of `plurals`, such as `servicemonitors`. Never rejects. */
export async function findOperatorCrds(plurals: readonly string[]): Promise<FoundCrds> {
  if (!(await hasGo())) return { kind: 'none', why: 'no CRDs of the Prometheus operator: install Go 1.26' };
  try {
    const call = { cwd: PIN, deadlineMs: DOWNLOAD_DEADLINE_MS };
    const answer = await runGo(['mod', 'download', '-json', MODULE], call);
    const { Dir: directory } = JSON.parse(answer) as { readonly Dir: string };
    const files = plurals.map((plural) => `monitoring.coreos.com_${plural}.yaml`);
    const paths = globSync(files.map((file) => `${directory}/example/prometheus-operator-crd/${file}`));
    if (paths.length === plurals.length) return { kind: 'files', paths };
    return { kind: 'none', why: `${directory} does not hold ${files.join(' and ')}` };
  } catch (error) {
    return { kind: 'none', why: `no CRDs of the Prometheus operator: ${lastWords(error)}` };
  }
}
