/** Every limit, reached on purpose: what the caller gets, what the log and the metrics say, what is left open. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { head, startGateway, tableFor } from './harness.ts';
import { exchange, openCaller, parseResponse, startFixedUpstream, startRawUpstream } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const MIB = 1024 * 1024;

describe('a limit', () => {
  it('of connections in all: one more is closed at once, and there is room when another closes', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), limits: { connections: 2 } });
    const callers = [await openCaller(gateway.port), await openCaller(gateway.port)];
    await eventually('two connections', async () => gateway.connections() === 2);
    const third = await openCaller(gateway.port);
    assert.equal(await third.closed(), '');
    assert.deepEqual(gateway.reached, ['connections']);
    for (const caller of callers) caller.send(head('GET / HTTP/1.1', HOST));
    await callers[0]?.until((text) => text.includes('503'));
    callers[1]?.socket.destroy();
    await eventually('one connection', async () => gateway.connections() === 1);
    const fourth = await openCaller(gateway.port);
    await fourth.send(head('GET / HTTP/1.1', HOST)).until((text) => text.includes('503'));
  });

  it('of the time that a connection is kept idle behind a response: it is closed', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const limits = { keepAliveTimeoutMs: 100 };
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), limits });
    const caller = await openCaller(gateway.port);
    for (let count = 1; count <= 2; count++) {
      caller.send(head('GET / HTTP/1.1', HOST));
      await caller.until((text) => text.split('\r\n\r\nok').length === count + 1);
    }
    assert.match(await caller.closed(), /\r\n\r\nok$/);
    assert.equal(gateway.records.length, 2);
    assert.deepEqual(gateway.reached, ['keep_alive']);
  });

  it('of connections holds for clear text and TLS together', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), limits: { connections: 1 } });
    const first = await openCaller(gateway.port);
    await eventually('one connection', async () => gateway.connections() === 1);
    const second = await openCaller(gateway.httpsPort);
    assert.equal(await second.closed(), '');
    first.socket.destroy();
  });

  it('of connections of one address', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), limits: { connectionsPerAddress: 1 } });
    const first = await openCaller(gateway.port);
    await eventually('one connection', async () => gateway.connections() === 1);
    const second = await openCaller(gateway.port);
    assert.equal(await second.closed(), '');
    assert.deepEqual(gateway.reached, ['connections_per_address']);
    first.socket.destroy();
  });

  it('of requests at a backend: 503 with Retry-After, and none is lost from the count', async (test) => {
    const sockets: (() => void)[] = [];
    const upstream = await startRawUpstream(({ socket }) => void sockets.push(() => socket.end(OK)));
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { upstreamRequests: 1 },
    });
    const given = head('GET / HTTP/1.1', HOST, 'Connection: close');
    for (let round = 1; round <= 3; round++) {
      const first = await openCaller(gateway.port);
      first.send(given);
      await eventually('the request at the upstream', async () => sockets.length === round);
      const { status, head: answer, body } = parseResponse(await exchange(gateway.port, given));
      assert.equal(status, 503);
      assert.equal((JSON.parse(body) as { reason: string }).reason, 'Overloaded');
      assert.match(answer, /\r\nRetry-After: 1\r\n/);
      // It ends well, breaks off, and is cancelled.
      if (round === 1) sockets[0]?.();
      else if (round === 2) upstream.conversations.at(-1)?.socket.destroy();
      else first.socket.destroy();
      await eventually('the end of the first', async () => gateway.records.length === 2 * round);
    }
    assert.deepEqual(gateway.reached, Array<string>(3).fill('upstream_requests'));
    const last = exchange(gateway.port, given);
    await eventually('another request at the upstream', async () => sockets.length === 4);
    sockets[3]?.();
    assert.equal(parseResponse(await last).status, 200);
  });

  it('of the time for a head: 408 to who sends it byte by byte', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), limits: { headersTimeoutMs: 150 } });
    const caller = await openCaller(gateway.port);
    caller.send('GET / HTTP/1.1\r\nHost: shop.example.com\r\nX-Slow: ');
    const drip = setInterval(() => caller.send('a'), 20);
    const answer = await caller.closed().finally(() => clearInterval(drip));
    assert.equal(parseResponse(answer).status, 408);
    assert.deepEqual(gateway.reached, ['header_time']);
  });

  it('of the time for a head holds for a caller that says nothing, and for its TLS handshake', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), limits: { headersTimeoutMs: 150 } });
    const silent = await openCaller(gateway.port);
    assert.equal(parseResponse(await silent.closed()).status, 408);
    const handshake = await openCaller(gateway.httpsPort);
    handshake.send(Buffer.from('160301', 'hex'));
    await handshake.closed();
  });

  it('of the size of a head: 431, and the log names the largest header', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const given = head(
      'GET / HTTP/1.1',
      HOST,
      'X-Small: 1',
      `X-Large: ${'S3cret'.repeat(3_000)}`,
      'X-Last: 1',
    );
    assert.equal(parseResponse(await exchange(gateway.port, given)).status, 431);
    const record = await gateway.record();
    assert.equal(record.status, 431);
    assert.equal(record.cause, 'the header is too large, most of all "x-large"');
    assert.doesNotMatch(JSON.stringify(record), /S3cret/);
    assert.deepEqual(gateway.reached, ['header_bytes']);
  });

  it('of silence in a body, which moving ever so slowly does not reach', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { idleTimeoutMs: 200 },
    });
    const post = head('POST / HTTP/1.1', HOST, 'Content-Length: 12', 'Connection: close');
    const moving = await openCaller(gateway.port);
    moving.send(post);
    let sent = 0;
    const drip = setInterval(() => sent++ < 12 && moving.send('a'), 40);
    assert.equal(parseResponse(await moving.closed().finally(() => clearInterval(drip))).status, 200);
    const silent = await openCaller(gateway.port);
    silent.send(`${post}abc`);
    assert.equal(await silent.closed(), '');
    const record = await gateway.record(2);
    assert.equal(record.reason, 'ClientClosed');
    assert.deepEqual(gateway.reached, ['body_idle']);
  });

  it('of silence of a caller that does not read its answer', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
      socket.write(Buffer.alloc(64 * MIB));
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { idleTimeoutMs: 200 },
    });
    const caller = await openCaller(gateway.port);
    caller.socket.pause();
    caller.send(head('GET / HTTP/1.1', HOST));
    const record = await gateway.record();
    assert.equal(record.reason, 'ClientClosed');
    assert.equal(record.cause, 'the caller kept silent for too long');
    assert.ok(record.responseBytes < 32 * MIB, `${record.responseBytes} bytes are held`);
    assert.deepEqual(gateway.reached, ['response_idle']);
    caller.socket.destroy();
  });

  it('of the time for a first byte: 504', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { firstByteTimeoutMs: 50 },
    });
    assert.equal(
      parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, 'Connection: close'))).status,
      504,
    );
    assert.deepEqual(gateway.reached, ['upstream_first_byte']);
  });

  it('of silence within an answer: it is cut', async (test) => {
    const upstream = await startRawUpstream(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel'),
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { idleTimeoutMs: 50 },
    });
    assert.match(await exchange(gateway.port, head('GET / HTTP/1.1', HOST)), /hel$/);
    assert.deepEqual(gateway.reached, ['upstream_idle']);
  });

  it('of requests on one connection does not exist, and nothing of them is left on it', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    const given = head('GET / HTTP/1.1', HOST);
    // Node warns of listeners that are added and not removed.
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    test.after(() => void process.off('warning', onWarning));
    for (let count = 1; count <= 500; count++) {
      caller.send(given);
      await caller.until((text) => text.split('\r\n\r\nok').length > count);
    }
    // As many again without waiting for an answer.
    caller.send(given.repeat(500));
    await caller.until((text) => text.split('\r\n\r\nok').length > 1_000);
    assert.doesNotMatch(caller.text, /connection: close|max=/i);
    await eventually('all records', async () => gateway.records.length === 1_000);
    assert.equal(gateway.connections(), 1);
    assert.deepEqual(warnings, []);
    caller.socket.destroy();
  });
});
