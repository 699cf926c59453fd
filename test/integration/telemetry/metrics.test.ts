/** The page of metrics of a real gateway, with two proxy threads. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { CONTROL_METRICS, PROXY_METRICS } from '../../../src/telemetry/metric-table.ts';
import { call } from '../../support/http-client.ts';
import { metricNamesOf, seriesOf } from '../../support/metrics-page.ts';
import { faultsOfMetrics, findPromtool } from '../../support/promtool.ts';
import { skipWithout } from '../../support/tools.ts';
import {
  RIGHT,
  WRONG,
  protectedBy,
  specFor,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

const HOST = 'orders.example.com';
const RIGHT_CALLS = 6;

describe('metrics of a gateway', () => {
  let world: World;
  let page: string;
  let series: ReadonlyMap<string, number>;
  before(async () => {
    world = await startWorld({
      manifests: ({ issuer, upstreamPort }) =>
        surroundings(upstreamPort) + protectedBy('orders-api', specFor(issuer), HOST),
    });
    for (let done = 0; done < RIGHT_CALLS; done += 1) {
      assert.equal((await world.call({ host: HOST, basic: RIGHT })).status, 200);
    }
    assert.equal((await world.call({ host: HOST, basic: WRONG })).status, 401);
    assert.equal((await world.call({ host: 'nobody.example.com', method: 'PURGE' })).status, 404);
    page = (await call({ port: world.gateway.ports.admin, path: '/metrics' })).text;
    series = seriesOf(page);
  });
  after(() => world.close());

  function sumOf(pattern: RegExp): number {
    return [...series].reduce((sum, [name, value]) => (pattern.test(name) ? sum + value : sum), 0);
  }

  it('are those of the table, each once', () => {
    const ours = metricNamesOf(page).filter((name) => name.startsWith('oidc_ingress_'));
    const want = [PROXY_METRICS, CONTROL_METRICS].flatMap((metrics) =>
      Object.values(metrics).map(({ name }) => name),
    );
    assert.equal(ours.length, want.length);
    assert.deepEqual(new Set<string>(ours), new Set<string>(want));
  });

  it(
    'are a page that Prometheus reads without complaint',
    { skip: skipWithout(findPromtool()) },
    async () => {
      const faults = await faultsOfMetrics(page);
      // Gauges that prom-client names so.
      const ofNode =
        /^nodejs_active_(?:handles|requests|resources)_total non-counter metrics should not have/;
      assert.deepEqual(
        faults.filter((fault) => !ofNode.test(fault)),
        [],
      );
      assert.notDeepEqual(await faultsOfMetrics(`${page}# TYPE broken gauge\nbroken{ 1\n`), faults);
    },
  );

  it('count every request once, over all threads', () => {
    const counted = [...series].filter(([name]) => name.startsWith('oidc_ingress_requests_total'));
    assert.deepEqual(Object.fromEntries(counted), {
      'oidc_ingress_requests_total{namespace="shop",ingress="orders-example-com",service="orders",method="GET",status="200"}':
        RIGHT_CALLS,
      'oidc_ingress_requests_total{namespace="shop",ingress="orders-example-com",service="orders",method="GET",status="401"}': 1,
      'oidc_ingress_requests_total{namespace="",ingress="",service="",method="other",status="404"}': 1,
    });
    assert.equal(sumOf(/^oidc_ingress_request_duration_seconds_count/), RIGHT_CALLS + 2);
    assert.equal(sumOf(/^oidc_ingress_upstream_duration_seconds_count/), RIGHT_CALLS);
  });

  it('count every look-up in a cache once: a request is a hit, a negative hit or a miss', () => {
    assert.equal(sumOf(/^oidc_ingress_token_cache_(?:hits|negative_hits|misses)_total/), RIGHT_CALLS + 1);
  });

  it('account for every miss: an exchange, or one that was saved', () => {
    assert.equal(sumOf(/^oidc_ingress_exchanges_total/), world.auth0.tokenRequests.length);
    assert.equal(
      sumOf(/^oidc_ingress_exchanges_total/) + sumOf(/^oidc_ingress_exchanges_saved_total/),
      sumOf(/^oidc_ingress_token_cache_misses_total/),
    );
  });

  it('say where credentials came from, once for each request that had any', () => {
    assert.equal(sumOf(/^oidc_ingress_credential_source_total\{source="Basic"\}/), RIGHT_CALLS + 1);
    assert.equal(sumOf(/^oidc_ingress_credential_source_total/), RIGHT_CALLS + 1);
  });

  it('measure every exchange, and count what is kept of it', () => {
    const exchanges = world.auth0.tokenRequests.length;
    assert.equal(sumOf(/^oidc_ingress_exchange_duration_seconds_count/), exchanges);
    assert.equal(series.get('oidc_ingress_token_cache_entries{cache="tokens"}'), 1);
    assert.equal(series.get('oidc_ingress_token_cache_entries{cache="refusals"}'), 1);
    assert.equal(sumOf(/^oidc_ingress_token_cache_evictions_total/), 0);
  });

  it('say that the gateway is ready, and when the process started', () => {
    assert.equal(series.get('oidc_ingress_ready'), 1);
    assert.ok((series.get('process_start_time_seconds{thread="control"}') ?? 0) > 1_700_000_000);
  });

  it('have the event loop and the heap of each thread', () => {
    for (const thread of ['control', 'proxy-0', 'proxy-1']) {
      assert.ok(series.has(`nodejs_eventloop_lag_p99_seconds{thread="${thread}"}`), thread);
      assert.ok((series.get(`nodejs_heap_size_used_bytes{thread="${thread}"}`) ?? 0) > 1_000_000, thread);
    }
    assert.equal(sumOf(/^process_resident_memory_bytes/) > 0, true);
    assert.equal(
      [...series.keys()].filter((name) => name.startsWith('process_resident_memory_bytes')).length,
      1,
    );
  });
});
