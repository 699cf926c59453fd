/** The metrics of the control thread. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createControlMetrics, type ControlMetrics } from '../../../src/telemetry/control-metrics.ts';
import { CONTROL_METRICS, MAX_QUOTA_CLIENTS, PROXY_METRICS } from '../../../src/telemetry/metric-table.ts';
import { metricNamesOf, seriesOf } from '../../support/metrics-page.ts';

const ISSUER = 'https://acme.eu.auth0.com/';
const OTHER = 'https://other.eu.auth0.com/';

function create(isReady = true): ControlMetrics {
  return createControlMetrics({ version: '1.2.3', isReady: () => isReady });
}

async function seriesWith(metrics: ControlMetrics, text: string): Promise<Readonly<Record<string, number>>> {
  const all = seriesOf(await metrics.registry.metrics());
  return Object.fromEntries([...all].filter(([series]) => series.includes(text)));
}

test('every metric of the control thread is on its page', async () => {
  const names = metricNamesOf(await create().registry.metrics());
  const want = [...Object.values(CONTROL_METRICS), PROXY_METRICS.exchangesSaved].map(({ name }) => name);
  assert.deepEqual(names.toSorted(), want.toSorted());
});

for (const { name, isReady, want } of [
  { name: 'ready', isReady: true, want: 1 },
  { name: 'not ready', isReady: false, want: 0 },
]) {
  test(`a gateway that is ${name} says ${want}`, async () => {
    assert.deepEqual(await seriesWith(create(isReady), 'oidc_ingress_ready'), { oidc_ingress_ready: want });
  });
}

test('a certificate that is no longer served has no series', async () => {
  const metrics = create();
  metrics.config.certificates({ 'shop/tls': 2_000_000, 'shop/old': 1_000_000 });
  metrics.config.certificates({ 'shop/tls': 3_000_000 });
  assert.deepEqual(await seriesWith(metrics, 'tls_expiry'), {
    'oidc_ingress_tls_expiry_timestamp_seconds{certificate="shop/tls"}': 3_000,
  });
});

test('the age of keys counts from the last fetch that succeeded', async () => {
  const metrics = create();
  metrics.broker.jwksFetched(ISSUER, 'ok', Date.now() - 60_000);
  metrics.broker.jwksFetched(ISSUER, 'failed', Date.now());
  metrics.broker.jwksFetched(OTHER, 'failed', Date.now());
  const ages = await seriesWith(metrics, 'jwks_age');
  assert.deepEqual(Object.keys(ages), [`oidc_ingress_jwks_age_seconds{issuer="${ISSUER}"}`]);
  const [age = 0] = Object.values(ages);
  assert.ok(age >= 60 && age < 70, `${age} s`);
});

test('quotas are kept of the clients heard of last', async () => {
  const metrics = create();
  const clientAt = (index: number): string => `client-${index}`;
  for (let index = 0; index <= MAX_QUOTA_CLIENTS; index += 1) {
    metrics.broker.quotaRemaining(ISSUER, clientAt(index), 'per_day', 1_000 + index);
    // The first is heard of again and again, and stays.
    metrics.broker.quotaRemaining(ISSUER, clientAt(0), 'per_hour', index);
  }
  const quotas = await seriesWith(metrics, 'quota_remaining');
  const clients = new Set(Object.keys(quotas).map((series) => /client="([^"]*)"/.exec(series)?.[1]));
  assert.equal(clients.size, MAX_QUOTA_CLIENTS);
  assert.ok(
    clients.has(clientAt(0)) && !clients.has(clientAt(1)) && clients.has(clientAt(MAX_QUOTA_CLIENTS)),
  );
  const series = `oidc_ingress_provider_quota_remaining{issuer="${ISSUER}",client="client-0",window="per_hour"}`;
  assert.equal(quotas[series], MAX_QUOTA_CLIENTS);
});

test('an issuer that no policy names any more is dropped, and no other', async () => {
  const metrics = create();
  for (const issuer of [ISSUER, OTHER]) {
    const { broker } = metrics;
    broker.exchangeFinished(issuer, 'granted', 12, undefined);
    broker.exchangeFinished(issuer, 'InvalidClient', 12, undefined);
    broker.exchangeSaved(issuer);
    broker.circuitState(issuer, 2);
    broker.rateLimitRemaining(issuer, 9);
    broker.quotaRemaining(issuer, 'client', 'per_day', 9);
    broker.jwksFetched(issuer, 'ok', Date.now());
  }
  const before = Object.keys(await seriesWith(metrics, OTHER));
  await metrics.forget({ ingresses: [], services: [], policies: [], issuers: [ISSUER] });
  assert.deepEqual(await seriesWith(metrics, ISSUER), {});
  assert.deepEqual(Object.keys(await seriesWith(metrics, OTHER)), before);
});
