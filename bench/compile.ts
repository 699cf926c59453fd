/**
 * What compiling a large cluster costs in processor time: at first, with cold code and again, and after one change of each
 * kind; then what the change costs a proxy thread. `node bench/compile.ts`
 */

import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';

import { compile } from '../src/compile/compile.ts';
import { createDeltaAssembly, splitDelta } from '../src/compile/delta-parts.ts';
import { diffTables, type TableDelta } from '../src/compile/delta.ts';
import { readAhead } from '../src/compile/read-ahead.ts';
import type { Snapshot } from '../src/model/objects.ts';
import { emptyTable } from '../src/model/table.ts';
import { changedRouting, emptyRouting } from '../src/proxy/routing.ts';
import { DEFAULT_OPTIONS } from '../test/support/snapshot.ts';
import { cluster, ENDPOINTS, ingress, PATHS, POLICIES, policy, put, slice } from './cluster-objects.ts';

const INGRESSES = 5_000;
const RUNS = 15;
/** Compiles once, in a process of its own, and prints what it cost. */
const COLD = '--cold';

const CHANGES: readonly { readonly name: string; readonly change: (run: number) => object }[] = [
  { name: 'an EndpointSlice', change: (run) => slice(run, 100 + run) },
  { name: 'an Ingress', change: (run) => ingress(run, `/changed-${run}`) },
  { name: 'a policy of 25 Ingresses', change: (run) => policy(run, `scope-${run}`) },
];

if (process.argv.includes(COLD)) {
  const snapshot = asItArrives();
  console.log(cpuMs(() => compile(snapshot, DEFAULT_OPTIONS)));
} else {
  const load = loadavg().map((average) => average.toFixed(1));
  console.log(
    `${INGRESSES} Ingresses of ${PATHS} paths, ${INGRESSES} Services, ${INGRESSES * ENDPOINTS} endpoints, ${POLICIES} policies; medians of ${RUNS} and their range; load average ${load.join(' ')}`,
  );
  report('the first compile of a process', repeat(compileCold));
  measureWhole();
  measureChanges();
}

/** Every object is read when it arrives, before the first compile. */
function asItArrives(): Snapshot {
  const snapshot = cluster(INGRESSES).snapshot();
  readAll(snapshot);
  return snapshot;
}

function readAll({ ingresses, endpointSlices }: Snapshot): void {
  for (const decoded of ingresses.values()) readAhead({ kind: 'Ingress', decoded });
  for (const decoded of endpointSlices.values()) readAhead({ kind: 'EndpointSlice', decoded });
}

function compileCold(): number {
  return Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), COLD], { encoding: 'utf8' }));
}

function measureWhole(): void {
  const store = cluster(INGRESSES);
  const reads = repeat(() => {
    const snapshot = cluster(INGRESSES).snapshot();
    return cpuMs(() => readAll(snapshot));
  });
  report('reading the objects as they arrive', reads);
  const news = repeat(() => {
    const snapshot = asItArrives();
    return cpuMs(() => compile(snapshot, DEFAULT_OPTIONS));
  });
  report('compile objects never seen before', news);
  const { table } = compile(store.snapshot(), DEFAULT_OPTIONS);
  report(
    'compile again, nothing changed',
    repeat(() => cpuMs(() => compile(store.snapshot(), DEFAULT_OPTIONS))),
  );
  measureFirstTable(diffTables(emptyTable(), table));
}

/** As a proxy thread takes it: unpacked part by part, then served in one turn. */
function measureFirstTable(delta: TableDelta): void {
  const { parts, last } = splitDelta(delta);
  const packed = parts.map((part) => serialize(part));
  const assembly = createDeltaAssembly();
  const unpacking = cpuMs(() => {
    for (const bytes of packed) assembly.add(deserialize(bytes) as TableDelta);
  });
  report(`a part of the first table, of ${parts.length}, on average`, [unpacking / parts.length]);
  report('the first table served', [cpuMs(() => changedRouting(emptyRouting(), assembly.finish(last)))]);
}

function measureChanges(): void {
  const store = cluster(INGRESSES);
  let { table } = compile(store.snapshot(), DEFAULT_OPTIONS);
  let routing = changedRouting(emptyRouting(), structuredClone(diffTables(emptyTable(), table)));
  for (const { name, change } of CHANGES) {
    const compiled: number[] = [];
    const tables = [table];
    for (let run = 0; run < RUNS; run += 1) {
      put(store, change(run));
      const snapshot = store.snapshot();
      compiled.push(cpuMs(() => tables.push(compile(snapshot, DEFAULT_OPTIONS).table)));
    }
    table = tables.at(-1) ?? table;
    const packed: Buffer[] = [];
    const diffing = cpuMs(() => {
      tables.reduce((before, next) => (packed.push(serialize(diffTables(before, next))), next));
    });
    const applying = cpuMs(() => {
      for (const bytes of packed) routing = changedRouting(routing, deserialize(bytes) as TableDelta);
    });
    report(`compile after a change of ${name}`, compiled);
    report('  difference to the table before, on average', [diffing / RUNS]);
    report('  in a proxy thread, on average', [applying / RUNS]);
  }
}

function repeat(run: () => number): readonly number[] {
  return Array.from({ length: RUNS }, run);
}

/** Of this thread only: what other processes take does not count. The clock of the kernel is too coarse for less than 4 ms. */
function cpuMs(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

function report(name: string, ms: readonly number[]): void {
  const sorted = ms.toSorted((a, b) => a - b);
  const [median = 0] = sorted.slice(sorted.length >> 1);
  const round = (value = 0): string => value.toFixed(2).padStart(8);
  console.log(`${name.padEnd(52)} ${round(median)} ms  (${round(sorted[0])} to ${round(sorted.at(-1))})`);
}
