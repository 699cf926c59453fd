/** What a measure is given. */

import type { Load } from './load.ts';
import type { Running } from './running.ts';
import { SUBJECTS } from './subjects.ts';
import type { Surroundings } from './surroundings.ts';
import { workloadOf } from './workloads.ts';

export interface Bench {
  readonly surroundings: Surroundings;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly isFull: boolean;
  /** Module of the gateway. `undefined`: the production bundle. */
  readonly main: string | undefined;
  /** Tells what goes on. */
  readonly note: (text: string) => void;
}

export async function startSubject(bench: Bench, name: string): Promise<Running> {
  const subject = SUBJECTS.get(name);
  if (subject === undefined) throw new Error(`no subject ${name}`);
  return await subject.start({ ...bench.surroundings, main: bench.main });
}

export function loadOf({ surroundings, connections, seconds }: Bench, letter: string): Load {
  const { credentials } = surroundings.issuer;
  return { workload: workloadOf(letter), credentials, connections, seconds };
}
