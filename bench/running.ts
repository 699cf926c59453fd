/** A process under measurement, and a directory of its own for its files. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Running {
  readonly port: number;
  /** Missing where the subject does not speak TLS. */
  readonly tlsPort?: number;
  readonly pid: number;
  /** The file that it writes its access log to, on the disk of the temporary directory. */
  readonly log?: string;
  close(): Promise<void>;
}

export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'oidc-ingress-bench-'));
}

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined;
}

/** Starts a program whose standard output is appended to `log`; without `log` it is thrown away. */
export function spawnOwned(program: string, args: readonly string[], log?: string): ChildProcess {
  const output = log === undefined ? 'ignore' : openSync(log, 'a');
  const child = spawn(program, args, { stdio: ['ignore', output, 'inherit'] });
  if (output !== 'ignore') closeSync(output);
  return endWithBench(child);
}

/** A bench that fails or is interrupted leaves no process behind. */
export function endWithBench(child: ChildProcess): ChildProcess {
  const kill = (): void => {
    child.kill('SIGTERM');
  };
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

/** Some hundred bytes for each request would fill a disk in an hour. */
export function clearLog({ log }: Running): void {
  if (log !== undefined) truncateSync(log);
}

export async function end(child: ChildProcess, directory?: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  if (directory !== undefined) rmSync(directory, { recursive: true });
}

export function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start');
  return pid;
}
