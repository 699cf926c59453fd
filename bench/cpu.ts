/** CPU time of a process and everything that it started, threads included, from /proc. */

import { readdirSync, readFileSync } from 'node:fs';

/** `sysconf(_SC_CLK_TCK)` on every Linux that matters. */
const TICKS_PER_SECOND = 100;

/** Microseconds of user and system time so far. */
export function cpuMicros(rootPid: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(readStat);
  let ticks = 0;
  const waiting = [rootPid];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    for (const process of processes) {
      if (process?.pid === pid) ticks += process.ticks;
      if (process?.parent === pid) waiting.push(process.pid);
    }
  }
  return (ticks * 1_000_000) / TICKS_PER_SECOND;
}

function readStat(
  name: string,
): { readonly pid: number; readonly parent: number; readonly ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    // The command may hold spaces and parentheses: the numbers come after the last one.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { pid: Number(name), parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) };
  } catch {
    return undefined;
  }
}
