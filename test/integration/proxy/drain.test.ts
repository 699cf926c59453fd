/** How a proxy thread ends, and how it changes while it serves. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { head, startGateway, tableFor } from './harness.ts';
import { exchange, openCaller, parseResponse, startFixedUpstream, startRawUpstream } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';

describe('draining', () => {
  it('serves until the delay has passed, and lets each connection go in time', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const kept = await openCaller(gateway.port);
    kept.send(head('GET / HTTP/1.1', HOST));
    assert.match(await kept.until((text) => text.endsWith('ok')), /\r\nConnection: keep-alive\r\n/);
    let isDrained = false;
    const drained = gateway.proxy.drain(2_000, 5_000).then(() => (isDrained = true));
    const fresh = await openCaller(gateway.port);
    for (const caller of [kept, fresh]) {
      caller.send(head('GET / HTTP/1.1', HOST));
      assert.match(await caller.closed(), /\r\nConnection: close\r\n[^]*ok$/);
    }
    assert.equal(isDrained, false);
    await drained;
  });

  it('finishes what is under way, and says that the connection ends', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const [busy, idle] = [await openCaller(gateway.port), await openCaller(gateway.port)];
    busy.send(head('GET / HTTP/1.1', HOST));
    await eventually('the request', async () => upstream.requests().length === 1);
    let isDrained = false;
    const drained = gateway.proxy.drain(0, 5_000).then(() => (isDrained = true));
    await idle.closed();
    assert.equal(isDrained, false);
    upstream.conversations[0]?.socket.write(OK);
    const answer = await busy.closed();
    assert.equal(parseResponse(answer).body, 'ok');
    assert.match(answer, /\r\nConnection: close\r\n/);
    await drained;
  });

  it('ends a connection after a response that had begun as lasting', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await caller.until((text) => text.endsWith('\r\n\r\no'));
    const drained = gateway.proxy.drain(0, 5_000);
    upstream.conversations[0]?.socket.write('k');
    assert.equal(parseResponse(await caller.closed()).body, 'ok');
    await drained;
  });

  it('does not wait for connections that never carried a request', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const caller = await openCaller(gateway.port);
    await eventually('the connection', async () => gateway.connections() === 1);
    const startedMs = performance.now();
    await gateway.proxy.drain(0, 60_000);
    assert.equal(await caller.closed(), '');
    assert.ok(performance.now() - startedMs < 5_000);
  });

  it('refuses new connections', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    await gateway.proxy.drain(0, 0);
    await assert.rejects(openCaller(gateway.port), { code: 'ECONNREFUSED' });
  });

  it('breaks off what has not ended in time', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await eventually('the request', async () => upstream.requests().length === 1);
    await gateway.proxy.drain(0, 50);
    assert.equal(await caller.closed(), '');
  });
});

describe('a change of the table', () => {
  it('loses no request, however often endpoints come and go', async (test) => {
    const upstreams = await Promise.all([1, 2, 3].map(() => startFixedUpstream(OK)));
    test.after(async () => void (await Promise.all(upstreams.map((upstream) => upstream.close()))));
    const ports = upstreams.map(({ port }) => port);
    const gateway = await startGateway(test, { table: tableFor(ports) });
    const over = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      const caller = await openCaller(gateway.port);
      let answered = 0;
      while (!over.signal.aborted) {
        caller.send(head('GET / HTTP/1.1', HOST));
        answered++;
        await caller.until(
          (text) => text.endsWith('ok') && text.split('HTTP/1.1 200 OK').length === answered + 1,
        );
      }
      caller.socket.destroy();
      return answered;
    });
    for (let change = 0; change < 300; change++) {
      gateway.apply(tableFor(ports.filter((_, index) => index !== change % 4)));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    over.abort();
    const answered = (await Promise.all(load)).reduce((sum, count) => sum + count, 0);
    assert.ok(answered > 8);
    assert.ok(gateway.records.every(({ status }) => status === 200));
  });

  it('does not touch a request that is under way', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST, 'Connection: close'));
    await eventually('the request', async () => upstream.requests().length === 1);
    gateway.apply({ ...tableFor([]), hosts: {} });
    upstream.conversations[0]?.socket.write(OK);
    assert.equal(parseResponse(await caller.closed()).status, 200);
    const next = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, 'Connection: close'));
    assert.equal(parseResponse(next).status, 404);
  });
});
