/**
 * Two builds of the gateway against each other and nginx, each round in fresh processes: what V8 makes of the same sources
 * differs from process to process. Called by `compare.sh`.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { createKeyPair } from '../test/support/key-pair.ts';
import { startServe } from './gateway.ts';
import { HOST, startIssuer } from './issuer.ts';
import { measure, type Cost } from './load.ts';
import { startPassThrough, startUpstream } from './nginx.ts';
import { probe } from './probe.ts';
import { inRounds } from './rounds.ts';
import type { Running } from './running.ts';
import { formatSpread, spreadOf } from './statistics.ts';
import { workloadOf, type Workload } from './workloads.ts';

const { values } = parseArgs({
  options: {
    before: { type: 'string', default: '' },
    after: { type: 'string', default: '' },
    workload: { type: 'string', default: 'A' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '8' },
    connections: { type: 'string', default: '32' },
    'access-log': { type: 'string', default: 'all' },
  },
});
const accessLog = values['access-log'] === 'off' ? 'off' : 'all';

const issuer = await startIssuer();
const upstream = await startUpstream();
const surroundings = { issuer: issuer.url, upstreamPort: upstream.port, keyPair: createKeyPair(HOST) };
const mainOf = (directory: string): string => join(directory, 'dist', 'oidc-ingress.mjs');
const STARTS: Readonly<Record<string, () => Promise<Running>>> = {
  nginx: () => startPassThrough({ ...surroundings, hasAccessLog: accessLog === 'all' }),
  before: () => startServe({ ...surroundings, accessLog, main: mainOf(values.before) }),
  after: () => startServe({ ...surroundings, accessLog, main: mainOf(values.after) }),
};
try {
  for (const letter of values.workload.split(',')) {
    const workload = workloadOf(letter);
    console.log(`\n${letter}: ${workload.title}`);
    const costs = await inRounds(Number(values.rounds), Object.keys(STARTS), (name) =>
      measureFresh(name, workload),
    );
    report(costs);
  }
} finally {
  await Promise.all([upstream.close(), issuer.close()]);
}

async function measureFresh(name: string, workload: Workload): Promise<Cost> {
  const running = await STARTS[name]?.();
  if (running === undefined) throw new Error(`no subject ${name}`);
  const { credentials } = issuer;
  const load = { workload, credentials, connections: Number(values.connections) };
  try {
    await probe(running, workload, credentials);
    await measure(running, { ...load, seconds: name === 'nginx' ? 1 : Number(values.warmup) });
    return await measure(running, { ...load, seconds: Number(values.seconds) });
  } finally {
    await running.close();
  }
}

function report(costs: ReadonlyMap<string, readonly Cost[]>): void {
  const micros = (name: string): readonly number[] => costs.get(name)?.map((cost) => cost.cpuMicros) ?? [];
  const ratio = (name: string, base: string): string => {
    const bases = micros(base);
    const ratios = micros(name).map((value, round) => value / (bases[round] ?? Number.NaN));
    return formatSpread(spreadOf(ratios), 3).padStart(24);
  };
  for (const name of costs.keys()) {
    const cost = formatSpread(spreadOf(micros(name)), 1).padStart(22);
    console.log(
      `${name.padEnd(8)} ${cost} µs ${ratio(name, 'nginx')} × nginx ${ratio(name, 'before')} × before`,
    );
  }
}
