/** The pauses of the threads of a gateway, as `pause-probe.ts` writes them down. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The variable of the environment that names the file. */
export const PAUSES_FILE = 'BENCH_PAUSES_FILE';

/** Until what was seen is written. */
const SETTLE_MS = 500;

export interface Pause {
  readonly thread: string;
  /** When it was over, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly pauseMs: number;
  /** What the thread itself computed meanwhile. */
  readonly ownMs: number;
}

export interface PauseLog {
  /** To be set for the gateway. */
  readonly environment: Readonly<Record<string, string>>;
  /** Pauses of all threads that were over at `fromMs` or later. */
  since(fromMs: number): Promise<readonly Pause[]>;
  close(): void;
}

/** `nodeOptions`: others to be set. */
export function openPauseLog(nodeOptions: string): PauseLog {
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-pauses-'));
  const file = join(directory, 'pauses');
  writeFileSync(file, '');
  const probe = new URL('pause-probe.ts', import.meta.url).href;
  return {
    environment: { [PAUSES_FILE]: file, NODE_OPTIONS: `${nodeOptions} --import=${probe}` },
    async since(fromMs) {
      await pause(SETTLE_MS);
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Pause).filter(({ atMs }) => atMs >= fromMs);
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}
