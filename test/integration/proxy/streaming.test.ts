/** Bodies of any size, both ways, as fast as the slower side takes them. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { head, startGateway, tableFor } from './harness.ts';
import { exchange, openCaller, parseResponse, startRawUpstream } from './raw.ts';

const HOST = 'Host: shop.example.com';
const MIB = 1024 * 1024;

describe('a request body', () => {
  it('of known length keeps it and arrives whole', async (test) => {
    const upstream = await countingUpstream(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const size = 8 * MIB;
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, `Content-Length: ${size}`, 'Connection: close'));
    caller.send(Buffer.alloc(size, 'x'));
    const { body } = parseResponse(await caller.closed());
    assert.deepEqual(JSON.parse(body), { length: String(size), coding: null, bytes: size });
    assert.equal((await gateway.record()).requestBytes, size);
  });

  it('in chunks arrives whole, in chunks', async (test) => {
    const upstream = await countingUpstream(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const start = head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', 'Connection: close');
    const chunks = `100000\r\n${'y'.repeat(MIB)}\r\n`.repeat(3);
    const answer = await exchange(
      gateway.port,
      `${start}${chunks}5;ext=1\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n`,
    );
    const { body } = parseResponse(answer);
    assert.deepEqual(JSON.parse(body), { length: null, coding: 'chunked', bytes: 3 * MIB + 5 });
  });

  it('of small size goes out in one write with its head', async (test) => {
    const pieces: string[] = [];
    const upstream = await startRawUpstream(({ socket }, piece) => {
      pieces.push(piece);
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller
      .send(head('PUT / HTTP/1.1', HOST, 'Content-Length: 4', 'Connection: close'))
      .send('a\xffb')
      .send('c');
    await caller.closed();
    assert.equal(pieces.length, 1);
    assert.match(pieces[0] ?? '', /\r\nContent-Length: 4\r\n.*\r\n\r\na\xffbc$/s);
  });

  it('waits for 100 Continue, which comes without asking the upstream', async (test) => {
    const upstream = await countingUpstream(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    const lines = [
      'POST / HTTP/1.1',
      HOST,
      'Expect: 100-continue',
      'Content-Length: 100000',
      'Connection: close',
    ];
    caller.send(head(...lines));
    await caller.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    caller.send('z'.repeat(100_000));
    assert.match(await caller.closed(), /"bytes":100000/);
    assert.equal(upstream.expectations(), 0);
  });

  it('that an upstream does not take is not taken from the caller either', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    const size = 256 * MIB;
    caller.send(head('POST / HTTP/1.1', HOST, `Content-Length: ${size}`, 'Connection: close'));
    await eventually('a connection to the upstream', async () => upstream.conversations.length === 1);
    upstream.conversations[0]?.socket.pause();
    const block = Buffer.alloc(MIB);
    let sent = 0;
    // Whoever reads nothing fills the buffers of two sockets and of the gateway, and then the caller waits.
    while (sent < size && caller.socket.write(block)) sent += MIB;
    await settled(() => caller.socket.bytesWritten - caller.socket.writableLength);
    assert.ok(caller.socket.bytesWritten < 32 * MIB, `${caller.socket.bytesWritten} bytes were taken`);
    caller.socket.destroy();
  });

  it('that is malformed ends the request with 400, and the upstream sees no end of it', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const start = head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked');
    const answer = await exchange(gateway.port, `${start}5\r\nhello\r\nzz\r\n`);
    assert.equal(parseResponse(answer).status, 400);
    await eventually('the end of the upstream connection', async () =>
      upstream.conversations.every(({ socket }) => socket.closed),
    );
    assert.doesNotMatch(upstream.conversations.map(({ text }) => text).join(''), /\r\n0\r\n\r\n$/);
  });

  it('that falls silent ends the request', async (test) => {
    for (const length of [100, 100_000]) {
      const upstream = await startRawUpstream(() => {});
      test.after(() => upstream.close());
      const gateway = await startGateway(test, {
        table: tableFor([upstream.port]),
        limits: { idleTimeoutMs: 50 },
      });
      await exchange(gateway.port, `${head('POST / HTTP/1.1', HOST, `Content-Length: ${length}`)}abc`);
      const record = await gateway.record();
      assert.equal(record.reason, 'ClientClosed');
      assert.equal(record.cause, 'the caller kept silent for too long');
    }
  });
});

describe('a response body', () => {
  it('of any size arrives whole, its length kept', async (test) => {
    const size = 16 * MIB;
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size, 'x'));
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const { head: answerHead, body } = parseResponse(
      await exchange(gateway.port, head('GET / HTTP/1.1', HOST, 'Connection: close')),
    );
    assert.match(answerHead, new RegExp(`\r\nContent-Length: ${size}\r\n`));
    assert.equal(body.length, size);
    assert.equal((await gateway.record()).responseBytes, size);
  });

  it('comes piece by piece, as server-sent events need it', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await caller.until((text) => text.endsWith('\r\n\r\n'));
    const [conversation] = upstream.conversations;
    conversation?.socket.write('9\r\ndata: 1\n\n\r\n');
    await caller.until((text) => text.includes('data: 1'));
    conversation?.socket.write('9\r\ndata: 2\n\n\r\n0\r\n\r\n');
    await caller.until((text) => text.includes('data: 2') && text.endsWith('0\r\n\r\n'));
    caller.socket.destroy();
  });

  it('that a caller does not read is not read from the upstream either', async (test) => {
    let sent = 0;
    const block = Buffer.alloc(MIB);
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const fill = (): void => {
        while (sent < 256 * MIB) {
          sent += MIB;
          socket.write(`${MIB.toString(16)}\r\n`);
          socket.write(block);
          if (!socket.write('\r\n')) return void socket.once('drain', fill);
        }
      };
      fill();
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await caller.until((text) => text.length > 0);
    caller.socket.pause();
    await settled(() => sent);
    assert.ok(sent < 32 * MIB, `${sent} bytes were read`);
    caller.socket.resume();
    await eventually('the rest', async () => sent >= 64 * MIB);
    caller.socket.destroy();
  });
});

describe('a caller that goes away', () => {
  it('takes its request to the upstream with it, and is recorded as 499', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await eventually('the request', async () => upstream.requests().length === 1);
    caller.socket.destroy();
    await eventually('the end of the upstream connection', async () =>
      upstream.conversations.every(({ socket }) => socket.closed),
    );
    const record = await gateway.record();
    assert.equal(record.status, 499);
    assert.equal(record.reason, 'ClientClosed');
    assert.equal(record.upstreamTries, 1);
  });

  it('with pipelined requests takes the first with it, and the others are never begun', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET /1 HTTP/1.1', HOST) + head('GET /2 HTTP/1.1', HOST));
    await eventually('the first request', async () => upstream.requests().length === 1);
    caller.socket.destroy();
    await eventually('its end', async () => upstream.conversations.every(({ socket }) => socket.closed));
    assert.equal((await gateway.record()).status, 499);
    assert.equal(upstream.conversations.length, 1);
    assert.equal(gateway.records.length, 1);
  });

  it('while its small body is awaited leaves nothing behind', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(`${head('POST / HTTP/1.1', HOST, 'Content-Length: 10')}abc`);
    await eventually('its connection', async () => gateway.connections() === 1);
    caller.socket.end();
    assert.equal((await gateway.record()).status, 499);
    assert.equal(upstream.conversations.length, 0);
    await eventually('the end', async () => gateway.connections() === 0);
  });
});

/** Waits until `value` has stayed the same for a quarter of a second: nothing moves any more. */
async function settled(value: () => number): Promise<void> {
  let last = Number.NaN;
  let since = performance.now();
  await eventually('stillness', async () => {
    const now = value();
    if (now !== last) {
      last = now;
      since = performance.now();
    }
    return performance.now() - since > 250;
  });
}

/** Tells how long the body was, and how it was framed. */
async function countingUpstream(test: {
  after(fn: () => Promise<void>): void;
}): Promise<{ readonly port: number; expectations(): number }> {
  let expectations = 0;
  const server = createServer((request, response) => {
    if (request.headers.expect !== undefined) expectations++;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      const { 'content-length': length = null, 'transfer-encoding': coding = null } = request.headers;
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ length, coding, bytes }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  test.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return { port: (server.address() as AddressInfo).port, expectations: () => expectations };
}
