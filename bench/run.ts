/**
 * Processor time for each request, as ratios to nginx: `npm run bench -- [--workload=A,B] [--subject=nginx,oidc-ingress]
 * [--rounds=3] [--seconds=3] [--connections=32]`.
 */

import { parseArgs } from 'node:util';

import { createKeyPair } from '../test/support/key-pair.ts';
import { HOST, startIssuer } from './issuer.ts';
import { measure, type Cost } from './load.ts';
import { startUpstream } from './nginx.ts';
import { probe } from './probe.ts';
import { inRounds } from './rounds.ts';
import { isInstalled, type Running } from './running.ts';
import { formatSpread, spreadOf } from './statistics.ts';
import { SUBJECTS, type Surroundings } from './subjects.ts';
import { WORKLOADS } from './workloads.ts';

const { values } = parseArgs({
  options: {
    workload: { type: 'string', default: [...WORKLOADS.keys()].join() },
    subject: { type: 'string', default: [...SUBJECTS.keys()].join() },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
  },
});

const issuer = await startIssuer();
const upstream = await startUpstream();
const surroundings: Surroundings = {
  issuer: issuer.url,
  upstreamPort: upstream.port,
  keyPair: createKeyPair(HOST),
};
const running = new Map<string, Running>();
try {
  for (const name of values.subject.split(',')) {
    const subject = SUBJECTS.get(name);
    if (subject === undefined) throw new Error(`--subject: ${JSON.stringify(name)} is not known`);
    if (subject.program !== undefined && !isInstalled(subject.program)) {
      console.log(`${name} is left out: ${subject.program} is not installed`);
      continue;
    }
    running.set(name, await subject.start(surroundings));
  }
  for (const letter of values.workload.split(',')) report(letter, await measureWorkload(letter));
} finally {
  await Promise.all([...running.values(), upstream, issuer].map((each) => each.close()));
}

async function measureWorkload(letter: string): Promise<ReadonlyMap<string, readonly Cost[]>> {
  const workload = WORKLOADS.get(letter);
  if (workload === undefined) throw new Error(`--workload: ${JSON.stringify(letter)} is not known`);
  const fit = [...running].filter(([name]) => SUBJECTS.get(name)?.unfit?.includes(letter) !== true);
  const load = {
    workload,
    credentials: issuer.credentials,
    connections: Number(values.connections),
    seconds: Number(values.seconds),
  };
  for (const [name, each] of fit) {
    await probe(each, workload, issuer.credentials);
    await measure(each, { ...load, seconds: SUBJECTS.get(name)?.warmUpSeconds ?? 1 });
  }
  return await inRounds(
    Number(values.rounds),
    fit.map(([name]) => name),
    (name) => measure(running.get(name) ?? upstream, load),
  );
}

function report(letter: string, costs: ReadonlyMap<string, readonly Cost[]>): void {
  console.log(`\n${letter}: ${WORKLOADS.get(letter)?.title}, target ${WORKLOADS.get(letter)?.target}`);
  for (const [name, all] of costs) {
    const micros = all.map((cost) => cost.cpuMicros);
    const base = costs.get(SUBJECTS.get(name)?.base ?? '') ?? [];
    const ratios = micros.map((value, round) => value / (base[round]?.cpuMicros ?? Number.NaN));
    console.log(
      `${(SUBJECTS.get(name)?.title ?? '').padEnd(40)} ${formatSpread(spreadOf(micros), 1).padStart(22)} µs ${formatSpread(spreadOf(ratios), 2).padStart(22)} × nginx`,
    );
  }
}
