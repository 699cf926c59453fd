/**
 * A large cluster on a real API server: how long `oidc-ingress serve` takes to be ready, what memory it takes, how soon a
 * change is live in every proxy thread, and for how long a proxy thread stands still over it.
 * `KUBEBUILDER_ASSETS=DIR node bench/scale.ts [--changes=20] [--starts=1] [--bundle]`
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
import * as cluster from './scale/cluster.ts';
import { connectToWorkers, startNamedUpstream, untilEach, type Worker } from './scale/workers.ts';

const WORKERS = 2;
/** After the start, until statuses are written and memory has been collected. */
const SETTLE_MS = 10_000;
/** `monitorEventLoopDelay` counts the interval at which it looks. */
const RESOLUTION_MS = 10;
/** What V8 allows each thread in a container with a limit of 1 GiB. */
const ENVIRONMENT = { NODE_OPTIONS: '--max-old-space-size=256' };
const BUNDLE = fileURLToPath(new URL('../dist/oidc-ingress.mjs', import.meta.url));

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '20' },
    starts: { type: 'string', default: '1' },
    // Default: the sources.
    bundle: { type: 'boolean', default: false },
  },
});
const CHANGES = Number(values.changes);

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
  const gateway = await startGateway(flags, ENVIRONMENT, values.bundle ? BUNDLE : undefined);
  try {
    row('from start to ready', seconds(performance.now() - spawnedMs), '< 10 s');
    const first = await readMetrics(gateway);
    row('the first compile', ms(1_000 * value(first, 'oidc_ingress_config_compile_seconds')), '< 150 ms');
    row('memory at the start', memoryOf(gateway), '< 500 MB');
    await pause(SETTLE_MS);
    row(`memory ${SETTLE_MS / 1_000} s later`, memoryOf(gateway), '< 500 MB');
    const workers = await connectToWorkers(gateway.ports.http, WORKERS, '/v1/0');
    await measureChanges(gateway, api, workers);
    row('memory after the changes', memoryOf(gateway), '< 500 MB');
    for (const worker of workers) worker.close();
  } finally {
    await gateway.stop();
  }
}

async function measureChanges(gateway: Gateway, api: ApiServer, workers: readonly Worker[]): Promise<void> {
  // Writing 5,000 statuses is not over yet; a scrape begins the time that the next one speaks of.
  await readMetrics(gateway);
  await pause(2_000);
  pauses('in 2 s without a change', await readMetrics(gateway));
  const moved: number[] = [];
  for (let turn = 1; turn <= CHANGES; turn += 1) {
    const change = cluster.moveProbe(api, target(turn));
    const want = turn % 2 === 0 ? 'a' : 'b';
    moved.push(await untilEach(workers, '/v1/0', ({ upstream }) => upstream === want));
    await change;
  }
  row('an EndpointSlice is live', spread(moved), '< 300 ms');
  pauses('while EndpointSlices change', await readMetrics(gateway));
  const renamed: number[] = [];
  for (let turn = 1; turn <= CHANGES; turn += 1) {
    const change = cluster.renameProbe(api, `changed-${turn}`);
    renamed.push(await untilEach(workers, `/changed-${turn}/0`, ({ status }) => status === 200));
    await change;
  }
  row('an Ingress is live', spread(renamed), '< 300 ms');
  pauses('while Ingresses change', await readMetrics(gateway));
  for (let turn = 1; turn <= CHANGES / 4; turn += 1) {
    await cluster.changePolicy(api, `realm ${turn}`);
    await pause(400);
  }
  pauses('while policies change', await readMetrics(gateway));
}

/** Greatest delays of the event loops since the last scrape. */
function pauses(when: string, metrics: ReadonlyMap<string, number>): void {
  for (const thread of ['control', ...Array.from({ length: WORKERS }, (_, index) => `proxy-${index}`)]) {
    const lag = 1_000 * value(metrics, `nodejs_eventloop_lag_max_seconds{thread="${thread}"}`);
    const target = thread === 'control' ? '' : '< 5 ms';
    row(`longest pause of ${thread}, ${when}`, ms(lag - RESOLUTION_MS), target);
  }
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
