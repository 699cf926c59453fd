/** Whether a request costs more where there are many routes: one of them asked again and again, and all in turn. */

import { loadOf, type Bench } from '../bench.ts';
import { startServe } from '../gateway.ts';
import { measure, warmUp, type Load } from '../load.ts';
import { inRounds } from '../rounds.ts';
import { ratiosOf, type Row } from '../row.ts';
import type { Running } from '../running.ts';
import { spreadOf } from '../statistics.ts';

const FEW = 20;
const MANY = 20_000;
const TARGET = 1.05;

export async function measureRoutes(bench: Bench): Promise<readonly Row[]> {
  const { surroundings, main } = bench;
  const options = { ...surroundings, accessLog: 'all', main } as const;
  const running = new Map<number, Running>();
  try {
    for (const routes of [FEW, MANY]) running.set(routes, await startServe({ ...options, routes }));
    return [
      ...(await compare(bench, running, 'one route asked', false)),
      ...(await compare(bench, running, 'all routes asked in turn', true)),
    ];
  } finally {
    for (const each of running.values()) await each.close();
  }
}

async function compare(
  bench: Bench,
  running: ReadonlyMap<number, Running>,
  title: string,
  isInTurn: boolean,
): Promise<readonly Row[]> {
  const { warmUpSeconds, rounds } = bench;
  const loads = new Map<string, { readonly each: Running; readonly load: Load }>();
  for (const [routes, each] of running) {
    const load = { ...loadOf(bench, 'A'), ...(isInTurn && { routes }) };
    await warmUp(each, { ...load, seconds: warmUpSeconds });
    loads.set(String(routes), { each, load });
  }
  const costs = await inRounds(
    rounds,
    loads,
    async ({ each, load }) => (await measure(each, load)).cpuMicros,
  );
  const [few = [], many = []] = costs.values();
  const row = { measure: title, unit: 'µs CPU/request' };
  return [
    { ...row, subject: `${FEW} routes`, found: spreadOf(few) },
    {
      ...row,
      subject: `${MANY} routes`,
      found: spreadOf(many),
      ratio: spreadOf(ratiosOf(many, few)),
      base: `${FEW} routes`,
      target: `≤ ${TARGET}`,
    },
  ];
}
