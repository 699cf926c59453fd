/** The sum over proxy threads that come and go. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ThreadLedger } from '../../../src/control/thread-ledger.ts';
import { createProxyMetrics } from '../../../src/telemetry/proxy-metrics.ts';
import type { Samples } from '../../../src/telemetry/samples.ts';
import { requestRecord } from '../../support/request-records.ts';

/** Of a thread with one connection that answered `count` requests. */
function samplesOf(count: number, ingress = 'orders'): Samples {
  const metrics = createProxyMetrics();
  metrics.telemetry.connections(1);
  for (let done = 0; done < count; done += 1) metrics.telemetry.requestFinished(requestRecord({ ingress }));
  return metrics.samples();
}

function requestsIn({ requests }: Samples): number {
  return requests.reduce((sum, { values: [value = 0] }) => sum + value, 0);
}

function connectionsIn({ connections }: Samples): number | undefined {
  return connections[0]?.values[0];
}

test('the newest word of each thread counts', () => {
  const ledger = new ThreadLedger();
  ledger.told('proxy-0', samplesOf(1));
  ledger.told('proxy-0', samplesOf(3));
  ledger.told('proxy-1', samplesOf(4));
  assert.equal(requestsIn(ledger.total()), 7);
  assert.equal(connectionsIn(ledger.total()), 2);
});

test('counts do not go back when threads end, and connections do', () => {
  const ledger = new ThreadLedger();
  for (const count of [5, 6]) {
    ledger.told('proxy-0', samplesOf(count));
    ledger.told('proxy-1', samplesOf(1));
    ledger.ended('proxy-0');
  }
  assert.equal(requestsIn(ledger.total()), 12);
  assert.equal(connectionsIn(ledger.total()), 1);
  ledger.told('proxy-0', samplesOf(2));
  assert.equal(requestsIn(ledger.total()), 14);
  assert.equal(connectionsIn(ledger.total()), 2);
});

test('a thread that ends before it said anything changes nothing', () => {
  const ledger = new ThreadLedger();
  ledger.told('proxy-1', samplesOf(1));
  ledger.ended('proxy-0');
  assert.equal(requestsIn(ledger.total()), 1);
});

test('what is forgotten is gone from ended threads too', () => {
  const ledger = new ThreadLedger();
  ledger.told('proxy-0', samplesOf(5, 'orders'));
  ledger.ended('proxy-0');
  ledger.told('proxy-1', samplesOf(3, 'public'));
  ledger.told('proxy-2', samplesOf(2, 'orders'));
  ledger.forget({ ingresses: ['shop/orders'], services: [], policies: [], issuers: [] });
  assert.deepEqual(
    ledger.total().requests.map(({ labels, values }) => [labels[1], values[0]]),
    [['public', 3]],
  );
});
