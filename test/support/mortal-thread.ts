/** Stands in for a proxy thread: it has counted one request, and ends as soon as it is asked whether it lives. */

import { parentPort } from 'node:worker_threads';

import type { FromThread, ToThread } from '../../src/control/protocol.ts';
import { createProxyMetrics } from '../../src/telemetry/proxy-metrics.ts';
import { requestRecord } from './request-records.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const send = (message: FromThread): void => port.postMessage(message);
const metrics = createProxyMetrics();
metrics.telemetry.requestFinished(requestRecord());

port.on('message', (message: ToThread) => {
  if (message.kind === 'apply') send({ kind: 'applied', version: message.version });
  if (message.kind === 'listen') send({ kind: 'listening', ports: { http: 1, https: undefined } });
  if (message.kind === 'collect') {
    send({ kind: 'metrics', id: message.id, metrics: { product: metrics.samples(), runtime: [] } });
  }
  // In a thread this ends the thread alone.
  if (message.kind === 'ping') process.exit(1);
});
