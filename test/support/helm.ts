/** Finds Helm for the tests of the chart, or builds it with Go. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheOf, findBinary, hasGo, lastWords, runGo, type FoundBinary } from './tools.ts';

const VERSION = '4.3.1';
/** A build takes minutes, once. */
const BUILD_DEADLINE_MS = 15 * 60_000;

/** In this order: `PATH`, `KUBEBUILDER_ASSETS`, an earlier build, a build by Go. Never rejects. */
export async function findHelm(): Promise<FoundBinary> {
  const cache = cacheOf('helm', VERSION);
  const known = findBinary('helm', [cache]);
  if (known !== undefined) return { kind: 'binary', path: known };
  if (!(await hasGo())) {
    return { kind: 'none', why: 'no Helm for the tests of the chart: put helm on PATH or install Go 1.26' };
  }
  try {
    process.stderr.write('building Helm, once: this takes minutes\n');
    await mkdir(cache, { recursive: true });
    // Of no module of ours, so that there is no go.mod to read.
    const env = { GOBIN: cache, GOFLAGS: '-trimpath' };
    const args = ['install', '-ldflags', '-s -w', `helm.sh/helm/v4/cmd/helm@v${VERSION}`];
    await runGo(args, { env, deadlineMs: BUILD_DEADLINE_MS });
    return { kind: 'binary', path: join(cache, 'helm') };
  } catch (error) {
    return {
      kind: 'none',
      why: `no Helm for the tests of the chart: the build by Go failed: ${lastWords(error)}`,
    };
  }
}
