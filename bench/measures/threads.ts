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
    const found = await inRounds(rounds, cases, (each) => limitOf(each));
    return [
      ...rowsOf(found, { measure: 'busiest thread, A', unit: 'µs CPU/request' }, 'micros'),
      ...rowsOf(found, { measure: 'requests answered, A', unit: '/s' }, 'perSecond'),
    ];
  } finally {
    for (const { running } of cases.values()) await running.close();
  }
}

interface Limit {
  /** Of the busiest thread, for each request of the whole gateway. */
  readonly micros: number;
  readonly perSecond: number;
}

async function limitOf({ running, load }: Case): Promise<Limit> {
  const before = cpuMicrosByThread(running.pid);
  const { requests } = await measure(running, load);
  const spent = [...cpuMicrosByThread(running.pid)].map(
    ([thread, micros]) => micros - (before.get(thread) ?? 0),
  );
  return { micros: Math.max(...spent) / requests, perSecond: requests / load.seconds };
}

function rowsOf(
  found: ReadonlyMap<string, readonly Limit[]>,
  row: Pick<Row, 'measure' | 'unit'>,
  member: keyof Limit,
): readonly Row[] {
  const [one = [], two = []] = [...found.values()].map((limits) => limits.map((limit) => limit[member]));
  // A time is turned over: both ratios say how much more is possible.
  const ratios = member === 'micros' ? ratiosOf(one, two) : ratiosOf(two, one);
  return [
    { ...row, subject: 'one proxy thread', found: spreadOf(one) },
    {
      ...row,
      subject: 'two proxy threads',
      found: spreadOf(two),
      ratio: spreadOf(ratios),
      base: 'as many requests',
      ...(member === 'micros' && { target: `≥ ${TARGET}` }),
    },
  ];
}
