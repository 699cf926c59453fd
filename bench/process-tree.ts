/** What a process and everything that it started have used, threads included, from /proc of Linux. */

import { readdirSync, readFileSync } from 'node:fs';

const NUMBER = /^[0-9]+$/;

/** Microseconds on a processor so far. */
export function cpuMicros(rootPid: number): number {
  return [...cpuMicrosByThread(rootPid).values()].reduce((sum, micros) => sum + micros, 0);
}

/** The same for each thread, by its ID. What has ended is not counted. */
export function cpuMicrosByThread(rootPid: number): ReadonlyMap<string, number> {
  const threads = processTree(rootPid).flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => ({
      thread,
      file: `/proc/${pid}/task/${thread}/schedstat`,
    })),
  );
  // The nanoseconds of the scheduler: `stat` counts in hundredths of a second.
  return new Map(
    threads.map(({ thread, file }) => [thread, Number(readFileSync(file, 'utf8').split(' ')[0]) / 1_000]),
  );
}

export function threadName(thread: string): string {
  return readFileSync(`/proc/${thread}/comm`, 'utf8').trim();
}

/** Memory that is resident, in MB; what several processes share counts in each. */
export function residentMegabytes(rootPid: number): number {
  const kilobytes = processTree(rootPid).map((pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
  );
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1_024;
}

function processTree(rootPid: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => NUMBER.test(name))
    .flatMap((name) => parentOf(Number(name)));
  const tree: number[] = [];
  const waiting = [rootPid];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    tree.push(pid);
    for (const child of parents) if (child.parent === pid) waiting.push(child.pid);
  }
  return tree;
}

/** Nothing for a process that has ended meanwhile. */
function parentOf(pid: number): readonly { readonly pid: number; readonly parent: number }[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command may hold spaces and parentheses: the numbers come after the last one.
    const [, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return [{ pid, parent: Number(parent) }];
  } catch {
    return [];
  }
}
