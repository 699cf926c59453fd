/**
 * A large cluster on a real API server: how long `oidc-ingress serve` takes to be ready, what memory it takes, how soon a
 * change is live in every proxy thread, and for how long a proxy thread stands still over it.
 * `KUBEBUILDER_ASSETS=DIR node bench/scale.ts [--changes=20] [--starts=1] [--bundle] [--beside]`
 */

import { readFileSync } from 'node:fs';
import { networkInterfaces, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startApiServer, type ApiServer } from '../test/support/api-server.ts';
import { startGateway, type Gateway } from '../test/support/gateway.ts';
import { call } from '../test/support/http-client.ts';
import { seriesOf } from '../test/support/metrics-page.ts';
import { imageFlags } from './image-flags.ts';
import * as cluster from './scale/cluster.ts';
import { giveWay } from './scale/elsewhere.ts';
import { openPauseLog, type PauseLog } from './scale/pauses.ts';
import { connectToWorkers, startNamedUpstream, untilEach, type Worker } from './scale/workers.ts';

const WORKERS = 2;
/** After the start, until statuses are written and memory has been collected. */
const SETTLE_MS = 10_000;
/** Like the image, with what V8 allows each thread in a container with a limit of 1 GiB. */
const NODE_OPTIONS = ['--max-old-space-size=256', ...imageFlags()].join(' ');
const BUNDLE = fileURLToPath(new URL('../dist/oidc-ingress.mjs', import.meta.url));

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '20' },
    starts: { type: 'string', default: '1' },
    // Default: the sources.
    bundle: { type: 'boolean', default: false },
    // The API server and etcd take their share of the cores.
    beside: { type: 'boolean', default: false },
  },
});
const CHANGES = Number(values.changes);
const NO_PAUSE = { pauseMs: 0, ownMs: 0 };

const address = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
if (address === undefined) throw new Error('this machine has no IPv4 address beside loopback');
const upstreams = await Promise.all(['a', 'b'].map((name) => startNamedUpstream(name, address)));
const targets = upstreams.map(({ port }) => ({ address, port }));
const target = (turn: number): cluster.Target => {
  const found = targets[turn % targets.length];
  if (found === undefined) throw new Error('no upstream');
  return found;
};

const api = await startApiServer();
try {
  const startMs = performance.now();
  const objects = await cluster.fillCluster(api, target(0));
  console.log(`${objects} objects created in ${seconds(performance.now() - startMs)}; ${load()}`);
  const isElsewhere = !values.beside && giveWay();
  console.log(
    `the API server and etcd ${isElsewhere ? 'run while a core is free' : 'take part of the cores'}`,
  );
  for (let start = 0; start < Number(values.starts); start += 1) await measure(api);
} finally {
  await api.stop();
  for (const { server } of upstreams) {
    server.closeAllConnections();
    server.close();
  }
}

async function measure(api: ApiServer): Promise<void> {
  await cluster.moveProbe(api, target(0));
  await cluster.renameProbe(api, 'v1');
  const spawnedMs = performance.now();
  const flags = [
    `--kubeconfig=${api.kubeconfigPath}`,
    `--workers=${WORKERS}`,
    '--allow-insecure-issuers',
    '--access-log=off',
    '--publish-address=203.0.113.10',
  ];
  const log = openPauseLog(NODE_OPTIONS);
  const gateway = await startGateway(flags, log.environment, values.bundle ? BUNDLE : undefined);
  try {
    row('from start to ready', seconds(performance.now() - spawnedMs), '< 10 s');
    const first = await readMetrics(gateway);
    row('the first compile', ms(1_000 * value(first, 'oidc_ingress_config_compile_seconds')), '< 150 ms');
    row('memory at the start', memoryOf(gateway), '< 500 MB');
    await pause(SETTLE_MS);
    row(`memory ${SETTLE_MS / 1_000} s later`, memoryOf(gateway), '< 500 MB');
    const workers = await connectToWorkers(gateway.ports.http, WORKERS, '/v1/0');
    await measureChanges(api, workers, log);
    row('memory after the changes', memoryOf(gateway), '< 500 MB');
    for (const worker of workers) worker.close();
  } finally {
    await gateway.stop();
    log.close();
  }
}

async function measureChanges(api: ApiServer, workers: readonly Worker[], log: PauseLog): Promise<void> {
  let fromMs = Date.now();
  await pause(2_000);
  fromMs = await pauses('in 2 s without a change', log, fromMs);
  const moved: number[] = [];
  for (let turn = 1; turn <= CHANGES; turn += 1) {
    const change = cluster.moveProbe(api, target(turn));
    const want = turn % 2 === 0 ? 'a' : 'b';
    moved.push(await untilEach(workers, '/v1/0', ({ upstream }) => upstream === want));
    await change;
  }
  row('an EndpointSlice is live', spread(moved), '< 300 ms');
  fromMs = await pauses('while EndpointSlices change', log, fromMs);
  const renamed: number[] = [];
  for (let turn = 1; turn <= CHANGES; turn += 1) {
    const change = cluster.renameProbe(api, `changed-${turn}`);
    renamed.push(await untilEach(workers, `/changed-${turn}/0`, ({ status }) => status === 200));
    await change;
  }
  row('an Ingress is live', spread(renamed), '< 300 ms');
  fromMs = await pauses('while Ingresses change', log, fromMs);
  for (let turn = 1; turn <= CHANGES / 4; turn += 1) {
    await cluster.changePolicy(api, `realm ${turn}`);
    await pause(400);
  }
  await pauses('while policies change', log, fromMs);
}

/** The longest since `fromMs`, and how much of it the thread was computing. @returns when the next time begins. */
async function pauses(when: string, log: PauseLog, fromMs: number): Promise<number> {
  const seen = await log.since(fromMs);
  for (const name of ['control', ...Array.from({ length: WORKERS }, (_, index) => `proxy-${index}`)]) {
    const all = seen.filter(({ thread }) => thread === name);
    const longest = all.reduce((a, b) => (b.pauseMs > a.pauseMs ? b : a), NO_PAUSE);
    const own = Math.max(0, ...all.map(({ ownMs }) => ownMs));
    const target = name === 'control' ? '' : '< 5 ms';
    const found = `${ms(longest.pauseMs)}, computing ${ms(longest.ownMs)}`;
    row(`longest pause of ${name}, ${when}`, found, target);
    row('  the most that it computed at a time', ms(own), target);
  }
  return Date.now();
}

async function readMetrics({ ports }: Gateway): Promise<ReadonlyMap<string, number>> {
  const { text } = await call({ port: ports.admin, path: '/metrics' });
  return seriesOf(text);
}

function value(metrics: ReadonlyMap<string, number>, series: string): number {
  return metrics.get(series) ?? Number.NaN;
}

function memoryOf({ process: { pid } }: Gateway): string {
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return `${Math.round(kilobytes / 1_024)} MB`;
}

function spread(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const [median = Number.NaN] = sorted.slice(sorted.length >> 1);
  return `${ms(median)} (${ms(sorted[0] ?? Number.NaN)} to ${ms(sorted.at(-1) ?? Number.NaN)})`;
}

function row(what: string, found: string, target: string): void {
  console.log(`${what.padEnd(62)} ${found.padStart(32)}   ${target}`);
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

function load(): string {
  return `load average ${loadavg()
    .map((average) => average.toFixed(1))
    .join(' ')}`;
}
