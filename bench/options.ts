/** The arguments of `npm run bench`. */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { MEASURES } from './measures.ts';
import { SUBJECTS } from './subjects.ts';
import { WORKLOADS } from './workloads.ts';

export interface BenchOptions {
  /** Letters. */
  readonly workloads: readonly string[];
  /** Of the workloads. `undefined`: as each subject says. */
  readonly subjects: readonly string[] | undefined;
  readonly measures: readonly string[];
  readonly rounds: number;
  /** Of one run in a round. */
  readonly seconds: number;
  /** Of load before the first round, for subjects that compile while they run. */
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly isFull: boolean;
  /** Module of the gateway. `undefined`: the production bundle. */
  readonly main: string | undefined;
  /** Directory that the result is written to. */
  readonly results: string;
}

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
// Short rounds: what disturbs the machine for a while then meets both sides of a ratio.
const QUICK = { rounds: '7', seconds: '1', 'warm-up': '6' };
/** Until the compilers of V8 have nothing left to do: their work is no cost of a request. */
const FULL = { rounds: '15', seconds: '2', 'warm-up': '12' };

/** @throws on what is not known */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: 'string' },
      subject: { type: 'string' },
      measure: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      connections: { type: 'string', default: '32' },
      full: { type: 'boolean', default: false },
      main: { type: 'string' },
      results: { type: 'string', default: RESULTS },
    },
  });
  const length = values.full ? FULL : QUICK;
  const { workload, subject, measure } = values;
  // Who names one kind wants only that.
  const isAny = workload === undefined && subject === undefined && measure === undefined;
  return {
    workloads: names('workload', workload, WORKLOADS, isAny || subject !== undefined),
    subjects: subject === undefined ? undefined : names('subject', subject, SUBJECTS, false),
    measures: names('measure', measure, MEASURES, isAny),
    rounds: count('rounds', values.rounds ?? length.rounds),
    seconds: count('seconds', values.seconds ?? length.seconds),
    warmUpSeconds: count('warm-up', values['warm-up'] ?? length['warm-up'], 0),
    connections: count('connections', values.connections),
    isFull: values.full,
    main: values.main,
    results: values.results,
  };
}

function names(
  flag: string,
  given: string | undefined,
  known: ReadonlyMap<string, unknown>,
  isAllByDefault: boolean,
): readonly string[] {
  if (given === undefined) return isAllByDefault ? [...known.keys()] : [];
  const wanted = given.split(',');
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown === undefined) return wanted;
  throw new Error(`--${flag}: ${JSON.stringify(unknown)} is none of ${[...known.keys()].join(', ')}`);
}

function count(flag: string, text: string, least = 1): number {
  if (/^[0-9]+$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`--${flag}: ${JSON.stringify(text)} is no whole number from ${least} on`);
}
