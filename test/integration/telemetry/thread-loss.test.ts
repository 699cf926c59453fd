/** Counts over proxy threads that end and are replaced. */

import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';

import { ProxyThreads } from '../../../src/control/proxy-threads.ts';
import { emptyTable } from '../../../src/model/table.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { createSharedCounters } from '../../../src/proxy/proxy.ts';
import { eventually } from '../../support/eventually.ts';

test('counts do not go back when threads end, and go on with those that replace them', async () => {
  let replaced = 0;
  const threads = new ProxyThreads({
    count: 2,
    entry: new URL('../../support/mortal-thread.ts', import.meta.url),
    settings: {
      pepper: new Uint8Array(32),
      trustedProxies: new BlockList(),
      limits: {
        headerBytes: 1,
        headersTimeoutMs: 1,
        keepAliveTimeoutMs: 1,
        idleTimeoutMs: 1,
        connectTimeoutMs: 1,
        connections: 1_000,
        connectionsPerAddress: 1_000,
        upstreamRequests: 1_000,
        firstByteTimeoutMs: 1,
      },
      edge: { proxyProtocol: false, forwarded: false, via: false },
      counters: createSharedCounters(2),
      maxTokens: 1,
      maxRefusals: 1,
      accessLog: { mode: 'off', oneIn: 1 },
      sampling: undefined,
      logLevel: 'info',
    },
    broker: { obtain: () => Promise.reject(new Error('nobody asks')) },
    http: { host: '127.0.0.1', port: 0 },
    https: undefined,
    logger: collectingLogger(),
    onReplaced: () => (replaced += 1),
    onActivity: () => {},
    onLines: () => {},
  });
  const requests = async (): Promise<number> => {
    const { product } = await threads.collect(5_000);
    return product.requests.reduce((sum, { values: [value = 0] }) => sum + value, 0);
  };
  try {
    await threads.start({ table: emptyTable(), certificateKeys: {}, backendKeys: {} });
    assert.equal(await requests(), 2);
    assert.equal(await threads.areAlive(5_000), false);
    await eventually('both threads ended', () => Promise.resolve(replaced === 2));
    assert.equal(await requests(), 2);
    await eventually('those that replace them count as well', async () => (await requests()) === 4);
  } finally {
    await threads.close();
  }
});
