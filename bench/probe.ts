/** One request of a workload, its answer checked: nothing is measured that does not do what it should. */

import { request as requestClear } from 'node:http';
import { request as requestTls } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

import { HOST, type Issuer } from './issuer.ts';
import type { Running } from './running.ts';
import type { Workload } from './workloads.ts';

const START_DEADLINE_MS = 10_000;
const RETRY_MS = 50;

/** Waits until the subject listens. @throws when it then answers anything but what the upstream would */
export async function probe(
  running: Running,
  workload: Workload,
  credentials: Issuer['credentials'],
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      const { status, bytes } = await send(running, workload, credentials);
      if (status === 200 && bytes === workload.answerBytes) return;
      throw new Error(`expected 200 and ${workload.answerBytes} bytes, found ${status} and ${bytes}`);
    } catch (error) {
      const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
      if (!isRefused || waitedMs > START_DEADLINE_MS) throw error;
      await pause(RETRY_MS);
    }
  }
}

async function send(
  { port, tlsPort }: Running,
  { method, path, bodyBytes, isTls, credentials: kind }: Workload,
  credentials: Issuer['credentials'],
): Promise<{ readonly status: number; readonly bytes: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; bytes: number }>();
  const request = (isTls ? requestTls : requestClear)(
    {
      host: '127.0.0.1',
      port: isTls ? tlsPort : port,
      method,
      path,
      headers: { host: HOST, authorization: credentials[kind] },
      agent: false,
      // The certificate was made for this run.
      rejectUnauthorized: false,
    },
    (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
      response.on('error', reject);
    },
  );
  request.on('error', reject);
  request.end('x'.repeat(bodyBytes));
  return await promise;
}
