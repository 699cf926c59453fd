/** What compiling a large cluster costs: at first, again with nothing changed, and after one change of each kind. */

import { loadavg } from 'node:os';

import { compile } from '../src/compile/compile.ts';
import { applyDelta, diffTables } from '../src/compile/delta.ts';
import { createMatcher } from '../src/match/matcher.ts';
import {
  cluster,
  ENDPOINTS,
  ingress,
  OPTIONS,
  PATHS,
  POLICIES,
  policy,
  put,
  slice,
} from './cluster-objects.ts';

const INGRESSES = 5_000;
const RUNS = 15;

/** The least of several runs is what it costs; the median also what other processes cost. */
function time(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function report(name: string, ms: readonly number[]): void {
  const sorted = ms.toSorted((a, b) => a - b);
  const [median = 0] = sorted.slice(sorted.length >> 1);
  const round = (value = 0): string => value.toFixed(2).padStart(8);
  console.log(`${name.padEnd(44)} ${round(median)} ms  (${round(sorted[0])} to ${round(sorted.at(-1))})`);
}

const CHANGES: readonly { readonly name: string; readonly change: (run: number) => object }[] = [
  { name: 'an EndpointSlice', change: (run) => slice(run, 100 + run) },
  { name: 'an Ingress', change: (run) => ingress(run, `/changed-${run}`) },
  { name: 'a policy of 25 Ingresses', change: (run) => policy(run, `scope-${run}`) },
];

const store = cluster(INGRESSES);
let table = compile(store.snapshot(), OPTIONS).table;
console.log(
  `${INGRESSES} Ingresses of ${PATHS} paths, ${INGRESSES} Services, ${INGRESSES * ENDPOINTS} endpoints, ${POLICIES} policies; medians of ${RUNS} and their range; load average ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
report(
  'compile objects never seen before',
  Array.from({ length: RUNS }, () => {
    const fresh = cluster(INGRESSES).snapshot();
    return time(() => compile(fresh, OPTIONS));
  }),
);
report(
  'compile again, nothing changed',
  Array.from({ length: RUNS }, () => time(() => compile(store.snapshot(), OPTIONS))),
);
for (const { name, change } of CHANGES) {
  const compiled: number[] = [];
  const diffed: number[] = [];
  const applied: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    put(store, change(run));
    const snapshot = store.snapshot();
    let next = table;
    compiled.push(time(() => (next = compile(snapshot, OPTIONS).table)));
    let delta = diffTables(table, table);
    diffed.push(time(() => (delta = diffTables(table, next))));
    applied.push(time(() => createMatcher(applyDelta(table, delta))));
    table = next;
  }
  report(`compile after a change of ${name}`, compiled);
  report('  difference to the table before', diffed);
  report('  in a proxy thread', applied);
}
