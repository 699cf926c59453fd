/** What a caller of HTTP/2 can make the gateway do, and where it ends: floods, silence, slowness. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { eventually } from '../../support/eventually.ts';
import {
  ErrorCode,
  fieldBlock,
  Flag,
  frame,
  FrameType,
  PREFACE,
  settings,
  uint32,
} from '../../support/http2-frames.ts';
import {
  BASIC,
  grantOf,
  head,
  planOf,
  startGateway,
  tableFor,
  type Gateway,
  type GatewayOptions,
} from '../proxy/harness.ts';
import {
  parseResponse,
  RawCaller,
  startFixedUpstream,
  startRawUpstream,
  type RawUpstream,
} from '../proxy/raw.ts';
import { answerOf, ask, connectCaller, openStream } from './http2-caller.ts';
import type { Test } from './protocol-upstreams.ts';
import { connectHttp2, headers, openHttp2, RawHttp2Caller, REQUEST, type Fields } from './raw-http2.ts';

const MIB = 1024 * 1024;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const MAX_HEADER_LIST_SIZE = 6;
const ENABLE_CONNECT_PROTOCOL = 8;

/** An upstream that never answers. */
async function startSilent(
  test: Test,
  options: Omit<GatewayOptions, 'table'> = {},
): Promise<{ readonly gateway: Gateway; readonly upstream: RawUpstream }> {
  const upstream = await startRawUpstream(() => {});
  test.after(() => upstream.close());
  return { upstream, gateway: await startGateway(test, { ...options, table: tableFor([upstream.port]) }) };
}

/** Of what is still used. */
async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await new Promise((resolve) => void setImmediate(resolve));
  collect();
  return process.memoryUsage().heapUsed;
}

describe('the settings of the gateway', () => {
  it('bound streams, windows and field lists, and offer no extended CONNECT', async (test) => {
    const { gateway } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    const { payload } = await caller.frame(({ type, flags }) => type === FrameType.settings && flags === 0);
    const given = new Map<number, number>();
    for (let at = 0; at < payload.length; at += 6)
      given.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    assert.equal(given.get(MAX_CONCURRENT_STREAMS), 128);
    assert.equal(given.get(INITIAL_WINDOW_SIZE), 128 * 1024);
    assert.equal(given.get(MAX_HEADER_LIST_SIZE), 32 * 1024);
    assert.equal(given.get(ENABLE_CONNECT_PROTOCOL) ?? 0, 0);
    caller.socket.destroy();
  });
});

describe('a caller of HTTP/2', () => {
  it('has at most 128 streams at a time: more are refused, not served', async (test) => {
    const { gateway, upstream } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    for (let index = 0; index < 130; index++) caller.request(index * 2 + 1);
    for (const stream of [257, 259]) {
      const { payload } = await caller.frameOf(FrameType.resetStream, stream);
      assert.equal(payload.readUInt32BE(), ErrorCode.refusedStream);
    }
    await eventually('the requests that were served', async () => upstream.requests().length === 128);
    caller.socket.destroy();
  });

  it('that ends its body late, but whole, is not reset', async (test) => {
    const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openHttp2(gateway.httpsPort);
    const post: Fields = [[':method', 'POST'], ...REQUEST.slice(1), ['content-length', '20000']];
    caller.send(headers(1, post, Flag.endHeaders), frame(FrameType.data, 0, 1, Buffer.alloc(16_000)));
    caller.send(frame(FrameType.data, 0, 1, Buffer.alloc(4_000)));
    await caller.frame(({ type, flags }) => type === FrameType.data && (flags & Flag.endStream) !== 0);
    caller.send(frame(FrameType.data, Flag.endStream, 1));
    caller.request(3);
    await caller.frameOf(FrameType.headers, 3);
    assert.ok(caller.frames.every(({ type }) => type !== FrameType.resetStream));
    caller.socket.destroy();
  });

  it('that sends a body byte by byte before it may pass has it kept together, and passed on whole', async (test) => {
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
    const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port], { plan: planOf() }),
      outcome: async () => {
        await decided;
        return grantOf();
      },
    });
    const caller = await openHttp2(gateway.httpsPort);
    const before = await heapBytes();
    const post: Fields = [[':method', 'POST'], ...REQUEST.slice(1), ['authorization', BASIC]];
    caller.send(headers(1, post, Flag.endHeaders));
    const size = 50_000;
    for (let count = 0; count < size; count += 1_000) {
      const bytes = Array.from({ length: 1_000 }, () => frame(FrameType.data, 0, 1, Buffer.of(0x61)));
      caller.send(...bytes);
    }
    caller.send(frame(FrameType.ping, 0, 0, Buffer.alloc(8)));
    await caller.frame(({ type, flags }) => type === FrameType.ping && flags === Flag.ack);
    const held = (await heapBytes()) - before;
    assert.ok(held < 2 * MIB, `${held} bytes are held`);
    caller.send(frame(FrameType.data, Flag.endStream, 1));
    decide();
    await caller.frame(({ type, flags }) => type === FrameType.data && (flags & Flag.endStream) !== 0);
    const { status, requestBytes } = await gateway.record();
    assert.deepEqual([status, requestBytes], [200, size]);
    caller.socket.destroy();
  });

  it('that goes over a limit which it has acknowledged loses its connection', async (test) => {
    const { gateway } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    await caller.frameOf(FrameType.settings, 0);
    caller.send(frame(FrameType.settings, Flag.ack, 0));
    for (let index = 0; index < 130; index++) caller.request(index * 2 + 1);
    assert.equal(await caller.ended(), ErrorCode.protocolError);
  });

  it('that opens and resets streams rapidly loses its connection', async (test) => {
    const { gateway } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    for (let index = 0; index < 2_000; index++) {
      const stream = index * 2 + 1;
      caller.request(stream).send(frame(FrameType.resetStream, 0, stream, uint32(ErrorCode.cancel)));
    }
    await caller.ended();
    assert.ok(gateway.records.length < 400, `${gateway.records.length} requests were begun`);
    assert.ok(gateway.records.every(({ status }) => status === 499));
  });

  it('that makes the gateway reset streams over and over loses its connection', async (test) => {
    const { gateway } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    for (let index = 0; index < 20_000 && !caller.isClosed; index++) {
      const stream = index * 2 + 1;
      caller.request(stream).send(frame(FrameType.windowUpdate, 0, stream, uint32(0)));
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await caller.ended();
    assert.ok(gateway.records.length < 2_000, `${gateway.records.length} requests were begun`);
  });

  it('that never ends a field block loses its connection', async (test) => {
    const { gateway } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    caller.send(frame(FrameType.headers, Flag.endStream, 1, fieldBlock(REQUEST)));
    const piece = frame(FrameType.continuation, 0, 1, fieldBlock([['x-a', 'a'.repeat(1_000)]]));
    for (let count = 0; count < 1_000 && !caller.isClosed; count++) caller.send(piece);
    await caller.ended();
    assert.equal(gateway.records.length, 0);
  });

  it('that sends a field list far over the limit has its stream reset', async (test) => {
    const { gateway } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    await caller.frameOf(FrameType.settings, 0);
    caller.send(frame(FrameType.settings, Flag.ack, 0));
    const block = fieldBlock([...REQUEST, ['x-a', 'a'.repeat(40_000)]]);
    caller.send(frame(FrameType.headers, Flag.endStream, 1, block.subarray(0, 16_384)));
    caller.send(frame(FrameType.continuation, 0, 1, block.subarray(16_384, 32_768)));
    caller.send(frame(FrameType.continuation, Flag.endHeaders, 1, block.subarray(32_768)));
    const { payload } = await caller.frameOf(FrameType.resetStream, 1);
    assert.equal(payload.readUInt32BE(), ErrorCode.enhanceYourCalm);
    caller.socket.destroy();
  });

  for (const { name, given } of [
    { name: 'PING', given: frame(FrameType.ping, 0, 0, Buffer.alloc(8)) },
    { name: 'SETTINGS', given: settings() },
  ]) {
    it(`that floods with ${name} and reads no answer loses its connection`, async (test) => {
      const { gateway } = await startSilent(test);
      const caller = await connectHttp2(gateway.httpsPort);
      caller.socket.pause();
      caller.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings());
      const block = Buffer.concat(Array.from({ length: 1_000 }, () => given));
      let sent = 0;
      while (gateway.connections() === 1 && sent < 256 * MIB) {
        sent += block.length;
        if (!caller.socket.write(block)) {
          await Promise.race([once(caller.socket, 'drain'), once(caller.socket, 'close'), pause()]);
        }
      }
      assert.equal(gateway.connections(), 0);
      caller.socket.destroy();
    });
  }

  it('that sends nothing after its handshake is let go', async (test) => {
    const { gateway } = await startSilent(test, { limits: { headersTimeoutMs: 50 } });
    const caller = await connectHttp2(gateway.httpsPort);
    await caller.ended();
  });

  it('that has no stream open is told GOAWAY after the idle time, however often it pings', async (test) => {
    const upstream = await startFixedUpstream('HTTP/1.1 204 No Content\r\n\r\n');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { keepAliveTimeoutMs: 100 },
    });
    const caller = await openHttp2(gateway.httpsPort);
    caller.request(1);
    await caller.frameOf(FrameType.headers, 1);
    const pings = setInterval(() => caller.send(frame(FrameType.ping, 0, 0, Buffer.alloc(8))), 10);
    assert.equal(await caller.ended(), ErrorCode.noError);
    clearInterval(pings);
    assert.deepEqual(gateway.reached, ['keep_alive']);
  });

  it('that falls silent within a body ends its request only', async (test) => {
    const { gateway } = await startSilent(test, { limits: { idleTimeoutMs: 50 } });
    const caller = await openHttp2(gateway.httpsPort);
    caller.send(
      headers(1, [[':method', 'POST'], ...REQUEST.slice(1)], Flag.endHeaders),
      frame(FrameType.data, 0, 1, Buffer.from('abc')),
    );
    await caller.frameOf(FrameType.resetStream, 1);
    const record = await gateway.record();
    assert.deepEqual([record.reason, record.cause], ['ClientClosed', 'the caller kept silent for too long']);
    assert.equal(caller.isClosed, false);
    caller.socket.destroy();
  });

  it('that resets its stream ends the request to the upstream: 499', async (test) => {
    const { gateway, upstream } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    caller.request(1).request(3);
    await eventually('both requests', async () => upstream.requests().length === 2);
    caller.send(frame(FrameType.resetStream, 0, 1, uint32(ErrorCode.cancel)));
    const record = await gateway.record();
    assert.deepEqual([record.status, record.reason], [499, 'ClientClosed']);
    await eventually(
      'the end of one upstream connection',
      async () => upstream.conversations.filter(({ socket }) => socket.closed).length === 1,
    );
    upstream.conversations
      .find(({ socket }) => !socket.closed)
      ?.socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    await caller.frameOf(FrameType.headers, 3);
    caller.socket.destroy();
  });
});

describe('a slow side stalls its own stream only', () => {
  it('where a caller does not read a response', async (test) => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (text.includes('/small')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      else {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${256 * MIB}\r\n\r\n`);
        const block = Buffer.alloc(MIB);
        const write = (): void => {
          while (socket.bytesWritten < 256 * MIB && socket.write(block));
        };
        socket.on('drain', write);
        write();
      }
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await connectCaller(test, gateway.httpsPort);
    const stalled = openStream(caller);
    await once(stalled, 'response');
    stalled.pause();
    const sent = (): number => {
      const socket = upstream.conversations[0]?.socket;
      return socket === undefined ? 0 : socket.bytesWritten - socket.writableLength;
    };
    let before = -1;
    await eventually('a standstill', async () => before === (before = sent()));
    assert.ok(sent() < 32 * MIB, `${sent()} bytes were taken`);
    assert.equal((await ask(caller, { ':path': '/small' })).status, 204);
  });

  it('where a caller takes nothing of a response that has ended: its connection to the service serves others', async (test) => {
    // The last of it is what the caller is behind with.
    const size = 70_000;
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const stalled = await openHttp2(gateway.httpsPort, [INITIAL_WINDOW_SIZE, 0]);
    await stalled.request(1).frameOf(FrameType.headers, 1);
    const other = await connectCaller(test, gateway.httpsPort);
    assert.equal((await ask(other)).body.length, size);
    assert.equal(upstream.conversations.length, 1);
    stalled.socket.destroy();
  });

  it('where an upstream does not read a body', async (test) => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (text.includes('/small')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      else socket.pause();
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await connectCaller(test, gateway.httpsPort);
    const stalled = openStream(caller, { ':method': 'POST', ':path': '/large' }, true);
    let acknowledged = 0;
    const block = Buffer.alloc(MIB);
    const write = (): void => {
      stalled.write(block, (error) => {
        if (error) return;
        acknowledged += block.length;
        write();
      });
    };
    write();
    let before = -1;
    await eventually('a standstill', async () => acknowledged > 0 && before === (before = acknowledged));
    assert.ok(acknowledged < 32 * MIB, `${acknowledged} bytes were taken`);
    assert.equal((await ask(caller, { ':path': '/small' })).status, 204);
    stalled.destroy();
  });
});

describe('draining', () => {
  it('says GOAWAY, finishes what is under way, and takes no new stream', async (test) => {
    const { gateway, upstream } = await startSilent(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    const idle = await connectCaller(test, gateway.httpsPort);
    const stream = openStream(caller);
    await eventually('the request', async () => upstream.requests().length === 1);
    const answer = answerOf(stream);
    const [said] = [once(caller, 'goaway'), once(idle, 'close')];
    const drained = gateway.proxy.drain(0, 5_000);
    const [code] = (await said) as [number];
    assert.equal(code, ErrorCode.noError);
    upstream.conversations[0]?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    assert.equal((await answer).body, 'ok');
    await drained;
    await eventually('the end of both connections', async () => gateway.connections() === 0);
  });

  it('names the last stream that it serves: what crosses GOAWAY on its way may be sent again', async (test) => {
    const { gateway, upstream } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    caller.request(1);
    await eventually('the request', async () => upstream.requests().length === 1);
    const drained = gateway.proxy.drain(0, 5_000);
    const { payload } = await caller.frameOf(FrameType.goAway, 0);
    assert.deepEqual([payload.readUInt32BE(0), payload.readUInt32BE(4)], [1, ErrorCode.noError]);
    caller.request(3);
    upstream.conversations[0]?.socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    await caller.frameOf(FrameType.headers, 1);
    await drained;
    assert.equal(upstream.requests().length, 1);
  });

  it('begins with its delay: whoever connects meanwhile is served', async (test) => {
    const upstream = await startFixedUpstream('HTTP/1.1 204 No Content\r\n\r\n');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const before = await openHttp2(gateway.httpsPort);
    await before.frameOf(FrameType.settings, 0);
    const drained = gateway.proxy.drain(200, 5_000);
    assert.equal(await before.ended(), ErrorCode.noError);
    assert.equal((await ask(await connectCaller(test, gateway.httpsPort))).status, 204);
    await drained;
  });

  it('refuses whoever was still shaking hands when it began, and waits for none', async (test) => {
    const { gateway } = await startSilent(test, { limits: { headersTimeoutMs: 60_000 } });
    const socket = connectTcp({ host: '127.0.0.1', port: gateway.httpsPort });
    await once(socket, 'connect');
    await eventually('the connection', async () => gateway.connections() === 1);
    const drained = gateway.proxy.drain(0, 60_000);
    await eventually('the end of the listener', async () => {
      const further = connectTcp({ host: '127.0.0.1', port: gateway.httpsPort });
      const isRefused = await once(further, 'connect').then(
        () => false,
        () => true,
      );
      further.destroy();
      return isRefused;
    });
    const secure = connect({ socket, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    await once(secure, 'secureConnect');
    const caller = new RawHttp2Caller(secure).send(PREFACE, settings()).request(1);
    assert.equal(await caller.ended(), ErrorCode.noError);
    assert.equal(gateway.records.length, 0);
    await drained;
  });

  it('breaks off what has not ended in time', async (test) => {
    const { gateway, upstream } = await startSilent(test);
    const caller = await openHttp2(gateway.httpsPort);
    caller.request(1);
    await eventually('the request', async () => upstream.requests().length === 1);
    await gateway.proxy.drain(0, 50);
    await caller.ended();
  });
});

it('HTTP/1.1 over the same port goes on as ever', async (test) => {
  const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  test.after(() => upstream.close());
  const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
  const caller = new RawCaller(
    connect({
      host: '127.0.0.1',
      port: gateway.httpsPort,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    }),
  );
  caller.send(head('GET / HTTP/1.1', 'Host: shop.example.com'));
  await caller.until((text) => text.endsWith('ok'));
  caller.send(head('GET / HTTP/1.1', 'Host: shop.example.com', 'Connection: close'));
  const [first, second] = (await caller.closed()).split(/(?<=ok)/);
  assert.equal(parseResponse(first ?? '').status, 200);
  assert.match(first ?? '', /\r\nConnection: keep-alive\r\n/);
  assert.match(second ?? '', /\r\nConnection: close\r\n/);
});

async function pause(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
