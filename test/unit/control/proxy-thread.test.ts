/** In which order tables reach a proxy thread. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { diffTables } from '../../../src/compile/delta.ts';
import { ProxyThread, type TableUpdate } from '../../../src/control/proxy-thread.ts';
import type { ThreadSettings } from '../../../src/control/protocol.ts';
import { emptyTable } from '../../../src/model/table.ts';

/** Answers what is asked, and tells of every message. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ kind, id, version }) => {
      parentPort.postMessage({ kind: 'lines', lines: kind + ' ' + (version ?? '') });
      if (kind === 'part') parentPort.postMessage({ kind: 'taken', id });
      if (kind === 'apply') parentPort.postMessage({ kind: 'applied', version });
    });`)}`,
);

const NOTHING = diffTables(emptyTable(), emptyTable());
const update = (parts: number): TableUpdate => ({
  parts: Array.from({ length: parts }, () => NOTHING),
  last: NOTHING,
  keys: { certificateKeys: {}, backendKeys: {} },
});

test('a table in parts is served before the next one begins', async (t) => {
  const seen: string[] = [];
  const thread = new ProxyThread({
    entry: ENTRY,
    // The stand-in reads none of them.
    settings: { name: 'proxy-0' } as ThreadSettings,
    broker: { obtain: () => assert.fail('no token is asked for') },
    onActivity: () => undefined,
    onLines: (line) => seen.push(String(line).trim()),
  });
  t.after(() => thread.terminate());
  await Promise.all([thread.apply(1, update(2)), thread.apply(2, update(1)), thread.apply(3, update(0))]);
  assert.deepEqual(seen, ['part', 'part', 'apply 1', 'part', 'apply 2', 'apply 3']);
});

test('a thread that ends refuses the tables that wait', async () => {
  const thread = new ProxyThread({
    entry: new URL('data:text/javascript,'),
    settings: { name: 'proxy-0' } as ThreadSettings,
    broker: { obtain: () => assert.fail('no token is asked for') },
    onActivity: () => undefined,
    onLines: () => undefined,
  });
  const waiting = [thread.apply(1, update(1)), thread.apply(2, update(0))];
  const outcomes = await Promise.allSettled(waiting);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});
