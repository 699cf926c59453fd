/** On what, and with which versions, a result was found. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

const ROOT = new URL('../', import.meta.url);
const VERSION = /[0-9]+\.[0-9][0-9a-zA-Z.+~-]*/;

export interface Machine {
  readonly processor: string;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  /** Of the minute before: what else it does disturbs every figure. */
  readonly loadAverage: number;
  /** Of Node, the peers, the load generator, and the commit of this checkout. */
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    processor: `${cpus().length} × ${first?.model ?? 'unknown'}`,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    loadAverage: loadavg()[0] ?? Number.NaN,
    versions: {
      'oidc-ingress': commit(),
      node: process.version.slice(1),
      nginx: versionOf('nginx'),
      haproxy: versionOf('haproxy'),
      'http-proxy-3': packageVersion('http-proxy-3'),
      wrk: versionOf('wrk'),
    },
  };
}

function versionOf(program: string): string {
  const { stdout, stderr } = spawnSync(program, ['-v'], { encoding: 'utf8' });
  return VERSION.exec(`${stdout} ${stderr}`)?.[0] ?? 'not installed';
}

function packageVersion(name: string): string {
  const text = readFileSync(new URL('package.json', ROOT), 'utf8');
  return (JSON.parse(text) as { readonly dependencies: Record<string, string> }).dependencies[name] ?? '';
}

function commit(): string {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' });
  return stdout.trim() || 'unknown';
}
