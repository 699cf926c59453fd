/** `oidc-ingress serve` as users run it: metrics on, an emulated Auth0 behind it, its standard output in a file. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { imageFlags } from './image-flags.ts';
import { gatewayManifests } from './manifests.ts';
import { end, makeDirectory, pidOf, spawnOwned, type Running } from './running.ts';
import type { Surroundings } from './surroundings.ts';

const BUNDLE = fileURLToPath(new URL('../dist/oidc-ingress.mjs', import.meta.url));
const START_DEADLINE_MS = 60_000;
const LOOK_MS = 50;

const DEFAULT_ROUTES = 50;

export interface GatewayOptions extends Surroundings {
  readonly accessLog: 'all' | 'off';
  /** Beside the one that all workloads ask. Default 50. */
  readonly routes?: number;
  /** Proxy threads. Default 1. */
  readonly workers?: number;
  /** Module of the command. Default: the production bundle of this checkout. */
  readonly main?: string | undefined;
}

export async function startServe(options: GatewayOptions): Promise<Running> {
  const { accessLog, workers = 1, main = BUNDLE, routes = DEFAULT_ROUTES } = options;
  const directory = makeDirectory();
  const log = join(directory, 'output.log');
  // In a folder of its own: what is watched must not hold what is written.
  const manifests = join(directory, 'manifests');
  mkdirSync(manifests);
  writeFileSync(join(manifests, 'all.yaml'), gatewayManifests(options, routes));
  const child = spawnOwned(
    process.execPath,
    [
      ...imageFlags(),
      main,
      'serve',
      `--manifests=${manifests}`,
      '--allow-insecure-issuers',
      `--workers=${workers}`,
      '--http-address=127.0.0.1:0',
      '--https-address=127.0.0.1:0',
      '--admin-address=127.0.0.1:0',
      `--access-log=${accessLog}`,
      '--drain-delay=0s',
      '--drain-timeout=1s',
    ],
    log,
  );
  const { http, https } = await readyLine(log, () => child.exitCode === null);
  return { port: http, tlsPort: https, pid: pidOf(child), log, close: () => end(child, directory) };
}

interface Ready {
  readonly http: number;
  readonly https: number;
}

async function readyLine(log: string, isAlive: () => boolean): Promise<Ready> {
  for (let waitedMs = 0; waitedMs < START_DEADLINE_MS && isAlive(); waitedMs += LOOK_MS) {
    const line = readFileSync(log, 'utf8')
      .split('\n')
      .find((each) => each.includes('"msg":"ready"'));
    if (line !== undefined) return JSON.parse(line) as Ready;
    await pause(LOOK_MS);
  }
  throw new Error(`the gateway did not become ready:\n${readFileSync(log, 'utf8')}`);
}
