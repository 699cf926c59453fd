/** One replica ends and another serves on, to callers who heed `/readyz`, `Connection: close`, GOAWAY and status 1001. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { eventually } from '../../support/eventually.ts';
import { startGateway, type Gateway, type GatewayPorts } from '../../support/gateway.ts';
import { startGracefulUpstream, type GracefulUpstream } from '../../support/graceful-upstream.ts';
import { call } from '../../support/http-client.ts';
import { loadDuring, type Caller } from '../../support/steady-load.ts';
import type { WebSocketClient } from '../../support/websocket-client.ts';
import { ingress, protectedBy, specFor, startWorld, surroundings, type World } from '../../support/world.ts';
import {
  assertNothingLost,
  http1Callers,
  http2Callers,
  OPEN_HOST,
  PROTECTED_HOST,
  webSocketCallers,
} from './callers.ts';

const DRAIN_DELAY_MS = 1_500;
const PROBE_MS = 100;
/** Longer than the delay: such a request ends after the listeners. */
const SLOW_MS = 2_500;

let world: World;
let other: Gateway;
let pod: GracefulUpstream;

before(async () => {
  pod = await startGracefulUpstream();
  world = await startWorld({
    manifests: ({ issuer }) => {
      const objects = [ingress(OPEN_HOST), protectedBy('orders-api', specFor(issuer), PROTECTED_HOST)];
      return surroundings(pod.port) + objects.join('\n');
    },
    flags: ['--access-log=errors', `--drain-delay=${DRAIN_DELAY_MS}ms`],
  });
  other = await startGateway(world.flags);
});
after(async () => {
  await other?.stop();
  await world?.close();
  await pod.stop();
});

async function isReady({ ports }: Gateway): Promise<boolean> {
  return (await call({ port: ports.admin, path: '/readyz' })).status === 200;
}

/** The replica that ready callers are sent to, asked as a load balancer does. */
function startBalancer(signal: AbortSignal): () => GatewayPorts {
  let target = world.gateway;
  void (async () => {
    while (!signal.aborted) {
      if (!(await isReady(world.gateway).catch(() => false))) target = other;
      await pause(PROBE_MS);
    }
  })();
  return () => target.ports;
}

/** Stays with a replica for as long as that keeps the connection. */
function faithful(caller: Caller, port: () => number): Caller {
  let current = port();
  return {
    ...caller,
    next: () => ({ ...caller.next(), port: current }),
    check(answer, sent) {
      if (answer.headers.connection === 'close') current = port();
      return caller.check?.(answer, sent);
    },
  };
}

it('hands over to another replica without a lost request, and exits with 0', async (test) => {
  const { gateway } = world;
  const balancer = new AbortController();
  test.after(() => balancer.abort());
  const ports = startBalancer(balancer.signal);
  const ways = { http: () => ports().http, https: () => ports().https };
  const webSockets: WebSocketClient[] = [];
  const callers = [
    ...http1Callers(ways).map((caller) => (caller.keepsConnection ? faithful(caller, ways.http) : caller)),
    ...http2Callers(ways),
    ...webSocketCallers(ways, webSockets),
  ];
  const ending = loadDuring(callers, async () => {
    await eventually('the load', async () => pod.requests > 100);
    const slow = call({ port: gateway.ports.http, host: OPEN_HOST, path: `/delay/${SLOW_MS}` });
    // Under the load it is one of many: it is on its way when they are.
    const soFar = pod.requests;
    await eventually('the slow request is under way', async () => pod.requests > soFar + 20);
    const exited = once(gateway.process, 'exit');
    const toldMs = performance.now();
    gateway.process.kill('SIGTERM');
    await eventually('the replica is not ready', async () => !(await isReady(gateway)));
    const saidMs = performance.now();
    assert.ok(saidMs - toldMs < DRAIN_DELAY_MS / 2, `${saidMs - toldMs} ms`);
    const late = await call({ port: gateway.ports.http, host: OPEN_HOST });
    assert.deepEqual([late.status, late.headers.connection], [200, 'close']);
    const { status, headers } = await slow;
    assert.deepEqual([status, headers.connection], [200, 'close']);
    const [code] = (await exited) as [number | null];
    assert.equal(code, 0);
    assert.ok(performance.now() - toldMs >= SLOW_MS - 100);
    await assert.rejects(call({ port: gateway.ports.http }), { code: 'ECONNREFUSED' });
  });
  assertNothingLost(await ending, callers);
  assert.deepEqual(
    webSockets.map(({ opened }) => opened),
    [2, 2, 2, 2],
    'each WebSocket is told once that the replica goes away, and no sooner',
  );
});
