/** kubectl and Helm on the cluster of the end-to-end tests. */

import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { promisify } from 'node:util';

import { findBinary, type FoundBinary } from '../support/tools.ts';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export type Environment = Readonly<Record<string, string>>;

export interface ShellOptions {
  /** Default: the checkout. */
  readonly cwd?: string;
  /** Beside that of the test. */
  readonly environment?: Environment;
}

export interface Tools {
  /** What makes `kubectl` and `helm` of a shell those of the test. */
  readonly environment: Environment;
  /** Standard output. @throws with what kubectl said on standard error */
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl get -o json`. */
  get(...args: readonly string[]): Promise<KubeObject>;
  apply(manifests: string): Promise<void>;
  helm(...args: readonly string[]): Promise<string>;
  /** A line as a person types it; gives its standard output. @throws with what it said on standard error */
  shell(line: string, options?: ShellOptions): Promise<string>;
}

/** As far as the tests look into objects and lists of them. */
export interface KubeObject {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly items: readonly KubeObject[];
  readonly reason?: string;
  readonly note?: string;
}

export function createTools(kubeconfig: string, helm: FoundBinary): Tools {
  const kubectlPath = findBinary('kubectl');
  if (kubectlPath === undefined) throw new Error('kubectl must be on PATH or in KUBEBUILDER_ASSETS');
  if (helm.kind === 'none') throw new Error(helm.why);

  const folders = [dirname(kubectlPath), dirname(helm.path)];
  const environment = {
    KUBECONFIG: kubeconfig,
    PATH: [...new Set(folders), process.env['PATH'] ?? ''].join(delimiter),
  };

  async function run(
    program: string,
    args: readonly string[],
    { cwd, environment: more = {}, input = '' }: ShellOptions & { readonly input?: string } = {},
  ): Promise<string> {
    const running = promisify(execFile)(program, args, {
      env: { ...process.env, ...environment, ...more },
      maxBuffer: MAX_OUTPUT_BYTES,
      ...(cwd === undefined ? {} : { cwd }),
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }
  const kubectl: Tools['kubectl'] = (...args) => run(kubectlPath, args);
  return {
    environment,
    kubectl,
    get: async (...args) => JSON.parse(await kubectl('get', '-o', 'json', ...args)) as KubeObject,
    async apply(manifests) {
      await run(kubectlPath, ['apply', '-f', '-'], { input: manifests });
    },
    helm: (...args) => run(helm.path, args),
    shell: (line, options = {}) => run('sh', ['-c', line], options),
  };
}
