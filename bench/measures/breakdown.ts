/** Which threads of the gateway spend the processor time of a request. */

import { loadOf, startSubject, type Bench } from '../bench.ts';
import { measure, warmUp, type Load } from '../load.ts';
import { cpuMicrosByThread, threadName } from '../process-tree.ts';
import type { Row } from '../row.ts';
import type { Running } from '../running.ts';
import { spreadOf } from '../statistics.ts';

/** By the name that Node and the gateway give to a thread. Order: that of the rows. */
const PARTS: readonly (readonly [part: string, name: RegExp])[] = [
  ['proxy thread', /^proxy-/],
  ['V8: garbage, compilers', /V8Worker/],
  ['control thread: broker, log', /MainThread/],
  ['others', /^/],
];

export async function measureBreakdown(bench: Bench): Promise<readonly Row[]> {
  const load = loadOf(bench, 'A');
  const running = await startSubject(bench, 'oidc-ingress');
  try {
    await warmUp(running, { ...load, seconds: bench.warmUpSeconds });
    const rounds: ReadonlyMap<string, number>[] = [];
    while (rounds.length < bench.rounds) rounds.push(await microsByPart(running, load));
    return PARTS.map(([part]) => ({
      measure: 'a request by thread, A',
      subject: part,
      unit: 'µs CPU/request',
      found: spreadOf(rounds.map((round) => round.get(part) ?? 0)),
    }));
  } finally {
    await running.close();
  }
}

/** For each request. */
async function microsByPart(running: Running, load: Load): Promise<ReadonlyMap<string, number>> {
  const before = cpuMicrosByThread(running.pid);
  const { requests } = await measure(running, load);
  const parts = new Map<string, number>();
  for (const [thread, micros] of cpuMicrosByThread(running.pid)) {
    const name = threadName(thread);
    const part = PARTS.find(([, pattern]) => pattern.test(name))?.[0] ?? '';
    parts.set(part, (parts.get(part) ?? 0) + (micros - (before.get(thread) ?? 0)) / requests);
  }
  return parts;
}
