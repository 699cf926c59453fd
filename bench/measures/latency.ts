/**
 * Latency at half of saturation: of each subject's own, and of nginx also at the rate of the gateway. Saturation is what wrk
 * gets through on this machine.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';

import { loadOf, startSubject, type Bench } from '../bench.ts';
import { requestText } from '../http-text.ts';
import { measure, warmUp } from '../load.ts';
import type { Latencies, OpenLoop } from '../open-loop.ts';
import { inRounds } from '../rounds.ts';
import { ratiosOf, type Row } from '../row.ts';
import { clearLog, type Running } from '../running.ts';
import { spreadOf } from '../statistics.ts';

const TARGET = 2;
/** Scavenges of the caller would count as latency of the subject. */
const LARGE_YOUNG_SPACE = '--max-semi-space-size=128';

/** What the gateway is compared with, and how the comparison is called. */
const BASES = [
  { name: 'own', title: 'each at half of its saturation', target: `≤ ${TARGET}` },
  { name: 'same', title: 'both at the rate of the gateway', target: '' },
] as const;
const QUANTILES = [
  { quantile: 'p50', title: 'median latency' },
  { quantile: 'p99', title: 'p99 latency' },
] as const;

interface Case {
  readonly running: Running;
  readonly requestsPerSecond: number;
}

export async function measureLatency(bench: Bench): Promise<readonly Row[]> {
  const nginx = await startSubject(bench, 'nginx');
  try {
    const gateway = await startSubject(bench, 'oidc-ingress');
    try {
      return await compare(bench, nginx, gateway);
    } finally {
      await gateway.close();
    }
  } finally {
    await nginx.close();
  }
}

async function compare(bench: Bench, nginx: Running, gateway: Running): Promise<readonly Row[]> {
  const own = await halfOfSaturation(bench, nginx);
  const same = await halfOfSaturation(bench, gateway);
  const cases = new Map<string, Case>([
    ['own', { running: nginx, requestsPerSecond: own }],
    ['same', { running: nginx, requestsPerSecond: same }],
    ['gateway', { running: gateway, requestsPerSecond: same }],
  ]);
  const found = await inRounds(bench.rounds, cases, (each) => latenciesOf(bench, each));
  const late = [...found.values()].flat().map(({ ownP99 }) => ownP99);
  return [
    ...BASES.flatMap((base) => rowsAgainst(base, cases, found)),
    { measure: 'p99 of how late the caller itself was', subject: 'all', unit: 'ms', found: spreadOf(late) },
  ];
}

function rowsAgainst(
  { name, title, target }: (typeof BASES)[number],
  cases: ReadonlyMap<string, Case>,
  found: ReadonlyMap<string, readonly Latencies[]>,
): readonly Row[] {
  const rateOf = (each: string): string => `${cases.get(each)?.requestsPerSecond}/s`;
  return QUANTILES.flatMap(({ quantile, title: measured }) => {
    const valuesOf = (each: string): readonly number[] =>
      found.get(each)?.map((latencies) => latencies[quantile]) ?? [];
    const [theirs, ours] = [valuesOf(name), valuesOf('gateway')];
    const row = { measure: `${measured}, ${title}`, unit: 'ms' };
    return [
      { ...row, subject: `nginx, ${rateOf(name)}`, found: spreadOf(theirs) },
      {
        ...row,
        subject: `oidc-ingress, ${rateOf('gateway')}`,
        found: spreadOf(ours),
        ratio: spreadOf(ratiosOf(ours, theirs)),
        base: 'nginx',
        ...(quantile === 'p99' && { target }),
      },
    ];
  });
}

async function halfOfSaturation(bench: Bench, running: Running): Promise<number> {
  const load = loadOf(bench, 'A');
  await warmUp(running, { ...load, seconds: bench.warmUpSeconds });
  const { requests } = await measure(running, load);
  return Math.round(requests / load.seconds / 2);
}

async function latenciesOf(bench: Bench, { running, requestsPerSecond }: Case): Promise<Latencies> {
  const { workload, credentials, connections, seconds } = loadOf(bench, 'A');
  const options: OpenLoop = {
    port: running.port,
    text: requestText(workload, credentials),
    requestsPerSecond,
    seconds,
    connections,
  };
  const child = fork(new URL('../open-loop.ts', import.meta.url), [JSON.stringify(options)], {
    execArgv: [LARGE_YOUNG_SPACE],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the caller ended with ${String(code)}`);
  });
  const [latencies] = (await Promise.race([once(child, 'message'), ended])) as [Latencies];
  await ended.catch(() => {});
  clearLog(running);
  return latencies;
}
