/**
 * Whether anything grows: heap of each thread, memory, sockets and file descriptors of `oidc-ingress serve` under mixed
 * load with changes. `node bench/soak.ts [--minutes=30] [--sample=5]`
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { call } from '../test/support/http-client.ts';
import { seriesOf } from '../test/support/metrics-page.ts';
import { loadDuring, type Caller } from '../test/support/steady-load.ts';
import {
  AUDIENCE,
  CLIENT,
  ingress,
  policy,
  RIGHT,
  startWorld,
  surroundings,
  type World,
} from '../test/support/world.ts';
import { imageFlags } from './image-flags.ts';

const OPEN_HOST = 'open.example.com';
const PROTECTED_HOST = 'orders.example.com';
const CHANGE_MS = 2_000;
const ABORT_MS = 200;
const THREADS = ['control', 'proxy-0', 'proxy-1'];

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, sample: { type: 'string', default: '5' } },
});
const durationMs = Number(values.minutes) * 60_000;

/** One value for each column, in its order. */
type Sample = readonly number[];

const COLUMNS = ['RSS MB', 'descriptors', 'sockets', ...THREADS.map((thread) => `heap ${thread} MB`)];

const world = await startWorld({
  manifests: ({ issuer, upstreamPort }) => manifests(issuer, upstreamPort, 0),
  // Tokens live for seconds, so that they are asked for, evicted and refreshed all the time.
  tenant: {
    clients: [{ clientId: CLIENT.id, clientSecrets: [CLIENT.secret] }],
    apis: [{ identifier: AUDIENCE, tokenLifetimeSeconds: 8 }],
    grants: [{ clientId: CLIENT.id, audience: AUDIENCE }],
  },
  flags: ['--access-log=off', '--workers=2'],
  // What V8 allows each thread in a container with a limit of 1 GiB.
  environment: { NODE_OPTIONS: ['--max-old-space-size=256', ...imageFlags()].join(' ') },
});
try {
  const samples: Sample[] = [];
  const { answered, failed } = await loadDuring(callers(), () => watch(samples));
  const total = [...answered.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${values.minutes} minutes, ${total} requests, ${failed.length} failed, ${averageLoad()}`);
  for (const failure of failed.slice(0, 5)) console.log(JSON.stringify(failure).slice(0, 300));
  report(samples);
} finally {
  await world.close();
}

function manifests(issuer: string, upstreamPort: number, change: number): string {
  const grant = `provider: { issuer: "${issuer}" }, clientCredentials: { audience: "${AUDIENCE}" }`;
  return [
    surroundings(upstreamPort),
    ingress(OPEN_HOST),
    ingress(PROTECTED_HOST, 'api'),
    policy('api', `{ ${grant}, realm: "change ${change}" }`),
    // Names that never come back: what is kept of them would grow.
    ingress(`passing-${change}.example.com`, `passing-${change}`),
    policy(`passing-${change}`, `{ ${grant} }`),
  ].join('\n');
}

function callers(): readonly Caller[] {
  const port = world.gateway.ports.http;
  const call = { port, host: PROTECTED_HOST, basic: RIGHT };
  const body = 'order '.repeat(3_000);
  return [true, false].flatMap((keepsConnection) => {
    const of = keepsConnection ? 'one connection' : 'new connections';
    return [
      { name: `GET, ${of}`, keepsConnection, next: () => call },
      { name: `POST, ${of}`, keepsConnection, next: () => ({ ...call, method: 'POST', body }) },
      { name: `open, ${of}`, keepsConnection, next: () => ({ port, host: OPEN_HOST }) },
      { name: `streamed, ${of}`, keepsConnection, next: () => ({ port, host: OPEN_HOST, path: '/stream' }) },
    ];
  });
}

/** Takes samples while manifests change, callers hang up, and secrets are wrong. */
async function watch(samples: Sample[]): Promise<void> {
  const over = new AbortController();
  const work = [
    repeat(over.signal, CHANGE_MS, (turn) => {
      world.write(manifests(world.auth0.issuer, world.upstream.port, turn));
    }),
    repeat(over.signal, ABORT_MS, hangUp),
    // Of another client each time: too many failures of one would be held against its right secret too.
    repeat(over.signal, ABORT_MS, (turn) =>
      world.call({ host: PROTECTED_HOST, basic: `stranger-${turn}:no` }),
    ),
    repeat(over.signal, Number(values.sample) * 1_000, async () => {
      const sample = await take(world);
      samples.push(sample);
      console.log(COLUMNS.map((name, index) => `${name} ${sample[index]}`).join(', '));
    }),
  ];
  await pause(durationMs);
  over.abort();
  await Promise.all(work);
}

async function repeat(signal: AbortSignal, everyMs: number, work: (turn: number) => unknown): Promise<void> {
  for (let turn = 1; !signal.aborted; turn += 1) {
    await work(turn);
    await pause(everyMs);
  }
}

/** In the middle of an answer. */
function hangUp(): void {
  const headers = { host: OPEN_HOST };
  const sent = request({ host: '127.0.0.1', port: world.gateway.ports.http, path: '/delay/5000', headers });
  sent.on('error', () => {});
  sent.end();
  setTimeout(() => sent.destroy(), ABORT_MS);
}

async function take({ gateway }: World): Promise<Sample> {
  const { text } = await call({ port: gateway.ports.admin, path: '/metrics' });
  const series = seriesOf(text);
  const directory = `/proc/${gateway.process.pid}`;
  const descriptors = readdirSync(`${directory}/fd`).map((name) => linkOf(`${directory}/fd/${name}`));
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${directory}/status`, 'utf8'))?.[1]);
  const heaps = THREADS.map((thread) => {
    const bytes = series.get(`nodejs_heap_size_used_bytes{thread="${thread}"}`) ?? Number.NaN;
    return Math.round(bytes / 1_000_000);
  });
  const sockets = descriptors.filter((link) => link.startsWith('socket:')).length;
  return [Math.round(kilobytes / 1_024), descriptors.length, sockets, ...heaps];
}

/** Some are closed before they are read. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The least of each third: what garbage and requests under way add is left out. */
function report(samples: readonly Sample[]): void {
  const third = Math.floor(samples.length / 3);
  const least = (index: number, part: number): number =>
    Math.min(...samples.slice(part * third, (part + 1) * third).map((sample) => sample[index] ?? Number.NaN));
  console.log('least in each third of the time:');
  for (const [index, name] of COLUMNS.entries()) {
    console.log(
      `${name.padEnd(20)} ${[0, 1, 2].map((part) => String(least(index, part)).padStart(6)).join(' ')}`,
    );
  }
}

function averageLoad(): string {
  return `load average ${loadavg()
    .map((average) => average.toFixed(1))
    .join(' ')}`;
}
