/** kubectl and Helm on the cluster of the end-to-end tests. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findBinary, type FoundHelm } from '../support/helm.ts';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface Tools {
  /** Standard output. @throws with what kubectl said on standard error */
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl get -o json`. */
  get(...args: readonly string[]): Promise<KubeObject>;
  apply(manifests: string): Promise<void>;
  helm(...args: readonly string[]): Promise<string>;
}

/** As far as the tests look into objects and lists of them. */
export interface KubeObject {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly status?: Readonly<Record<string, unknown>>;
  readonly items: readonly KubeObject[];
  readonly reason?: string;
  readonly note?: string;
}

export function createTools(kubeconfig: string, helm: FoundHelm): Tools {
  const kubectlPath = findBinary('kubectl');
  if (kubectlPath === undefined) throw new Error('kubectl must be on PATH or in KUBEBUILDER_ASSETS');
  if (helm.kind === 'none') throw new Error(helm.why);

  async function run(program: string, args: readonly string[], input = ''): Promise<string> {
    const running = promisify(execFile)(program, args, {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }
  const kubectl: Tools['kubectl'] = (...args) => run(kubectlPath, args);
  return {
    kubectl,
    get: async (...args) => JSON.parse(await kubectl('get', '-o', 'json', ...args)) as KubeObject,
    async apply(manifests) {
      await run(kubectlPath, ['apply', '-f', '-'], manifests);
    },
    helm: (...args) => run(helm.path, args),
  };
}
