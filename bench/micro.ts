/**
 * Nanoseconds of processor time for the parts of a request: `node bench/micro.ts [--case=match,digest] [--processes=5]`. Each figure is the
 * median over fresh processes, in another order each time.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { CASES, type Turn } from './micro-cases.ts';
import { inRounds } from './rounds.ts';
import { formatSpread, spreadOf } from './statistics.ts';

const WARM_UP_MS = 1_000;
const BATCH_MICROS = 50_000;
const BATCHES = 21;

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: [...CASES.keys()].join() },
    processes: { type: 'string', default: '5' },
    // How this file calls itself.
    alone: { type: 'string' },
  },
});

if (values.alone === undefined) await measureAll();
else process.send?.(await measureHere(values.alone));

async function measureAll(): Promise<void> {
  const names = new Map(values.case.split(',').map((name) => [name, titleOf(name)]));
  const found = await inRounds(Number(values.processes), names, (_, name) => measureAlone(name));
  console.log(`node ${process.version}, ns CPU, median of ${values.processes} processes (least–most)`);
  for (const [name, title] of names) {
    console.log(`${title.padEnd(50)} ${formatSpread(spreadOf(found.get(name) ?? []), 0).padStart(36)}`);
  }
}

function titleOf(name: string): string {
  const title = CASES.get(name)?.title;
  if (title !== undefined) return title;
  throw new Error(`--case: ${JSON.stringify(name)} is none of ${[...CASES.keys()].join(', ')}`);
}

async function measureAlone(name: string): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [`--alone=${name}`]);
  const exited = once(child, 'exit');
  const [nanoseconds] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error(`${name} ended without a figure`))),
  ])) as [number];
  await exited;
  return nanoseconds;
}

/** @returns nanoseconds for one turn */
async function measureHere(name: string): Promise<number> {
  const turn = await CASES.get(name)?.prepare();
  if (turn === undefined) throw new Error(`no case ${name}`);
  let [turns, next] = [1, 0];
  const batchMicros = async (): Promise<number> => {
    // Of all threads: jose verifies in another one. Unlike the time it is the same beside other processes.
    const start = process.cpuUsage();
    next = await repeat(turn, next, turns);
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  const endMs = performance.now() + WARM_UP_MS;
  // So many turns that the clock is exact enough.
  for (let micros = 0; micros < BATCH_MICROS / 2 || performance.now() < endMs;) {
    micros = await batchMicros();
    if (micros < BATCH_MICROS / 2) turns *= 2;
  }
  const batches: number[] = [];
  while (batches.length < BATCHES) batches.push((await batchMicros()) / turns);
  return spreadOf(batches).median * 1_000;
}

/** @returns the number of the next turn */
async function repeat(turn: Turn, first: number, turns: number): Promise<number> {
  const end = first + turns;
  for (let index = first; index < end; index += 1) {
    const result = turn(index);
    if (result instanceof Promise) await result;
  }
  return end;
}
