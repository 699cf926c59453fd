/** What two peers of a library say to each other by WebSocket passes as they say it: messages, control frames, ends. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { WebSocket } from 'ws';

import { eventually } from '../../support/eventually.ts';
import { startGateway, tableFor, type Gateway } from '../proxy/harness.ts';
import type { Test } from './protocol-upstreams.ts';
import {
  openWebSocket,
  roundTrip,
  startService,
  type CallerOptions,
  type WebSocketService,
} from './websocket-peers.ts';

interface Pair {
  readonly gateway: Gateway;
  readonly service: WebSocketService;
  readonly caller: WebSocket;
  /** The side of the service. */
  readonly peer: WebSocket;
}

async function connected(test: Test, options: CallerOptions = {}): Promise<Pair> {
  const service = await startService(test);
  const gateway = await startGateway({ after: (fn) => test.after(fn) }, { table: tableFor([service.port]) });
  const caller = openWebSocket(test, gateway, options);
  await once(caller, 'open');
  const peer = await eventually('the side of the service', async () => service.sockets[0]);
  return { gateway, service, caller, peer };
}

for (const isTls of [false, true]) {
  describe(`by WebSocket ${isTls ? 'over TLS' : 'in clear text'}`, () => {
    it('messages of every size pass, as text and as bytes', async (test) => {
      const { caller } = await connected(test, { isTls });
      for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
        const text = 'ü'.repeat(size);
        assert.equal((await roundTrip(caller, text)).toString(), text);
        const bytes = Buffer.alloc(size, 0xff);
        assert.ok((await roundTrip(caller, bytes)).equals(bytes));
      }
    });

    it('a message of 32 MiB in one frame passes', async (test) => {
      const { caller } = await connected(test, { isTls });
      const bytes = Buffer.alloc(32 * 1024 * 1024, 'abc');
      assert.ok((await roundTrip(caller, bytes)).equals(bytes));
    });

    it('a thousand messages arrive in their order', async (test) => {
      const { caller } = await connected(test, { isTls });
      const wanted = Array.from({ length: 1_000 }, (_, index) => `message ${index}`);
      const got: string[] = [];
      caller.on('message', (data: Buffer) => got.push(data.toString()));
      for (const message of wanted) caller.send(message);
      await eventually('all of them', async () => got.length === wanted.length);
      assert.deepEqual(got, wanted);
    });

    it('the fragments of a message pass, and a ping between them is answered', async (test) => {
      const { caller, peer } = await connected(test, { isTls });
      const pinged = once(peer, 'ping');
      const answered = once(caller, 'pong');
      const message = once(caller, 'message');
      caller.send('frag', { fin: false });
      caller.ping('between');
      assert.deepEqual((await pinged).map(String), ['between']);
      assert.deepEqual((await answered).map(String), ['between']);
      caller.send('men', { fin: false });
      caller.send('ted', { fin: true });
      assert.equal(String((await message)[0]), 'fragmented');
    });

    it('a ping of the service is answered by the caller', async (test) => {
      const { peer } = await connected(test, { isTls });
      const answered = once(peer, 'pong');
      peer.ping('alive?');
      assert.deepEqual((await answered).map(String), ['alive?']);
    });

    it('compression is agreed on by the two peers', async (test) => {
      const { caller, service } = await connected(test, { isTls, compresses: true });
      assert.match(caller.extensions, /permessage-deflate/);
      assert.match(String(service.upgrades[0]?.['sec-websocket-extensions']), /permessage-deflate/);
      const text = 'again and '.repeat(10_000);
      assert.equal((await roundTrip(caller, text)).toString(), text);
    });

    it('a subprotocol is agreed on by the two peers', async (test) => {
      const { caller, peer } = await connected(test, { isTls, protocols: ['orders.v2', 'orders.v1'] });
      assert.deepEqual([caller.protocol, peer.protocol], ['orders.v2', 'orders.v2']);
    });

    for (const [code, reason] of [
      [1000, ''],
      [1001, 'away'],
      [1008, 'not allowed: ü'],
      [1011, 'a fault'],
      [3000, 'x'.repeat(123)],
      [4999, 'ours'],
    ] as const) {
      it(`a close with ${code} reaches the other side, whichever that is`, async (test) => {
        for (const closes of ['caller', 'peer'] as const) {
          const pair = await connected(test, { isTls });
          const other = closes === 'caller' ? pair.peer : pair.caller;
          const ends = [pair[closes], other].map((side) => once(side, 'close'));
          pair[closes].close(code, reason);
          for (const [got, why] of await Promise.all(ends)) {
            assert.deepEqual([got, String(why)], [code, reason]);
          }
          assert.equal((await pair.gateway.record()).status, 101);
        }
      });
    }

    it('a close without a status reaches the other side as such', async (test) => {
      const { caller, peer } = await connected(test, { isTls });
      const ended = once(peer, 'close');
      caller.close();
      assert.equal((await ended)[0], 1005);
    });

    it('a side that breaks off leaves the other without a close', async (test) => {
      for (const breaks of ['caller', 'peer'] as const) {
        const pair = await connected(test, { isTls });
        const other = breaks === 'caller' ? pair.peer : pair.caller;
        const ended = once(other, 'close');
        pair[breaks].terminate();
        assert.equal((await ended)[0], 1006);
        await eventually('the end of the connection', async () => pair.gateway.connections() === 0);
      }
    });

    it('a frame that a caller does not mask is for the service to refuse', async (test) => {
      const { caller } = await connected(test, { isTls });
      const ended = once(caller, 'close');
      caller.send('unmasked', { mask: false });
      assert.equal((await ended)[0], 1002);
    });
  });
}

it('a hundred WebSockets talk beside one another', async (test) => {
  const service = await startService(test);
  const gateway = await startGateway(test, { table: tableFor([service.port]) });
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const caller = openWebSocket(test, gateway, { isTls: index % 2 === 0 });
      await once(caller, 'open');
      for (let round = 0; round < 5; round++) {
        const message = `${index}, round ${round}`;
        assert.equal((await roundTrip(caller, message)).toString(), message);
      }
      caller.close(1000);
      await once(caller, 'close');
    }),
  );
  await eventually('the end of all', async () => gateway.connections() === 0);
  assert.equal(gateway.records.length, 100);
});

it('a WebSocket on which nothing is said is kept', async (test) => {
  // Long enough for a busy machine to open it.
  const limitMs = 300;
  const limits = {
    idleTimeoutMs: limitMs,
    keepAliveTimeoutMs: limitMs,
    headersTimeoutMs: limitMs,
    firstByteTimeoutMs: limitMs,
  };
  const service = await startService(test);
  const gateway = await startGateway(test, { table: tableFor([service.port]), limits });
  const caller = openWebSocket(test, gateway);
  await once(caller, 'open');
  const startedMs = performance.now();
  await eventually('four times the limits', async () => performance.now() - startedMs > 4 * limitMs);
  assert.equal((await roundTrip(caller, 'still there?')).toString(), 'still there?');
});

it('a caller that does not read is not read to', async (test) => {
  const block = Buffer.alloc(1024 * 1024);
  const { caller, peer } = await connected(test);
  caller.pause();
  let sent = 0;
  const send = (): void => {
    peer.send(block, (error) => {
      if (error) return;
      sent += block.length;
      if (sent < 256 * block.length) send();
    });
  };
  send();
  let before = -1;
  await eventually('a standstill', async () => sent > 0 && before === (before = sent));
  assert.ok(sent < 32 * block.length, `${sent} bytes were taken`);
  assert.equal(peer.readyState, WebSocket.OPEN);
});
