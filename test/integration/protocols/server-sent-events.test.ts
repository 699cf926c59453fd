/** Server-sent events from a service of Node to the EventSource of a library, and by HTTP/2: each as it is sent. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { EventSource } from 'undici';

import { eventually } from '../../support/eventually.ts';
import {
  BASIC,
  credentialsPlan,
  planOf,
  startGateway,
  tableFor,
  type Gateway,
  type GatewayOptions,
} from '../proxy/harness.ts';
import { connectCaller, openStream } from './http2-caller.ts';
import type { Test } from './protocol-upstreams.ts';

const CREDENTIALS = '?client_id=partner&client_secret=S3cret';
const IDLE_MS = 300;

/** One stream of events that a caller has asked for. */
interface Subscription {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Events {
  readonly gateway: Gateway;
  /** In the order in which they came. */
  readonly subscriptions: readonly Subscription[];
}

async function start(test: Test, limits: GatewayOptions['limits'] = {}): Promise<Events> {
  const subscriptions: Subscription[] = [];
  const service = createServer((request, response) => {
    subscriptions.push({ request, response });
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.write('retry: 10\n\n');
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  test.after(() => {
    service.closeAllConnections();
    service.close();
  });
  const clientCredentials = credentialsPlan({ sources: ['Basic', 'Query'] });
  const table = tableFor([(service.address() as AddressInfo).port], { plan: planOf({ clientCredentials }) });
  const [routes] = Object.values(table.hosts);
  assert.ok(routes !== undefined);
  const gateway = await startGateway(
    { after: (fn) => test.after(fn) },
    { table: { ...table, hosts: { '': routes } }, limits },
  );
  return { gateway, subscriptions };
}

/** Opens the stream, and collects what comes by it. */
async function subscribe(test: Test, { gateway, subscriptions }: Events) {
  const source = new EventSource(`http://127.0.0.1:${gateway.port}/events${CREDENTIALS}`);
  test.after(() => source.close());
  const got: string[] = [];
  source.addEventListener('message', (event) => got.push(String(event.data)));
  const subscription = await eventually('the subscription', async () => subscriptions[0]);
  return { source, got, subscription };
}

describe('server-sent events', () => {
  it('come one by one, each before the next is sent', async (test) => {
    const events = await start(test);
    const { got, subscription } = await subscribe(test, events);
    assert.equal(subscription.request.headers.authorization, 'Bearer the.access.token');
    assert.equal(subscription.request.url, '/events');
    for (let number = 1; number <= 20; number++) {
      subscription.response.write(`data: event ${number}\n\n`);
      await eventually(`event ${number}`, async () => got.at(-1) === `event ${number}`);
    }
    assert.equal(got.length, 20);
  });

  it('go on after the service has ended them, from the last one that came', async (test) => {
    const events = await start(test);
    const { got, subscription } = await subscribe(test, events);
    subscription.response.end('id: 7\ndata: seven\n\n');
    const again = await eventually('another subscription', async () => events.subscriptions[1]);
    assert.equal(again.request.headers['last-event-id'], '7');
    again.response.write('id: 8\ndata: eight\n\n');
    await eventually('both events', async () => got.length === 2);
    assert.deepEqual(got, ['seven', 'eight']);
  });

  it('may pause for as long as comments come within the idle time', async (test) => {
    const events = await start(test, { idleTimeoutMs: IDLE_MS });
    const { got, subscription } = await subscribe(test, events);
    const comments = setInterval(() => subscription.response.write(': still here\n\n'), IDLE_MS / 6);
    test.after(() => clearInterval(comments));
    const startedMs = performance.now();
    await eventually('three times the idle time', async () => performance.now() - startedMs > 3 * IDLE_MS);
    subscription.response.write('data: at last\n\n');
    await eventually('the event', async () => got.length === 1);
    assert.equal(events.subscriptions.length, 1);
  });

  it('end at the service when their caller closes them: 499', async (test) => {
    const events = await start(test);
    const { source, subscription } = await subscribe(test, events);
    const closed = once(subscription.response, 'close');
    source.close();
    await closed;
    assert.equal((await events.gateway.record()).status, 499);
  });

  it('come one by one by HTTP/2 as well', async (test) => {
    const { gateway, subscriptions } = await start(test);
    const session = await connectCaller({ after: (fn) => test.after(fn) }, gateway.httpsPort);
    const stream = openStream(session, { authorization: BASIC, accept: 'text/event-stream' });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers['content-type'], 'text/event-stream');
    for (let number = 1; number <= 20; number++) {
      subscriptions[0]?.response.write(`data: event ${number}\n\n`);
      await eventually(`event ${number}`, async () => text.endsWith(`data: event ${number}\n\n`));
    }
    stream.destroy();
  });
});
