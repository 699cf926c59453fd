/** Traces through a real gateway: the headers that the upstream gets, and the spans that a collector gets. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { Answer } from '../../support/http-client.ts';
import { startOtlpCollector, type CollectedSpan, type OtlpCollector } from '../../support/otlp-collector.ts';
import {
  CLIENT,
  RIGHT,
  WRONG,
  echoOf,
  protectedBy,
  specFor,
  startWorld,
  surroundings,
  type Places,
  type World,
} from '../../support/world.ts';

const HOST = 'orders.example.com';
const CALLER_TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER_SPAN = 'b7ad6b7169203331';
const CALLERS = `00-${CALLER_TRACE}-${CALLER_SPAN}-01`;

function manifests({ issuer, upstreamPort }: Places): string {
  return surroundings(upstreamPort) + protectedBy('orders-api', specFor(issuer), HOST);
}

function tracingHeadersOf(answer: Answer): Readonly<Record<string, unknown>> {
  const { traceparent, tracestate } = echoOf(answer).headers;
  return { traceparent, tracestate };
}

async function loggedTraceOf(world: World, answer: Answer): Promise<unknown> {
  const id = echoOf(answer).headers['x-request-id'];
  const line = await world.gateway.line((text) => text.includes(`"request_id":"${String(id)}"`));
  return (JSON.parse(line) as { readonly trace_id?: unknown }).trace_id;
}

describe('a gateway without a collector', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ manifests });
  });
  after(() => world.close());

  it('passes the trace of the caller on as it is', async () => {
    const headers = { traceparent: CALLERS, tracestate: 'vendor=1' };
    const answer = await world.call({ host: HOST, basic: RIGHT, headers });
    assert.deepEqual(tracingHeadersOf(answer), headers);
    assert.equal(await loggedTraceOf(world, answer), CALLER_TRACE);
  });

  for (const { name, headers } of [
    { name: 'none', headers: {} },
    { name: 'an unreadable one', headers: { traceparent: 'nonsense', tracestate: 'vendor=1' } },
  ]) {
    it(`starts a trace where the caller has ${name}`, async () => {
      const answer = await world.call({ host: HOST, basic: RIGHT, headers });
      const { traceparent, tracestate } = tracingHeadersOf(answer);
      const [, traceId] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-00$/.exec(String(traceparent)) ?? [];
      assert.ok(traceId !== undefined, String(traceparent));
      assert.equal(tracestate, undefined);
      assert.equal(await loggedTraceOf(world, answer), traceId);
    });
  }
});

describe('a gateway with a collector', () => {
  let collector: OtlpCollector;
  let world: World;
  const answers: { granted?: Answer; cached?: Answer; refused?: Answer } = {};
  before(async () => {
    collector = await startOtlpCollector();
    world = await startWorld({
      manifests,
      flags: ['--workers=1'],
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      },
    });
    const call = { host: HOST, headers: { traceparent: CALLERS, tracestate: 'vendor=1' } };
    answers.granted = await world.call({
      ...call,
      basic: RIGHT,
      path: '/v1/orders?client_secret=in-the-query',
    });
    answers.cached = await world.call({ host: HOST, basic: RIGHT });
    answers.refused = await world.call({ host: HOST, basic: WRONG });
    // The end of the gateway sends what is pending.
    assert.equal(await world.gateway.stop(), 0);
  });
  after(async () => {
    await world.close();
    await collector.close();
  });

  function spanOf(name: string, isWanted: (span: CollectedSpan) => boolean): CollectedSpan {
    const found = collector.spans.filter((span) => span.name === name && isWanted(span));
    assert.equal(found.length, 1, `${name} in ${collector.spans.map((span) => span.name).join(', ')}`);
    return found[0] ?? assert.fail();
  }
  const inCallersTrace = ({ traceId }: CollectedSpan): boolean => traceId === CALLER_TRACE;

  it('goes on with the trace of the caller: server span, upstream span, and the exchange in another thread', () => {
    const server = spanOf('GET /', inCallersTrace);
    const upstream = spanOf('GET', inCallersTrace);
    const exchange = spanOf('token exchange', inCallersTrace);
    assert.deepEqual(
      [server, upstream, exchange].map(({ kind, parentSpanId }) => [kind, parentSpanId]),
      [
        ['server', CALLER_SPAN],
        ['client', server.spanId],
        ['client', server.spanId],
      ],
    );
    for (const part of [upstream, exchange]) {
      assert.ok(server.startTimeUnixNano <= part.startTimeUnixNano + 2_000_000n);
      assert.ok(part.endTimeUnixNano <= server.endTimeUnixNano + 2_000_000n);
    }
  });

  it('tells the upstream of the span that stands for it', () => {
    assert.ok(answers.granted !== undefined);
    const { spanId } = spanOf('GET', inCallersTrace);
    assert.deepEqual(tracingHeadersOf(answers.granted), {
      traceparent: `00-${CALLER_TRACE}-${spanId}-01`,
      tracestate: 'vendor=1',
    });
  });

  it('names things as the semantic conventions do', () => {
    const { attributes, resource, status } = spanOf('GET /', inCallersTrace);
    const { 'oidc_ingress.request_id': requestId, ...named } = attributes;
    assert.match(String(requestId), /^\S+$/);
    assert.deepEqual(named, {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/',
      'url.scheme': 'http',
      'url.path': '/v1/orders',
      'server.address': HOST,
      'client.address': '127.0.0.1',
      'oidc_ingress.ingress': 'shop/orders-example-com',
      'oidc_ingress.policy': 'shop/orders-api',
      'oidc_ingress.auth.outcome': 'allow',
      'oidc_ingress.client_id': CLIENT.id,
    });
    assert.equal(status.code, 0);
    assert.equal(resource['service.name'], 'oidc-ingress');
    assert.equal(resource['deployment.environment.name'], 'test');
    assert.deepEqual(spanOf('GET', inCallersTrace).attributes, {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': world.upstream.port,
      'oidc_ingress.service': 'shop/orders',
    });
    assert.deepEqual(spanOf('token exchange', inCallersTrace).attributes, {
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'oidc_ingress.issuer': world.auth0.issuer,
      'oidc_ingress.exchange.result': 'granted',
    });
  });

  it('has no exchange under a request that a cached token served', () => {
    assert.ok(answers.cached !== undefined);
    const [, traceId] = String(tracingHeadersOf(answers.cached)['traceparent']).split('-');
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    assert.deepEqual(spans.map(({ name }) => name).toSorted(), ['GET', 'GET /']);
    assert.equal(spans.find(({ name }) => name === 'GET /')?.parentSpanId, undefined);
  });

  it('marks an exchange that was refused as failed, and the refusal of the request as no fault of the gateway', () => {
    const isRefused = ({ attributes }: CollectedSpan): boolean =>
      attributes['oidc_ingress.reason'] === 'InvalidClient';
    const server = spanOf('GET /', isRefused);
    assert.equal(answers.refused?.status, 401);
    assert.equal(server.status.code, 0);
    const exchange = spanOf('token exchange', ({ traceId }) => traceId === server.traceId);
    assert.equal(exchange.parentSpanId, server.spanId);
    assert.equal(exchange.attributes['error.type'], 'InvalidClient');
    assert.equal(exchange.status.code, 2);
  });

  it('puts no secret and no token into a span', () => {
    const sent = collector.bodies.join('\n');
    assert.ok(sent.length > 1_000);
    for (const secret of [CLIENT.secret, 'wrong-S3cret', 'in-the-query', 'eyJ']) {
      assert.ok(!sent.includes(secret), secret);
      assert.ok(!sent.includes(Buffer.from(secret).toString('base64')), secret);
    }
  });
});

describe('a gateway whose collector is down', () => {
  it('serves, says once that spans are lost, and ends in time', async () => {
    const gone = await startOtlpCollector();
    await gone.close();
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: gone.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '500' };
    const world = await startWorld({ manifests, flags: ['--workers=1'], environment });
    try {
      assert.equal((await world.call({ host: HOST, basic: RIGHT })).status, 200);
      assert.equal(await world.gateway.stop(), 0);
      const threads = world.gateway.lines
        .filter((line) => line.includes('spans cannot be exported'))
        .map((line) => (JSON.parse(line) as { readonly thread: string }).thread);
      assert.deepEqual(threads.toSorted(), ['control', 'proxy-0']);
    } finally {
      await world.close();
    }
  });
});
