/** HTTP/2 from callers in clear text, who know beforehand that it is spoken (RFC 9113, section 3.3). */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { describe, it } from 'node:test';

import { Flag, FrameType, PREFACE, settings } from '../../support/http2-frames.ts';
import { BASIC, head, planOf, startGateway, tableFor, type GatewayOptions } from '../proxy/harness.ts';
import { openCaller, parseResponse, startFixedUpstream } from '../proxy/raw.ts';
import { ask, AUTHORITY } from './http2-caller.ts';
import type { Test } from './protocol-upstreams.ts';
import { headers, RawHttp2Caller, REQUEST } from './raw-http2.ts';

const V1 = 'PROXY TCP4 192.0.2.1 127.0.0.1 5000 80\r\n';

async function start(test: Test, options: Partial<GatewayOptions> = {}, plan = planOf()) {
  const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  test.after(() => upstream.close());
  const table = tableFor([upstream.port], { plan });
  const gateway = await startGateway({ after: (fn) => test.after(fn) }, { table, ...options });
  return { upstream, gateway };
}

async function connectCaller(test: Test, port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  test.after(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

async function rawCaller(port: number): Promise<RawHttp2Caller> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return new RawHttp2Caller(socket);
}

describe('a caller that speaks HTTP/2 in clear text', () => {
  it('is authenticated and served, many requests on one connection', async (test) => {
    const { gateway, upstream } = await start(test);
    const session = await connectCaller(test, gateway.port);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(session, { ':path': `/${index}`, authorization: BASIC }, index % 2 === 0 ? undefined : 'body'),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body}`)), new Set(['200 ok']));
    const [request = ''] = upstream.requests();
    assert.match(request, /\r\nauthorization: Bearer the\.access\.token\r\n/i);
    assert.match(request, /\r\nX-Forwarded-Proto: http\r\n/);
    assert.equal(gateway.connections(), 1);
    assert.equal((await ask(session)).status, 401);
  });

  it('is refused where the policy takes credentials over TLS only, whatever :scheme says', async (test) => {
    const { gateway, upstream } = await start(test, {}, planOf({ transport: 'TlsOnly' }));
    const session = await connectCaller(test, gateway.port);
    const { status, body } = await ask(session, { ':scheme': 'https', authorization: BASIC });
    assert.equal(status, 403);
    assert.match(body, /TlsRequired/);
    assert.deepEqual(upstream.conversations, []);
  });

  it('is known by its preface, which may come byte by byte', async (test) => {
    const { gateway } = await start(test);
    const caller = await rawCaller(gateway.port);
    for (const byte of Buffer.concat([PREFACE, settings()])) {
      caller.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.send(headers(1, [...REQUEST, ['authorization', BASIC]], Flag.endHeaders | Flag.endStream));
    assert.equal((await caller.frameOf(FrameType.data, 1)).payload.toString(), 'ok');
    caller.socket.destroy();
  });

  it('may come behind the PROXY protocol', async (test) => {
    const options = { edge: { proxyProtocol: true }, trusted: ['127.0.0.1'] };
    const { gateway } = await start(test, options);
    const caller = await rawCaller(gateway.port);
    caller.send(Buffer.from(V1), PREFACE, settings()).request(1);
    await caller.frameOf(FrameType.headers, 1);
    assert.equal((await gateway.record()).clientAddress, '192.0.2.1');
    caller.socket.destroy();
  });

  it('is told GOAWAY when the gateway drains', async (test) => {
    const { gateway } = await start(test);
    const caller = await rawCaller(gateway.port);
    caller.send(PREFACE, settings());
    await caller.frameOf(FrameType.settings, 0);
    const drained = gateway.proxy.drain(0, 5_000);
    assert.equal(await caller.ended(), 0);
    await drained;
  });
});

describe('what only looks like HTTP/2 in clear text', () => {
  it('a preface that does not come to its end is given up in time', async (test) => {
    const { gateway } = await start(test, { limits: { headersTimeoutMs: 50 } });
    const caller = await openCaller(gateway.port);
    await caller.send('PRI * HTTP/2.0\r\n\r\nSM').closed();
  });

  it('a preface behind a request of HTTP/1.1 is 400, and nothing more is read', async (test) => {
    const { gateway, upstream } = await start(test);
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', `Host: ${AUTHORITY}`, `Authorization: ${BASIC}`));
    await caller.until((text) => text.endsWith('ok'));
    caller.send(Buffer.concat([PREFACE, settings()]));
    const [, second = ''] = (await caller.closed()).split(/(?<=\r\n\r\nok)/);
    assert.equal(parseResponse(second).status, 400);
    assert.equal(upstream.requests().length, 1);
  });

  it('an Upgrade to h2c is ignored: the answer is HTTP/1.1', async (test) => {
    const { gateway, upstream } = await start(test);
    const caller = await openCaller(gateway.port);
    const lines = [`Host: ${AUTHORITY}`, `Authorization: ${BASIC}`, 'Connection: Upgrade, HTTP2-Settings'];
    caller.send(head('GET / HTTP/1.1', ...lines, 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'));
    assert.match(await caller.until((text) => text.endsWith('ok')), /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(upstream.requests().join(''), /h2c|http2-settings/i);
    caller.socket.destroy();
  });
});
