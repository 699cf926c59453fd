/**
 * What a request costs, here and elsewhere: `npm run bench`, in six minutes, or `npm run bench -- --full` in forty. Needs
 * nginx and wrk; a peer that is not installed is left out. `--workload=A,B`, `--subject=nginx,oidc-ingress` and
 * `--measure=latency,idle` choose; `--rounds`, `--seconds`, `--warm-up` and `--connections` say how long and how wide.
 */

import type { Bench } from './bench.ts';
import { describeMachine } from './machine.ts';
import { MEASURES } from './measures.ts';
import { readOptions } from './options.ts';
import { formatResult, writeResult, type Result } from './report.ts';
import type { Row } from './row.ts';
import { isInstalled } from './running.ts';
import { startSurroundings } from './surroundings.ts';
import { measureWorkload } from './workload-rows.ts';

/** The upstream, and the callers. */
const NEEDED = ['nginx', 'wrk'];

const options = readOptions(process.argv.slice(2));
const missing = NEEDED.filter((program) => !isInstalled(program));
if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`);
const machine = describeMachine();
const startMs = performance.now();
const surroundings = await startSurroundings();
const bench: Bench = { ...options, surroundings, note };
const jobs = new Map<string, () => Promise<readonly Row[]>>();
for (const letter of options.workloads) {
  jobs.set(letter, () => measureWorkload(bench, letter, options.subjects));
}
for (const name of options.measures) {
  const measure = MEASURES.get(name);
  if (measure !== undefined) jobs.set(name, () => measure(bench));
}
const rows: Row[] = [];
for (const [name, job] of jobs) {
  note(name);
  try {
    rows.push(...(await job()));
  } catch (error) {
    // What was found until here took minutes.
    note(`${name} failed: ${String(error)}`);
    process.exitCode = 1;
  }
}
await surroundings.close();
const { rounds, seconds, warmUpSeconds, connections } = options;
const result: Result = {
  date: new Date(),
  machine,
  conditions: `${connections} connections, ${rounds} rounds of ${seconds} s after ${warmUpSeconds} s of load.`,
  rows,
};
console.log(formatResult(result));
note(`written to ${writeResult(options.results, result)}.md and .json`);

function note(text: string): void {
  const elapsed = Math.round((performance.now() - startMs) / 1_000);
  process.stderr.write(`${String(elapsed).padStart(4)} s  ${text}\n`);
}
