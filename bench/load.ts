/** wrk against one subject: as many requests as it can answer, over a fixed number of connections. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { cpuMicros } from './cpu.ts';
import { HOST, type Issuer } from './issuer.ts';
import type { Running } from './running.ts';
import type { Workload } from './workloads.ts';

const POST = fileURLToPath(new URL('post.lua', import.meta.url));

export interface Load {
  readonly workload: Workload;
  readonly credentials: Issuer['credentials'];
  readonly connections: number;
  readonly seconds: number;
}

/** Of one run. */
export interface Cost {
  /** Processor time of all processes and threads of the subject, for each request. */
  readonly cpuMicros: number;
  readonly requestsPerSecond: number;
}

export async function measure({ pid, port, tlsPort, log }: Running, load: Load): Promise<Cost> {
  const { isTls } = load.workload;
  const origin = isTls ? `https://127.0.0.1:${tlsPort}` : `http://127.0.0.1:${port}`;
  const before = cpuMicros(pid);
  const requests = await wrk(origin, load);
  const spent = cpuMicros(pid) - before;
  // Some hundred bytes for each request would fill a disk in an hour.
  if (log !== undefined) truncateSync(log);
  return { cpuMicros: spent / requests, requestsPerSecond: requests / load.seconds };
}

/** @returns requests answered. @throws unless every answer was good */
async function wrk(origin: string, { workload, credentials, connections, seconds }: Load): Promise<number> {
  const headers = [
    `Host: ${HOST}`,
    `Authorization: ${credentials[workload.credentials]}`,
    'User-Agent: bench/1',
    'Accept: */*',
    ...(workload.closesConnections ? ['Connection: close'] : []),
  ];
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    ...(workload.method === 'POST' ? ['-s', POST] : []),
    ...headers.flatMap((header) => ['-H', header]),
    `${origin}${workload.path}`,
  ];
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  const requests = Number(/([0-9]+) requests in/.exec(text)?.[1] ?? 0);
  if (requests === 0 || /Non-2xx|Socket errors/.test(text)) {
    throw new Error(`not every answer was good:\n${text}`);
  }
  return requests;
}
