/** What the gateway leaves on a socket that has closed: V8 keeps it for a while, and all that listens to it. */

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { head } from './harness.ts';
import { CLOSE, HOST, OK, startInFrontOf } from './http1.ts';
import { exchange, openCaller, startFixedUpstream } from './raw.ts';

describe('a socket that has closed', () => {
  for (const { name, call } of [
    {
      name: 'behind its last answer',
      call: async (port: number): Promise<void> =>
        void (await exchange(port, head('GET / HTTP/1.1', HOST, CLOSE))),
    },
    {
      name: 'with a request that its caller gave up',
      call: async (port: number): Promise<void> => {
        const caller = await openCaller(port);
        caller.send('GET / HTTP/1.1\r\nHo');
        caller.socket.resetAndDestroy();
        await once(caller.socket, 'close');
      },
    },
  ]) {
    it(`${name}, has none of our listeners, and may still fail`, async (test) => {
      const accepted: { readonly socket: Socket; readonly port: number | undefined }[] = [];
      const note = (message: unknown): void => {
        const { socket } = message as { readonly socket: Socket };
        // A closed socket does not know any more.
        accepted.push({ socket, port: socket.localPort });
      };
      subscribe('net.server.socket', note);
      test.after(() => unsubscribe('net.server.socket', note));
      const gateway = await startInFrontOf(await startFixedUpstream(OK), test);
      await call(gateway.port);
      const { socket } = await eventually('the socket of the caller', async () =>
        accepted.find(({ port }) => port === gateway.port),
      );
      await eventually('its end', async () => socket.closed);
      const left = socket.eventNames().filter((event) => event !== 'error');
      assert.deepEqual(
        left.flatMap((event) => socket.listeners(event)),
        [],
      );
      assert.doesNotThrow(() => socket.emit('error', new Error('late')));
    });
  }
});
