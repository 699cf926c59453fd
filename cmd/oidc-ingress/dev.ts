/** `oidc-ingress dev`: the whole thing on one machine, with an emulated Auth0 tenant and a sample API. */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { runServe } from '../../src/app.ts';
import { CannotListen } from '../../src/config/cannot-listen.ts';
import { DEV_FLAGS } from '../../src/config/commands.ts';
import { decodeFlags } from '../../src/config/flags.ts';
import { decodeServeConfig, type ServeConfig } from '../../src/config/serve.ts';
import { demoCalls, renderDemoCalls, type DemoPorts } from '../../src/dev/demo-calls.ts';
import { prepareManifests } from '../../src/dev/demo-manifests.ts';
import type { Fault } from '../../src/model/faults.ts';
import { reportFaults, type Command } from './command.ts';
import { startEmulator, startUpstream, type DevFlags } from './dev-servers.ts';
import { stopSignal } from './stop-signal.ts';

export const dev: Command = {
  usage: 'dev [FLAGS]',
  summary:
    'Runs the gateway on sample manifests with an emulated Auth0 tenant and a sample API, and prints calls to try.',
  notes: ['Needs the examples/ of a checkout, but for --only. Nothing leaves the machine.'],
  examples: ['oidc-ingress dev', 'oidc-ingress dev --http-address=127.0.0.1:0 --log-level=info'],
  flags: DEV_FLAGS,
  async run(argv) {
    const decoded = decodeFlags(DEV_FLAGS, argv, process.env);
    const faults = decoded.kind === 'invalid' ? decoded.faults : faultsOf(decoded);
    if (decoded.kind === 'invalid' || faults.length > 0) return reportFaults('dev', faults);
    const stop = stopSignal();
    const stack = new AsyncDisposableStack();
    try {
      console.log(await start(decoded.values, stack, stop));
      if (!stop.aborted) await once(stop, 'abort');
      return 0;
    } catch (error) {
      if (stop.aborted) return 0;
      console.error(`oidc-ingress dev: ${wordsOf(error)}`);
      return 1;
    } finally {
      await stack.disposeAsync();
    }
  },
};

function faultsOf({
  values,
  positionals,
}: {
  readonly values: DevFlags;
  readonly positionals: readonly string[];
}): readonly Fault[] {
  const faults = positionals.map((path) => ({ path, message: 'dev takes no arguments, only flags' }));
  const needed = ['http-address', 'emulator-address', 'upstream-address'] as const;
  const off = needed.filter((name) => values[name] === undefined);
  return [...faults, ...off.map((name) => ({ path: `--${name}`, message: 'must not be off' }))];
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof CannotListen && error.isTaken)) return error.message;
  return `${error.message}: choose another with --${error.flag}=127.0.0.1:PORT (0 takes a free one)`;
}

interface Running {
  readonly issuer: string;
  readonly upstreamPort: number;
  readonly manifests: string;
  readonly ports: DemoPorts;
}

/** What is started is put on `stack`, to be stopped in reverse. Resolves to what is said about it. */
async function start(flags: DevFlags, stack: AsyncDisposableStack, stop: AbortSignal): Promise<string> {
  if (flags.only === 'emulator') {
    const { issuer, port } = stack.adopt(await startEmulator(flags), (server) => server.close());
    return `Auth0       ${issuer} (emulated), on port ${port}`;
  }
  if (flags.only === 'upstream') {
    const { port } = stack.adopt(await startUpstream(flags), (server) => server.close());
    return `API         on port ${port} (answers with the request that it got)`;
  }
  return introduction(await startAll(flags, stack, stop));
}

async function startAll(flags: DevFlags, stack: AsyncDisposableStack, stop: AbortSignal): Promise<Running> {
  const emulator = stack.adopt(await startEmulator(flags), (server) => server.close());
  const upstream = stack.adopt(await startUpstream(flags), (server) => server.close());
  const manifests = await prepareManifests(sampleDirectory(), {
    issuer: emulator.issuer,
    upstream: { address: flags['upstream-address']?.host ?? '127.0.0.1', port: upstream.port },
  });
  stack.defer(() => manifests.remove());
  const gateway = await runServe(serveConfig(flags, manifests.directory), stop);
  stack.defer(() => gateway.stop());
  const { http = 0, admin } = gateway.ports;
  return {
    issuer: emulator.issuer,
    upstreamPort: upstream.port,
    manifests: manifests.directory,
    ports: { http, admin },
  };
}

/** Beside the sources, or beside the bundle. */
function sampleDirectory(): string {
  const places = ['../../examples', '../examples'].map((place) => new URL(place, import.meta.url));
  const found = places.map((place) => fileURLToPath(place)).find((place) => existsSync(place));
  if (found === undefined) throw new Error('the sample manifests are missing: run dev from a checkout');
  return found;
}

function serveConfig(flags: DevFlags, manifests: string): ServeConfig {
  const defaults = decodeServeConfig(
    ['--allow-insecure-issuers', '--drain-delay=0s', '--drain-timeout=5s'],
    {},
  );
  if (defaults.kind === 'invalid') throw new Error('the defaults of serve are not valid');
  return {
    ...defaults.config,
    manifests,
    'http-address': flags['http-address'],
    'https-address': flags['https-address'],
    'admin-address': flags['admin-address'],
    workers: flags.workers,
    'access-log': flags['access-log'],
    'log-level': flags['log-level'],
  };
}

function introduction({ issuer, upstreamPort, manifests, ports }: Running): string {
  return [
    `gateway     http://127.0.0.1:${ports.http}`,
    ...(ports.admin === undefined ? [] : [`admin       http://127.0.0.1:${ports.admin}/`]),
    `Auth0       ${issuer} (emulated)`,
    `API         http://127.0.0.1:${upstreamPort} (answers with the request that it got)`,
    `manifests   ${manifests} (changes are followed; the error above is of one that is broken on purpose)`,
    '',
    'Try:',
    '',
    renderDemoCalls(demoCalls(ports)),
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}
