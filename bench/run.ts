/** CPU microseconds for each proxied request: nginx, http-proxy-3 and the gateway, interleaved, as ratios. */

import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { cpuMicros } from './cpu.ts';
import { CREDENTIALS, HOST, startServe } from './gateway.ts';
import { startPassThrough, startUpstream } from './nginx.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    // Until the compilers of V8 have nothing left to do: their work is no cost of a request.
    warmup: { type: 'string', default: '15' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', multiple: true, default: [] },
  },
});

interface Subject {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
  close(): Promise<void>;
}

async function startNode(name: string, file: string, args: readonly string[]): Promise<Subject> {
  const child = fork(new URL(`subjects/${file}`, import.meta.url), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  return {
    name,
    port,
    process: child,
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** @returns requests answered. */
async function load(port: number, seconds: string): Promise<number> {
  const basic = Buffer.from(CREDENTIALS).toString('base64');
  const headers = [`Host: ${HOST}`, `Authorization: Basic ${basic}`, 'User-Agent: bench/1', 'Accept: */*'];
  const wrk = spawn(
    'wrk',
    [
      '-t1',
      `-c${values.connections}`,
      `-d${seconds}s`,
      ...headers.flatMap((header) => ['-H', header]),
      `http://127.0.0.1:${port}/v1/orders/4711`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  wrk.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(wrk, 'close');
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`not every answer was good:\n${text}`);
  return Number(/([0-9]+) requests in/.exec(text)?.[1]);
}

async function microsPerRequest(subject: Subject): Promise<number> {
  const pid = subject.process.pid ?? 0;
  const before = cpuMicros(pid);
  const requests = await load(subject.port, values.seconds);
  return (cpuMicros(pid) - before) / requests;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const upstream = await startUpstream();
const subjects: Subject[] = [
  { name: 'nginx pass-through', ...(await startPassThrough(upstream.port)) },
  await startNode('node:http, no upstream', 'node-http.ts', []),
  await startNode('http-proxy-3, keep-alive', 'http-proxy-3.ts', [String(upstream.port), 'keep-alive']),
  await startNode('http-proxy-3, as it comes', 'http-proxy-3.ts', [String(upstream.port), 'as-it-comes']),
  // The others log nothing either.
  { name: 'oidc-ingress, cached token', ...(await startServe(upstream.port, 'off')) },
  { name: 'the same, with its access log', ...(await startServe(upstream.port, 'all')) },
];
const chosen = subjects.filter(
  ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
);
const measured = new Map<string, number[]>(chosen.map(({ name }) => [name, []]));
try {
  for (const subject of chosen) await load(subject.port, values.warmup);
  for (let round = 0; round < Number(values.rounds); round++) {
    // Each round in the other direction: what heats up or drifts meets everyone alike.
    for (const subject of round % 2 === 0 ? chosen : chosen.toReversed()) {
      measured.get(subject.name)?.push(await microsPerRequest(subject));
    }
  }
} finally {
  await Promise.all([...subjects, upstream].map((subject) => subject.close()));
}
const base = median(measured.get('http-proxy-3, keep-alive') ?? []);
console.log(`node ${process.version}, ${values.connections} connections, medians of ${values.rounds} rounds`);
console.log(`${'subject'.padEnd(30)} ${'µs CPU/request'.padStart(15)} ${'of http-proxy-3'.padStart(16)}`);
for (const [name, micros] of measured) {
  const middle = median(micros);
  const ratio = Number.isNaN(base) ? '' : (middle / base).toFixed(2);
  console.log(`${name.padEnd(30)} ${middle.toFixed(1).padStart(15)} ${ratio.padStart(16)}`);
}
