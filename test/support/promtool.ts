/** The checker of Prometheus rules, as Debian's package `prometheus` and every release of Prometheus bring it. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findInstalled, type FoundBinary } from './tools.ts';

export function findPromtool(): FoundBinary {
  return findInstalled(['promtool'], 'the package prometheus brings it, to check alerts and dashboard');
}

/** @returns what it wrote, which is also in the error where it finds a fault. */
export async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('promtool', args).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`promtool ${args.join(' ')}\n${stdout}${stderr}`);
  });
  return stdout + stderr;
}

/** What `promtool check metrics` finds wrong with a page of metrics. */
export async function faultsOfMetrics(page: string): Promise<readonly string[]> {
  const running = promisify(execFile)('promtool', ['check', 'metrics']);
  running.child.stdin?.end(page);
  // It ends with another code than 0 where it finds anything.
  const { stdout, stderr } = await running.catch(
    (error: unknown) => error as { readonly stdout: string; readonly stderr: string },
  );
  return (stdout + stderr).split('\n').filter((line) => line !== '');
}
