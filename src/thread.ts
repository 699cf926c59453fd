/** The composition root of a proxy thread: a proxy, its token cache and its metrics, wired to the control thread. */

import { parentPort, workerData } from 'node:worker_threads';

import { createCacheKeys } from './authz/cache-key.ts';
import type { ExchangeOutcome, TokenBroker, TokenRequest } from './authz/ports.ts';
import { createDeltaAssembly } from './compile/delta-parts.ts';
import { systemClock } from './config/system-clock.ts';
import { programVersion } from './config/version.ts';
import { createActivityRecorder } from './control/activity-recorder.ts';
import type {
  FromThread,
  ListenTarget,
  ThreadSettings,
  ToThread,
  WireTokenRequest,
} from './control/protocol.ts';
import { createTokenSource } from './oauth/thread-token-source.ts';
import { createProxy } from './proxy/proxy.ts';
import { createAccessLog } from './telemetry/access-log.ts';
import { createLogger } from './telemetry/logger.ts';
import { createProxyMetrics } from './telemetry/proxy-metrics.ts';
import { createRuntimeMetrics } from './telemetry/runtime-metrics.ts';
import { openTracing } from './telemetry/tracing.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const settings = workerData as ThreadSettings;
const send = (message: FromThread): void => port.postMessage(message);

/** Standard output belongs to the control thread. */
const output = { write: (lines: string) => send({ kind: 'lines', lines }) };
const writeBytes = (lines: Uint8Array<ArrayBuffer>): void => {
  port.postMessage({ kind: 'lines', lines } satisfies FromThread, [lines.buffer]);
};
const logger = createLogger({
  level: settings.logLevel,
  base: { thread: settings.name },
  destination: output,
});
const accessLog = createAccessLog(writeBytes, settings.accessLog);
// Also where an error that nobody caught ends the thread.
process.once('exit', () => accessLog?.flush());
const tracing = settings.sampling && (await openTracing(programVersion(), logger));
const activity = createActivityRecorder((report) => send({ kind: 'activity', report }), systemClock);
const metrics = createProxyMetrics((record) => {
  activity.record(record);
  accessLog?.record(record);
  tracing?.requestFinished(record);
});
const runtime = createRuntimeMetrics(settings.name);

/** The broker lives in the control thread; answers come back by number. */
const waiting = new Map<number, (outcome: ExchangeOutcome) => void>();
let nextId = 0;
const broker: TokenBroker = {
  obtain(request) {
    const id = nextId++;
    const { promise, resolve } = Promise.withResolvers<ExchangeOutcome>();
    waiting.set(id, resolve);
    send({ kind: 'obtain', id, request: onTheWire(request) });
    return promise;
  },
};

const tokens = createTokenSource({
  broker,
  telemetry: metrics.telemetry,
  maxTokens: settings.maxTokens,
  maxRefusals: settings.maxRefusals,
});
const proxy = createProxy({
  tokens,
  cacheKeys: createCacheKeys(settings.pepper),
  telemetry: metrics.telemetry,
  logger,
  trustedProxies: settings.trustedProxies,
  limits: settings.limits,
  edge: settings.edge,
  shared: { counters: settings.counters, thread: settings.index },
  sampling: settings.sampling,
});

const assembly = createDeltaAssembly();

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'part':
      assembly.add(message.delta);
      send({ kind: 'taken', id: message.id });
      break;
    case 'apply':
      proxy.apply(assembly.finish(message.delta), message.keys);
      send({ kind: 'applied', version: message.version });
      break;
    case 'listen':
      void listen(message.http, message.https);
      break;
    case 'outcome':
      waiting.get(message.id)?.(message.outcome);
      waiting.delete(message.id);
      break;
    case 'evict':
      tokens.evict(message.eviction);
      send({ kind: 'evicted', id: message.id });
      break;
    case 'ping':
      send({ kind: 'pong', id: message.id });
      break;
    case 'collect':
      void collect(message.id);
      break;
    case 'forget':
      metrics.forget(message.names);
      break;
    case 'drain':
      void drain(message.delayMs, message.timeoutMs);
      break;
  }
});

async function listen(http: ListenTarget | undefined, https: ListenTarget | undefined): Promise<void> {
  try {
    send({ kind: 'listening', ports: await proxy.listen(http, https) });
  } catch (error) {
    send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

async function collect(id: number): Promise<void> {
  const ofRuntime = await runtime.getMetricsAsJSON();
  send({ kind: 'metrics', id, metrics: { product: metrics.samples(), runtime: ofRuntime } });
}

async function drain(delayMs: number, timeoutMs: number): Promise<void> {
  await proxy.drain(delayMs, timeoutMs);
  await tracing?.close();
  accessLog?.flush();
  send({ kind: 'drained' });
}

function onTheWire(request: TokenRequest): WireTokenRequest {
  return request.kind === 'bearer'
    ? { ...request, token: request.token.reveal() }
    : { ...request, clientSecret: request.clientSecret.reveal() };
}
