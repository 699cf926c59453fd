/** gRPC end to end: every kind of call through authentication, and every refusal in its own form. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { Metadata, status } from '@grpc/grpc-js';

import type { ExchangeOutcome } from '../../../src/authz/ports.ts';
import type { Reason } from '../../../src/model/reasons.ts';
import { eventually } from '../../support/eventually.ts';
import { planOf } from '../proxy/harness.ts';
import { closedPort, startRawUpstream } from '../proxy/raw.ts';
import { HOST, startOrders, throughGateway, type Way } from './grpc-orders.ts';
import { certificateFor, startHttp2, startHttps, trusting } from './protocol-upstreams.ts';

const H2C: Way = { protocol: 'H2C', plan: planOf() };

describe('a gRPC call with Basic credentials in its metadata', () => {
  it('of one message each way arrives with the token, and its trailers come back', async (test) => {
    const { port } = await startOrders(test);
    const { gateway, client } = await throughGateway(test, port, H2C);
    const { code, messages, trailers } = await client.get('7');
    assert.deepEqual(
      [code, messages, trailers.get('x-seen')],
      [status.OK, ['order 7'], ['Bearer the.access.token']],
    );
    const record = await gateway.record();
    assert.deepEqual([record.status, record.authOutcome, record.path], [200, 'allow', '/shop.Orders/Get']);
  });

  it('gets the error of the service with its details', async (test) => {
    const { port } = await startOrders(test);
    const { client } = await throughGateway(test, port, H2C);
    const { code, details } = await client.get('nothing');
    assert.deepEqual([code, details], [status.NOT_FOUND, 'no such order: ü']);
  });

  it('that streams from the service gets every message, in order', async (test) => {
    const { port } = await startOrders(test);
    const { client } = await throughGateway(test, port, H2C);
    const { code, messages } = await client.watch(2_000);
    assert.equal(code, status.OK);
    assert.deepEqual(
      messages,
      Array.from({ length: 2_000 }, (_, index) => `event ${index + 1}`),
    );
  });

  it('that streams to the service delivers every byte', async (test) => {
    const { port } = await startOrders(test);
    const { client } = await throughGateway(test, port, H2C);
    const { code, messages } = await client.upload(Array.from({ length: 100 }, () => 'x'.repeat(50_000)));
    assert.deepEqual([code, messages], [status.OK, ['5000000']]);
  });

  it('that streams both ways gets each answer before it says more', async (test) => {
    const { port } = await startOrders(test);
    const { client } = await throughGateway(test, port, H2C);
    const call = client.chat();
    const ended = once(call, 'status');
    for (const word of ['one', 'two', 'three']) {
      call.write(word);
      assert.deepEqual(await once(call, 'data'), [word.toUpperCase()]);
    }
    call.end();
    call.resume();
    assert.equal(((await ended) as [{ code: number }])[0].code, status.OK);
  });

  it('that its client cancels is cancelled at the service', async (test) => {
    const orders = await startOrders(test);
    const { gateway, client } = await throughGateway(test, orders.port, H2C);
    const call = client.chat();
    call.write('one');
    await once(call, 'data');
    call.cancel();
    await eventually('the cancellation', async () => orders.cancelled === 1);
    assert.equal((await gateway.record()).status, 499);
  });

  it('comes in clear text too, of every kind', async (test) => {
    const { port } = await startOrders(test);
    const { gateway, client } = await throughGateway(test, port, { ...H2C, isClearText: true });
    const { code, messages, trailers } = await client.get('7');
    assert.deepEqual(
      [code, messages, trailers.get('x-seen')],
      [status.OK, ['order 7'], ['Bearer the.access.token']],
    );
    assert.equal((await client.watch(2_000)).messages.length, 2_000);
    const { messages: uploaded } = await client.upload(Array.from({ length: 20 }, () => 'x'.repeat(50_000)));
    assert.deepEqual(uploaded, ['1000000']);
    assert.equal((await client.get('7', new Metadata())).code, status.UNAUTHENTICATED);
    assert.equal(gateway.connections(), 1);
  });

  it('is served by HTTP/2 over TLS where the service is behind TLS', async (test) => {
    const certificate = certificateFor(HOST);
    const { port } = await startOrders(test, certificate);
    const tls = trusting(certificate);
    const { client } = await throughGateway(test, port, { protocol: 'HTTPS', tls, plan: planOf() });
    const { code, messages } = await client.get('7');
    assert.deepEqual([code, messages], [status.OK, ['order 7']]);
    assert.equal((await client.watch(10)).messages.length, 10);
  });
});

describe('a gRPC call is refused with', () => {
  const refused = (reason: Reason): ExchangeOutcome => ({
    kind: 'refused',
    reason,
    detail: 'as scripted',
    keepUntilMs: undefined,
    retryAtMs: undefined,
  });
  const cases: readonly { readonly reason: Reason; readonly want: number; readonly name: string }[] = [
    { reason: 'InvalidClient', want: status.UNAUTHENTICATED, name: 'UNAUTHENTICATED for a wrong secret' },
    { reason: 'GrantMissing', want: status.PERMISSION_DENIED, name: 'PERMISSION_DENIED for a missing grant' },
    {
      reason: 'CallerQuotaExceeded',
      want: status.RESOURCE_EXHAUSTED,
      name: 'RESOURCE_EXHAUSTED for a used-up quota',
    },
    {
      reason: 'ProviderUnavailable',
      want: status.UNAVAILABLE,
      name: 'UNAVAILABLE for a provider that is down',
    },
  ];
  for (const { reason, want, name } of cases) {
    it(name, async (test) => {
      const { port } = await startOrders(test);
      const { gateway, client } = await throughGateway(test, port, H2C, { outcome: () => refused(reason) });
      const { code, messages } = await client.get('7');
      assert.deepEqual([code, messages], [want, []]);
      assert.equal((await gateway.record()).reason, reason);
    });
  }

  it('UNAUTHENTICATED without credentials, also where it streams', async (test) => {
    const { port } = await startOrders(test);
    const { client } = await throughGateway(test, port, H2C);
    const { code, details } = await client.get('7', new Metadata());
    assert.equal(code, status.UNAUTHENTICATED);
    assert.match(details, /credentials/i);
    const call = client.chat(new Metadata());
    call.write('x'.repeat(100_000));
    const { promise, resolve } = Promise.withResolvers<number>();
    call.on('status', (given: { readonly code: number }) => resolve(given.code));
    assert.equal(await promise, status.UNAUTHENTICATED);
  });
});

describe('a gRPC call fails with UNAVAILABLE where the service', () => {
  it('cannot be reached', async (test) => {
    const { gateway, client } = await throughGateway(test, await closedPort(), H2C);
    assert.equal((await client.get('7')).code, status.UNAVAILABLE);
    assert.equal((await gateway.record()).reason, 'UpstreamUnreachable');
  });

  it('does not speak HTTP/2', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    test.after(() => upstream.close());
    const { gateway, client } = await throughGateway(test, upstream.port, H2C);
    assert.equal((await client.get('7')).code, status.UNAVAILABLE);
    assert.equal((await gateway.record()).cause, 'the upstream does not speak HTTP/2: ERR_HTTP2_ERROR');
  });

  it('is behind TLS and offers HTTP/1.1 only', async (test) => {
    const certificate = certificateFor(HOST);
    const { port } = await startHttps(test, certificate, (_, response) => response.end());
    const tls = trusting(certificate);
    const { gateway, client } = await throughGateway(test, port, { protocol: 'HTTPS', tls });
    assert.equal((await client.get('7')).code, status.UNAVAILABLE);
    assert.match((await gateway.record()).cause ?? '', /NO_APPLICATION_PROTOCOL|does not offer HTTP\/2/);
  });

  it('keeps silent', async (test) => {
    const { port } = await startHttp2(test, () => {});
    const { gateway, client } = await throughGateway(test, port, H2C, { limits: { firstByteTimeoutMs: 50 } });
    assert.equal((await client.get('7')).code, status.UNAVAILABLE);
    assert.equal((await gateway.record()).reason, 'UpstreamTimeout');
  });
});
