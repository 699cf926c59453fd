/** wrk against one subject: as many requests as it can answer, over a fixed number of connections. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { HOST, type Issuer } from './issuer.ts';
import { probe } from './probe.ts';
import { cpuMicros } from './process-tree.ts';
import { clearLog, type Running } from './running.ts';
import type { Workload } from './workloads.ts';

const SCRIPT = fileURLToPath(new URL('callers.lua', import.meta.url));

export interface Load {
  readonly workload: Workload;
  readonly credentials: Issuer['credentials'];
  readonly connections: number;
  readonly seconds: number;
  /** Asks so many routes of `manifests.ts` in turn, instead of the one of the workload. */
  readonly routes?: number;
}

/** Of one run. */
export interface Cost {
  /** Processor time of all processes and threads of the subject, for each request. */
  readonly cpuMicros: number;
  readonly requests: number;
}

export async function measure(running: Running, load: Load): Promise<Cost> {
  const { pid, port, tlsPort } = running;
  const origin = load.workload.isTls ? `https://${HOST}:${tlsPort}` : `http://${HOST}:${port}`;
  const before = cpuMicros(pid);
  const requests = await wrk(origin, load);
  const spent = cpuMicros(pid) - before;
  clearLog(running);
  return { cpuMicros: spent / requests, requests };
}

/** Also sees to it that the subject does what it should; with no seconds only that. */
export async function warmUp(running: Running, load: Load): Promise<void> {
  await probe(running, load.workload, load.credentials);
  if (load.seconds > 0) await measure(running, load);
}

/** @returns requests answered. @throws unless every answer was good */
async function wrk(origin: string, load: Load): Promise<number> {
  const { workload, credentials, connections, seconds, routes = 0 } = load;
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
    `-s${SCRIPT}`,
    ...headers.flatMap((header) => ['-H', header]),
    `${origin}${workload.path}`,
  ];
  const child = spawn('wrk', args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      METHOD: workload.method,
      BODY: String(workload.bodyBytes),
      ROUTES: String(routes),
    },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  const requests = Number(/([0-9]+) requests in/.exec(text)?.[1] ?? 0);
  if (requests === 0 || /Non-2xx|Socket errors/.test(text)) {
    throw new Error(`not every answer was good:\n${text}`);
  }
  return requests;
}
