/** A gibibyte each way, in memory that does not grow with it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it, type TestContext } from 'node:test';

import { startGateway, tableFor } from './harness.ts';

const GIB = 1024 ** 3;
const PIECE = Buffer.alloc(64 * 1024, 'x');
/** Of this process: the gateway, its caller and the service together. */
const MAX_GROWTH_BYTES = 192 * 1024 ** 2;

function gibibyte(): Readable {
  let left = GIB / PIECE.length;
  return new Readable({
    read() {
      this.push(left-- > 0 ? PIECE : null);
    },
  });
}

/** Counts what it gets, and looks at the memory on the way. */
class Counter extends Writable {
  bytes = 0;
  peakBytes = 0;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.bytes += chunk.length;
    const { heapTotal, external } = process.memoryUsage();
    this.peakBytes = Math.max(this.peakBytes, heapTotal + external);
    // Slower than what sends, so that the gateway has to wait: some turns of the event loop for each piece.
    let turns = 8;
    const wait = (): void => void (turns-- > 0 ? setImmediate(wait) : done());
    wait();
  }
}

async function startService(test: TestContext, received: Counter): Promise<number> {
  const server = createServer((incoming, response) => {
    response.setHeader('Content-Length', incoming.method === 'GET' ? GIB : 0);
    const done = incoming.method === 'GET' ? pipeline(gibibyte(), response) : pipeline(incoming, received);
    void done.then(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('a gibibyte', () => {
  const ways = [
    { name: 'comes from the service whole, and memory stays what it was', method: 'GET' },
    { name: 'goes to the service whole, and memory stays what it was', method: 'PUT' },
  ] as const;
  for (const { name, method } of ways) {
    it(name, async (test) => {
      const received = new Counter();
      const gateway = await startGateway(test, {
        table: tableFor([await startService(test, received)]),
      });
      const before = process.memoryUsage();
      const outgoing = request({
        port: gateway.port,
        method,
        headers: { Host: 'shop.example.com', ...(method === 'PUT' && { 'Content-Length': GIB }) },
      });
      const answered = once(outgoing, 'response');
      if (method === 'PUT') await pipeline(gibibyte(), outgoing);
      else outgoing.end();
      const [response] = (await answered) as [Readable & { readonly statusCode: number }];
      assert.equal(response.statusCode, 200);
      if (method === 'GET') await pipeline(response, received);
      else response.resume();
      assert.equal(received.bytes, GIB);
      const grown = received.peakBytes - before.heapTotal - before.external;
      assert.ok(grown < MAX_GROWTH_BYTES, `grew by ${grown} bytes`);
    });
  }
});
