/**
 * What a second proxy thread gives. Two cores have no room for two busy threads beside callers and upstream, so it is
 * reckoned from processor time: a thread that spends t on each request of the whole gateway is the limit at 1/t requests
 * a second, and the gateway is at its limit when the busiest thread is. Each thread has as many callers.
 */

import { loadOf, type Bench } from '../bench.ts';
import { startServe } from '../gateway.ts';
import { measure, warmUp, type Load } from '../load.ts';
import { cpuMicrosByThread } from '../process-tree.ts';
import { inRounds } from '../rounds.ts';
import { ratiosOf, type Row } from '../row.ts';
import type { Running } from '../running.ts';
import { spreadOf } from '../statistics.ts';

const TITLE = 'busiest thread, A';
const TARGET = 1.8;

interface Case {
  readonly running: Running;
  readonly load: Load;
}

export async function measureThreads(bench: Bench): Promise<readonly Row[]> {
  const { surroundings, warmUpSeconds, rounds, main } = bench;
  const options = { ...surroundings, accessLog: 'all', main } as const;
  const cases = new Map<string, Case>();
  try {
    for (const workers of [1, 2]) {
      const running = await startServe({ ...options, workers });
      const load = loadOf(bench, 'A');
      cases.set(String(workers), { running, load: { ...load, connections: workers * load.connections } });
    }
    for (const { running, load } of cases.values()) {
      await warmUp(running, { ...load, seconds: warmUpSeconds });
    }
    const micros = await inRounds(rounds, cases, (each) => busiestMicros(each));
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
    for (const { running } of cases.values()) await running.close();
  }
}

async function busiestMicros({ running, load }: Case): Promise<number> {
  const before = cpuMicrosByThread(running.pid);
  const { requests } = await measure(running, load);
  const spent = [...cpuMicrosByThread(running.pid)].map(
    ([thread, micros]) => micros - (before.get(thread) ?? 0),
  );
  return Math.max(...spent) / requests;
}
