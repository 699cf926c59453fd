/** What tests need beside Node: where it may lie, how Go builds it, and what becomes of tests that lack it. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Missing {
  readonly kind: 'none';
  readonly why: string;
}

export type FoundBinary = { readonly kind: 'binary'; readonly path: string } | Missing;

/**
 * For the option `skip`: why there is none of what a test needs, said once more on standard error, or `false`.
 * @throws instead where `CI` is `true`: there, a test that does not run is a failure
 */
export function skipWithout(
  found: Missing | { readonly kind: string; readonly why?: never },
): string | false {
  if (found.why === undefined) return false;
  if (process.env['CI'] === 'true') throw new Error(found.why);
  process.stderr.write(`SKIPPED: ${found.why}\n`);
  return found.why;
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

/** The first of `names` that is on `PATH`; `remedy` is said where none is. */
export function findInstalled(names: readonly string[], remedy: string): FoundBinary {
  for (const name of names) {
    const path = findBinary(name);
    if (path !== undefined) return { kind: 'binary', path };
  }
  return { kind: 'none', why: `${names[0] ?? ''} is not installed: ${remedy}` };
}

/** Where what was built once stays. */
export function cacheOf(tool: string, version: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'oidc-ingress', tool, version);
}

export async function hasGo(): Promise<boolean> {
  return await run('go', ['version']).then(
    () => true,
    () => false,
  );
}

export interface GoCall {
  readonly cwd?: string;
  readonly deadlineMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs Go, with nothing of the surroundings in what it makes. @returns what it wrote to standard output */
export async function runGo(args: readonly string[], { cwd, deadlineMs, env }: GoCall): Promise<string> {
  const { stdout } = await run('go', args, {
    cwd,
    env: {
      ...process.env,
      CGO_ENABLED: '0',
      GOWORK: 'off',
      GOFLAGS: '-mod=readonly -buildvcs=false -trimpath',
      ...env,
    },
    timeout: deadlineMs,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

/** The end of what a failed call of Go wrote: the cause is there. */
export function lastWords(error: unknown): string {
  return error instanceof Error ? error.message.slice(-500) : String(error);
}
