/** What a proxy thread counts. prom-client is the oracle: it counts the same requests in its own, slower way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';
import { AggregatorRegistry, Counter, Histogram, Registry } from 'prom-client';

import { BUCKETS_SECONDS, PROXY_METRICS } from '../../../src/telemetry/metric-table.ts';
import type { RequestRecord } from '../../../src/telemetry/ports.ts';
import { createProxyMetrics, type ProxyMetrics } from '../../../src/telemetry/proxy-metrics.ts';
import { addSamples, metricsJson } from '../../../src/telemetry/samples.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import { requestRecord } from '../../support/request-records.ts';

const RECORDS: fc.Arbitrary<RequestRecord> = fc
  .record({
    namespace: fc.constantFrom('shop', 'bank'),
    ingress: fc.constantFrom('orders', 'public'),
    backend: fc.constantFrom('', 'orders', 'payments'),
    policy: fc.constantFrom('', 'shop/a', 'shop/b'),
    method: fc.constantFrom('GET', 'POST', 'PROPFIND'),
    status: fc.constantFrom(200, 401, 503),
    reason: fc.constantFrom(undefined, 'InvalidClient', 'ClientClosed'),
    authOutcome: fc.constantFrom('allow', 'deny', 'unavailable'),
    // Bounds of buckets too, which belong to the bucket that they bound.
    durationMs: fc.oneof(
      fc.constantFrom(...BUCKETS_SECONDS.map((seconds) => seconds * 1_000)),
      fc.nat(90_000),
    ),
    upstreamDurationMs: fc.option(fc.nat(90_000), { nil: undefined }),
    credentialSource: fc.constantFrom(undefined, 'Basic', 'Query'),
  } as const)
  .map(({ backend, ...rest }) =>
    requestRecord({ ...rest, service: backend === '' ? '' : `${rest.namespace}/${backend}` }),
  );

async function pageOf(...threads: readonly ProxyMetrics[]): Promise<ReadonlyMap<string, number>> {
  const json = metricsJson(addSamples(threads.map((thread) => thread.samples())));
  return seriesOf(await AggregatorRegistry.aggregate([[...json]]).metrics());
}

/** The same, by the library. */
function oracle() {
  const registry = new Registry();
  const registers = [registry];
  const counter = ({ name, help, labels }: { name: string; help: string; labels: readonly string[] }) =>
    new Counter({ name, help, labelNames: [...labels], registers });
  const histogram = ({ name, help, labels }: { name: string; help: string; labels: readonly string[] }) =>
    new Histogram({ name, help, labelNames: [...labels], registers, buckets: BUCKETS_SECONDS });
  const requests = counter(PROXY_METRICS.requests);
  const duration = histogram(PROXY_METRICS.requestDuration);
  const upstream = histogram(PROXY_METRICS.upstreamDuration);
  const decisions = counter(PROXY_METRICS.decisions);
  const sources = counter(PROXY_METRICS.credentialSource);
  return {
    registry,
    count: (record: RequestRecord): void => {
      const { namespace, ingress, policy, status } = record;
      const service = record.service.replace(`${namespace}/`, '');
      const method = record.method === 'PROPFIND' ? 'other' : record.method;
      requests.inc({ namespace, ingress, service, method, status: String(status) });
      duration.observe({ namespace, ingress }, record.durationMs / 1_000);
      if (record.upstreamDurationMs !== undefined && service !== '') {
        upstream.observe({ namespace, service }, record.upstreamDurationMs / 1_000);
      }
      if (policy !== '') decisions.inc({ policy, outcome: record.authOutcome, reason: record.reason ?? '' });
      if (record.credentialSource !== undefined) sources.inc({ source: record.credentialSource });
    },
  };
}

/** Sums of seconds differ in their last digits by the order of addition. */
function rounded(series: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  const ofRequests = [...series].filter(
    ([name]) => !/^oidc_ingress_(?:token_cache|connections|exchanges)/.test(name),
  );
  return Object.fromEntries(
    ofRequests
      .map(([name, value]) => [name, Math.round(value * 1e6) / 1e6] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

test('requests of several threads are counted as prom-client would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), RECORDS), { maxLength: 60 }), async (records) => {
      const threads = [createProxyMetrics(), createProxyMetrics()];
      const { registry, count } = oracle();
      for (const [index, record] of records) {
        // Without a Service nothing is sent on.
        const sent = record.service === '' ? { ...record, upstreamDurationMs: undefined } : record;
        threads[index]?.telemetry.requestFinished(sent);
        count(sent);
      }
      assert.deepEqual(rounded(await pageOf(...threads)), rounded(seriesOf(await registry.metrics())));
    }),
    { numRuns: 50 },
  );
});

test('lookups, shared exchanges and connections are counted', async () => {
  const { telemetry, ...metrics } = createProxyMetrics();
  for (const result of ['hit', 'hit', 'hit', 'miss', 'miss', 'negative_hit'] as const) {
    telemetry.tokenCacheLookup(result);
  }
  telemetry.exchangeSaved('https://acme.eu.auth0.com/');
  for (const change of [1, 1, -1] as const) telemetry.connections(change);
  for (const limit of ['rate', 'rate', 'body_size'] as const) telemetry.limitReached(limit);
  const page = await pageOf({ telemetry, ...metrics });
  assert.deepEqual(Object.fromEntries(page), {
    oidc_ingress_token_cache_hits_total: 3,
    oidc_ingress_token_cache_negative_hits_total: 1,
    oidc_ingress_token_cache_misses_total: 2,
    'oidc_ingress_exchanges_saved_total{issuer="https://acme.eu.auth0.com/"}': 1,
    oidc_ingress_connections: 1,
    'oidc_ingress_limits_reached_total{limit="rate"}': 2,
    'oidc_ingress_limits_reached_total{limit="body_size"}': 1,
  });
});

test('every finished request is handed on', () => {
  const handed: RequestRecord[] = [];
  const { telemetry } = createProxyMetrics((record) => handed.push(record));
  const record = requestRecord();
  telemetry.requestFinished(record);
  assert.deepEqual(handed, [record]);
});

test('neither the path nor the host of a caller is in a series', async () => {
  const metrics = createProxyMetrics();
  const hostile = { host: 'attacker.example', path: '/secret-path', method: 'SECRET-METHOD' };
  metrics.telemetry.requestFinished(
    requestRecord({
      ...hostile,
      namespace: '',
      ingress: '',
      service: '',
      policy: '',
      clientId: 'caller-chosen',
    }),
  );
  const names = [...(await pageOf(metrics)).keys()].join('\n');
  assert.ok(names.includes('method="other"'));
  for (const text of [...Object.values(hostile), 'caller-chosen']) assert.ok(!names.includes(text), text);
});

const NOTHING = { ingresses: [], services: [], policies: [], issuers: [] };

for (const { name, forget, gone } of [
  { name: 'Ingress', forget: { ingresses: ['shop/orders'] }, gone: /ingress="orders"/ },
  { name: 'Service', forget: { services: ['shop/orders'] }, gone: /service="orders"/ },
  { name: 'policy', forget: { policies: ['shop/orders-api'] }, gone: /policy="shop\/orders-api"/ },
  { name: 'issuer', forget: { issuers: ['https://a.test/'] }, gone: /issuer="https:\/\/a\.test\/"/ },
]) {
  test(`what was counted of one ${name} can be dropped, and of nothing else`, async () => {
    const metrics = createProxyMetrics();
    for (const other of ['orders', 'public']) {
      const service = `shop/${other}`;
      metrics.telemetry.requestFinished(
        requestRecord({ ingress: other, service, policy: `shop/${other}-api` }),
      );
    }
    metrics.telemetry.exchangeSaved('https://a.test/');
    metrics.telemetry.exchangeSaved('https://b.test/');
    const before = await pageOf(metrics);
    metrics.forget({ ...NOTHING, ...forget });
    const after = await pageOf(metrics);
    const dropped = [...before.keys()].filter((series) => !after.has(series));
    assert.ok(dropped.length > 0);
    assert.deepEqual(
      dropped.filter((series) => !gone.test(series)),
      [],
    );
    assert.deepEqual(
      [...after.keys()].filter((series) => gone.test(series)),
      [],
    );
  });
}

test('what comes after it was dropped is counted anew', async () => {
  const metrics = createProxyMetrics();
  const record = requestRecord();
  for (const ofIngress of ['shop/orders', 'shop/other']) {
    metrics.telemetry.requestFinished(record);
    metrics.forget({ ...NOTHING, ingresses: [ofIngress] });
  }
  const counted = [...(await pageOf(metrics))].filter(([name]) =>
    /^oidc_ingress_(?:requests|request_duration.*_count)/.test(name),
  );
  assert.deepEqual(
    counted.map(([, value]) => value),
    [1, 1],
    JSON.stringify(counted),
  );
});
