/** The gateway as its users start it: the command in a process of its own, on free ports of loopback. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cmd/oidc-ingress/main.ts', import.meta.url));
const START_DEADLINE_MS = 60_000;

export interface GatewayPorts {
  readonly http: number;
  readonly https: number;
  readonly admin: number;
}

export interface Gateway {
  readonly ports: GatewayPorts;
  readonly process: ChildProcess;
  /** Everything written to standard output and standard error so far, by line. */
  readonly lines: readonly string[];
  /** The first line, past or to come, that `isWanted` accepts; rejects after `deadlineMs`. */
  line(isWanted: (line: string) => boolean, deadlineMs?: number): Promise<string>;
  /** Sends SIGTERM and waits for the end. @returns the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `oidc-ingress serve` with `flags` and waits until it says that it is ready. `main`: its module. */
export async function startGateway(
  flags: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  main = MAIN,
): Promise<Gateway> {
  const child = spawn(
    process.execPath,
    [
      main,
      'serve',
      '--http-address=127.0.0.1:0',
      '--https-address=127.0.0.1:0',
      '--admin-address=127.0.0.1:0',
      ...['--workers=2', '--drain-delay=0s'].filter((flag) => !isGiven(flags, flag)),
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } },
  );
  const output = collectLines(child);
  const isReady = (line: string): boolean => line.includes('"msg":"ready"');
  const readyLine = await output.line(isReady, START_DEADLINE_MS).catch((error: unknown) => {
    // Left alone it would keep the test waiting long after it has failed.
    child.kill('SIGKILL');
    throw error;
  });
  const { http, https, admin } = JSON.parse(readyLine) as GatewayPorts;
  return {
    ports: { http, https, admin },
    process: child,
    lines: output.lines,
    line: output.line,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

function isGiven(flags: readonly string[], flag: string): boolean {
  const [name = ''] = flag.split('=');
  return flags.some((given) => given.startsWith(`${name}=`));
}

/** Lines of a process as they come. */
export function collectLines(child: ChildProcess): Pick<Gateway, 'lines' | 'line'> {
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const take = (line: string): void => {
    lines.push(line);
    for (const waiter of waiting) waiter(line);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', take);
  }
  return {
    lines,
    line(isWanted, deadlineMs = 10_000) {
      const known = lines.find(isWanted);
      if (known !== undefined) return Promise.resolve(known);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const waiter = (line: string): void => {
        if (isWanted(line)) resolve(line);
      };
      const fail = (why: string): void =>
        reject(new Error(`${why}; output so far:\n${lines.slice(-40).join('\n')}`));
      const timer = setTimeout(fail, deadlineMs, `no such line within ${deadlineMs} ms`);
      const onExit = (code: number | null): void => fail(`the process ended with code ${code}`);
      waiting.add(waiter);
      child.once('exit', onExit);
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(waiter);
        child.off('exit', onExit);
      });
    },
  };
}
