/** Finds Helm for the tests of the chart, or builds it with Go. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const HELM_VERSION = '4.3.1';
/** A build takes minutes, once. */
const BUILD_DEADLINE_MS = 15 * 60_000;

export type FoundHelm =
  | { readonly kind: 'binary'; readonly path: string }
  | { readonly kind: 'none'; readonly why: string };

/** In this order: `PATH`, `KUBEBUILDER_ASSETS`, an earlier build, a build by Go. Never rejects. */
export async function findHelm(): Promise<FoundHelm> {
  const cache = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'oidc-ingress',
    'helm',
    HELM_VERSION,
  );
  const known = findBinary('helm', [cache]);
  if (known !== undefined) return { kind: 'binary', path: known };
  try {
    await run('go', ['version']);
  } catch {
    return { kind: 'none', why: 'no Helm for the tests of the chart: put helm on PATH or install Go 1.26' };
  }
  try {
    process.stderr.write('building Helm, once: this takes minutes\n');
    await mkdir(cache, { recursive: true });
    await run('go', ['install', '-ldflags', '-s -w', `helm.sh/helm/v4/cmd/helm@v${HELM_VERSION}`], {
      env: { ...process.env, GOBIN: cache, CGO_ENABLED: '0', GOFLAGS: '-trimpath' },
      timeout: BUILD_DEADLINE_MS,
    });
    return { kind: 'binary', path: join(cache, 'helm') };
  } catch (error) {
    const cause = error instanceof Error ? error.message.slice(-500) : String(error);
    return { kind: 'none', why: `no Helm for the tests of the chart: the build by Go failed: ${cause}` };
  }
}

/** On `PATH`, in `KUBEBUILDER_ASSETS`, or in one of `others`. */
export function findBinary(name: string, others: readonly string[] = []): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    process.env['KUBEBUILDER_ASSETS'] ?? '',
    ...others,
  ];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * For the option `skip` of `describe`: why there is no Helm, said once more on standard error, or `false`.
 * @throws instead where `CI` is `true`: there, a test that does not run is a failure
 */
export function skipWithoutHelm(helm: FoundHelm): string | false {
  if (helm.kind === 'binary') return false;
  if (process.env['CI'] === 'true') throw new Error(helm.why);
  process.stderr.write(`SKIPPED: ${helm.why}\n`);
  return helm.why;
}
