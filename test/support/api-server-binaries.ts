/**
 * Finds kube-apiserver and etcd for tests against a real Kubernetes API, or builds them. `node
 * test/support/api-server-binaries.ts` does so ahead of the tests and prints where they are.
 */

import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { cacheOf, hasGo, lastWords, runGo, type Missing } from './tools.ts';

const KUBERNETES_VERSION = '1.36.3';
export const K3S_IMAGE = 'rancher/k3s:v1.36.3-k3s1';
const BINARIES = ['etcd', 'kube-apiserver'] as const;
const SOURCES = fileURLToPath(new URL('envtest/', import.meta.url));
/** A build takes minutes, once; one that is older than this has died. */
const BUILD_DEADLINE_MS = 30 * 60_000;

export type ApiServerBinaries =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'k3s'; readonly image: string }
  | Missing;

/** In this order: `KUBEBUILDER_ASSETS`, an earlier build, K3s by Docker, a build by Go. Never rejects. */
export async function findApiServerBinaries(): Promise<ApiServerBinaries> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') {
    return hasBinaries(assets)
      ? { kind: 'directory', path: assets }
      : { kind: 'none', why: `KUBEBUILDER_ASSETS: "${assets}" must hold ${BINARIES.join(' and ')}` };
  }
  const cache = cacheOf('envtest', KUBERNETES_VERSION);
  if (hasBinaries(cache)) return { kind: 'directory', path: cache };
  if (await canPull(K3S_IMAGE)) return { kind: 'k3s', image: K3S_IMAGE };
  if (!(await hasGo())) {
    const why =
      'no Kubernetes API server for the tests: set KUBEBUILDER_ASSETS (see setup-envtest), start Docker, or install Go 1.26';
    return { kind: 'none', why };
  }
  try {
    await build(cache);
    return { kind: 'directory', path: cache };
  } catch (error) {
    const why = `no Kubernetes API server for the tests: the build by Go failed: ${lastWords(error)}`;
    return { kind: 'none', why };
  }
}

function hasBinaries(directory: string): boolean {
  return BINARIES.every((name) => existsSync(join(directory, name)));
}

/** Whether Docker runs here and has the image, or can pull it. */
export async function canPull(image: string): Promise<boolean> {
  try {
    // Loaded only here: it costs a second, which most runs have no use for.
    const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
    const client = await getContainerRuntimeClient();
    await client.image.pull(ImageName.fromString(image));
    return true;
  } catch {
    return false;
  }
}

/** Test files run in processes of their own: the first builds, the others wait. */
async function build(cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const lock = join(cache, 'building');
  while (!(await take(lock))) {
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > BUILD_DEADLINE_MS) await rm(lock, { recursive: true, force: true });
    await pause(500);
  }
  try {
    if (hasBinaries(cache)) return;
    process.stderr.write('building kube-apiserver and etcd, once: this takes minutes\n');
    await buildBinary('etcd', join(cache, 'etcd'), '');
    const version = 'k8s.io/component-base/version';
    const [major, minor] = KUBERNETES_VERSION.split('.');
    const stamp = `-X ${version}.gitVersion=v${KUBERNETES_VERSION} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
    await buildBinary('kube', join(cache, 'kube-apiserver'), stamp);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch {
    return false;
  }
}

async function buildBinary(module: string, output: string, stamp: string): Promise<void> {
  const part = `${output}.part`;
  const args = ['build', '-ldflags', `-s -w ${stamp}`, '-o', part, '.'];
  await runGo(args, { cwd: join(SOURCES, module), deadlineMs: BUILD_DEADLINE_MS });
  await rename(part, output);
}

if (import.meta.main) {
  const found = await findApiServerBinaries();
  process.stdout.write(`${JSON.stringify(found)}\n`);
  if (found.kind === 'none') process.exitCode = 1;
}
