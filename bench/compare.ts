/**
 * Two builds of the gateway against each other and nginx, each round in fresh processes: what V8 makes of the same sources
 * differs from process to process. Called by `compare.sh`.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startServe } from './gateway.ts';
import { measure, warmUp } from './load.ts';
import { startPassThrough } from './nginx.ts';
import { inRounds } from './rounds.ts';
import { ratiosOf } from './row.ts';
import type { Running } from './running.ts';
import { formatSpread, spreadOf } from './statistics.ts';
import { startSurroundings } from './surroundings.ts';
import { workloadOf, type Workload } from './workloads.ts';

const { values } = parseArgs({
  options: {
    before: { type: 'string', default: '' },
    after: { type: 'string', default: '' },
    workload: { type: 'string', default: 'A' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    'warm-up': { type: 'string', default: '8' },
    connections: { type: 'string', default: '32' },
    'access-log': { type: 'string', default: 'all' },
  },
});
const accessLog = values['access-log'] === 'off' ? 'off' : 'all';

const surroundings = await startSurroundings();
const mainOf = (directory: string): string => join(directory, 'dist', 'oidc-ingress.mjs');
const starts = new Map<string, () => Promise<Running>>([
  ['nginx', () => startPassThrough({ ...surroundings, hasAccessLog: accessLog === 'all' })],
  ['before', () => startServe({ ...surroundings, accessLog, main: mainOf(values.before) })],
  ['after', () => startServe({ ...surroundings, accessLog, main: mainOf(values.after) })],
]);
try {
  for (const letter of values.workload.split(',')) {
    const workload = workloadOf(letter);
    console.log(`\n${letter}: ${workload.title}`);
    report(
      await inRounds(Number(values.rounds), starts, (start, name) => microsOfFresh(start, name, workload)),
    );
  }
} finally {
  await surroundings.close();
}

async function microsOfFresh(
  start: () => Promise<Running>,
  name: string,
  workload: Workload,
): Promise<number> {
  const running = await start();
  const { credentials } = surroundings.issuer;
  const load = { workload, credentials, connections: Number(values.connections) };
  try {
    await warmUp(running, { ...load, seconds: name === 'nginx' ? 1 : Number(values['warm-up']) });
    return (await measure(running, { ...load, seconds: Number(values.seconds) })).cpuMicros;
  } finally {
    await running.close();
  }
}

function report(micros: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, found] of micros) {
    const ratio = (base: string): string =>
      formatSpread(spreadOf(ratiosOf(found, micros.get(base) ?? [])), 3).padStart(24);
    const cost = formatSpread(spreadOf(found), 1).padStart(22);
    console.log(`${name.padEnd(8)} ${cost} µs ${ratio('nginx')} × nginx ${ratio('before')} × before`);
  }
}
