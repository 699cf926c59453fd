/**
 * What a second proxy thread gives. Two cores have no room for two busy threads beside callers and upstream, so it is
 * reckoned from processor time: a thread that spends t on each request of the whole gateway is the limit at 1/t requests
 * a second, and the gateway is at its limit when the busiest thread is.
 */

import { loadOf, type Bench } from '../bench.ts';
import { startServe } from '../gateway.ts';
import { measure, warmUp } from '../load.ts';
import { cpuMicrosByThread } from '../process-tree.ts';
import { inRounds } from '../rounds.ts';
import { ratiosOf, type Row } from '../row.ts';
import type { Running } from '../running.ts';
import { spreadOf } from '../statistics.ts';

const TITLE = 'busiest thread, A';
const TARGET = 1.8;

export async function measureThreads(bench: Bench): Promise<readonly Row[]> {
  const { surroundings, warmUpSeconds, rounds, main } = bench;
  const load = loadOf(bench, 'A');
  const options = { ...surroundings, accessLog: 'all', main } as const;
  const running = new Map<string, Running>();
  try {
    for (const workers of [1, 2]) running.set(String(workers), await startServe({ ...options, workers }));
    for (const each of running.values()) await warmUp(each, { ...load, seconds: warmUpSeconds });
    const micros = await inRounds(rounds, running, async (each) => await busiestMicros(each, load));
    const [one = [], two = []] = micros.values();
    return [
      { measure: TITLE, subject: 'one proxy thread', unit: 'µs CPU/request', found: spreadOf(one) },
      {
        measure: TITLE,
        subject: 'two proxy threads',
        unit: 'µs CPU/request',
        found: spreadOf(two),
        // Turned over: of what is possible in a second.
        ratio: spreadOf(ratiosOf(one, two)),
        base: 'as many requests',
        target: `≥ ${TARGET}`,
      },
    ];
  } finally {
    for (const each of running.values()) await each.close();
  }
}

async function busiestMicros(running: Running, load: Parameters<typeof measure>[1]): Promise<number> {
  const before = cpuMicrosByThread(running.pid);
  const { requests } = await measure(running, load);
  const spent = [...cpuMicrosByThread(running.pid)].map(
    ([thread, micros]) => micros - (before.get(thread) ?? 0),
  );
  return Math.max(...spent) / requests;
}
