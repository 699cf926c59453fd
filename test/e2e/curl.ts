/** Runs the `curl` lines of the documentation, with the way to the gateway of the test. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { collectLines } from '../support/gateway.ts';
import type { ShellLine } from '../support/markdown.ts';
import type { Environment, Tools } from './tools.ts';

const FORWARD_DEADLINE_MS = 30_000;

export interface CurlResult {
  readonly status: number;
  readonly body: string;
}

/** `flags` come first, so that what the line says stays as it is. */
export async function curl(
  tools: Tools,
  command: string,
  environment: Environment,
  flags: readonly string[] = [],
): Promise<CurlResult> {
  const asked = command.replace(/^curl /, `curl -sS -w '\\n%{http_code}' ${flags.join(' ')} `);
  const lines = (await tools.shell(asked, { environment })).split('\n');
  return { status: Number(lines.at(-1)), body: lines.slice(0, -1).join('\n') };
}

/** What the comment of a line promises: `401 MissingCredentials`; without a status it is an answer of the Service. */
export function promiseOf({ comment }: ShellLine): { readonly status: number; readonly reason?: string } {
  const [, status, reason] = /^(\d{3})(?: ([A-Z][A-Za-z]+))?/.exec(comment) ?? [];
  if (status === undefined) return { status: 200 };
  return { status: Number(status), ...(reason === undefined ? {} : { reason }) };
}

/** Runs a `kubectl port-forward` with a free local port in place of the one that it names. */
export async function forwardPort(tools: Tools, command: string) {
  const free = command.replace(/ (?:\d+:)?(\d+)$/, ' :$1');
  if (free === command) throw new Error(`names no port: ${command}`);
  const child = spawn('sh', ['-c', `exec ${free}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...tools.environment },
  });
  const forwarding = /^Forwarding from 127\.0\.0\.1:(\d+) /;
  const line = await collectLines(child).line((text) => forwarding.test(text), FORWARD_DEADLINE_MS);
  return {
    port: Number(forwarding.exec(line)?.[1]),
    async stop(): Promise<void> {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
