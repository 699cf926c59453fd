/** The workloads, over the subjects that do them: processor time for each request, × that of nginx. */

import { loadOf, startSubject, type Bench } from './bench.ts';
import { measure, warmUp } from './load.ts';
import { inRounds } from './rounds.ts';
import { ratiosOf, type Row } from './row.ts';
import { isInstalled, type Running } from './running.ts';
import { spreadOf } from './statistics.ts';
import { SUBJECTS } from './subjects.ts';
import { workloadOf } from './workloads.ts';

const NATIVE_WARM_UP_SECONDS = 1;

/**
 * Starts the subjects for this workload alone: what V8 has learnt from another one is part of no row.
 *
 * @param named subjects; `undefined`: as each subject says
 */
export async function measureWorkload(
  bench: Bench,
  letter: string,
  named: readonly string[] | undefined,
): Promise<readonly Row[]> {
  const running = new Map<string, Running>();
  try {
    for (const name of subjectsOf(bench, letter, named)) {
      if (isAvailable(bench, name)) running.set(name, await startSubject(bench, name));
    }
    const costs = await costsOf(bench, letter, running);
    return [...costs].map(([name, micros]) => rowOf(letter, name, micros, costs));
  } finally {
    for (const each of running.values()) await each.close();
  }
}

function subjectsOf({ isFull }: Bench, letter: string, named?: readonly string[]): readonly string[] {
  return [...SUBJECTS]
    .filter(([name, { workloads, quick }]) => {
      const isChosen = named?.includes(name) ?? (isFull || quick.includes(letter));
      return isChosen && workloads.includes(letter);
    })
    .map(([name]) => name);
}

function isAvailable({ note }: Bench, name: string): boolean {
  const program = SUBJECTS.get(name)?.program;
  if (program === undefined || isInstalled(program)) return true;
  note(`${name} is left out: ${program} is not installed`);
  return false;
}

/** Microseconds of processor time for each request, a value for each round. */
async function costsOf(
  bench: Bench,
  letter: string,
  running: ReadonlyMap<string, Running>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const load = loadOf(bench, letter);
  for (const [name, each] of running) {
    const compiles = SUBJECTS.get(name)?.compilesAsItRuns === true;
    await warmUp(each, { ...load, seconds: compiles ? bench.warmUpSeconds : NATIVE_WARM_UP_SECONDS });
  }
  return await inRounds(bench.rounds, running, async (each) => (await measure(each, load)).cpuMicros);
}

function rowOf(
  letter: string,
  name: string,
  micros: readonly number[],
  costs: ReadonlyMap<string, readonly number[]>,
): Row {
  const { title, base } = SUBJECTS.get(name) ?? { title: name, base: '' };
  const { title: measure, target } = workloadOf(letter);
  const bases = costs.get(base);
  return {
    measure: `${letter}: ${measure}`,
    subject: title,
    unit: 'µs CPU/request',
    found: spreadOf(micros),
    ...(bases !== undefined && name !== base && { ratio: spreadOf(ratiosOf(micros, bases)), base: 'nginx' }),
    ...(name === 'oidc-ingress' && { target: `≤ ${target}` }),
  };
}
