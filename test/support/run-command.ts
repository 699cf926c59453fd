/** The command as its users run it: in a process of its own, to its end. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cmd/oidc-ingress/main.ts', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandInput {
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs `oidc-ingress` with `argv`; its standard input is empty unless given. */
export async function runCommand(
  argv: readonly string[],
  { environment = {}, stdin = '' }: CommandInput = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: 'pipe',
    env: { ...process.env, ...environment },
    timeout: 60_000,
  });
  child.stdin.end(stdin);
  const exited = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exited) as [number | null];
  return { code, stdout, stderr };
}
