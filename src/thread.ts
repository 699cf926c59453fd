/** The composition root of a proxy thread: a proxy, its token cache and its metrics, wired to the control thread. */

import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';

import type { ExchangeOutcome, TokenBroker } from './authz/ports.ts';
import type { FromThread, ListenTarget, ThreadSettings, ToThread } from './control/protocol.ts';
import { createTokenSource } from './oauth/thread-token-source.ts';
import { createProxy } from './proxy/proxy.ts';
import { createAccessLog } from './telemetry/access-log.ts';
import { createLogger, standardOutput } from './telemetry/logger.ts';
import { createProxyMetrics, createRuntimeMetrics } from './telemetry/metrics.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const settings = workerData as ThreadSettings;
const send = (message: FromThread): void => port.postMessage(message);

const output = standardOutput();
const logger = createLogger({ level: settings.logLevel, base: { thread: settings.name }, destination: output });
const metrics = createProxyMetrics(settings.accessLog ? createAccessLog(output) : undefined);
const runtime = createRuntimeMetrics(settings.name);

/** The broker lives in the control thread; answers come back by number. */
const waiting = new Map<number, (outcome: ExchangeOutcome) => void>();
let nextId = 0;
const broker: TokenBroker = {
  exchange(request) {
    const id = nextId++;
    const { promise, resolve } = Promise.withResolvers<ExchangeOutcome>();
    waiting.set(id, resolve);
    send({ kind: 'exchange', id, request: { ...request, clientSecret: request.clientSecret.reveal() } });
    return promise;
  },
};
