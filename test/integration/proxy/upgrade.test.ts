/** WebSockets: checked as any other request before anything is upgraded. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { BASIC, head, planOf, startGateway, tableFor } from './harness.ts';
import {
  closedPort,
  exchange,
  openCaller,
  parseResponse,
  startRawUpstream,
  type RawUpstream,
} from './raw.ts';

const HOST = 'Host: shop.example.com';
const UPGRADE = [
  'Connection: keep-alive, Upgrade',
  'Upgrade: WebSocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';

const MIB = 1024 * 1024;
const ENDLESS = 'HTTP/1.1 200 OK\r\n\r\n';

/** Upgrades, then sends everything back in capitals. */
async function startShouting(test: { after(fn: () => Promise<void>): void }): Promise<RawUpstream> {
  const upstream = await startRawUpstream((conversation, piece) => {
    const isHead = conversation.text.length === piece.length;
    conversation.socket.write(isHead ? SWITCH : piece.toUpperCase());
  });
  test.after(() => upstream.close());
  return upstream;
}

/** Answers, then sends as much as is taken, without an end. */
async function startTalking(
  test: { after(fn: () => Promise<void>): void },
  answer: string,
): Promise<RawUpstream> {
  const upstream = await startRawUpstream(({ socket }) => {
    const talk = (): void => void (socket.write(Buffer.alloc(16_384)) && setImmediate(talk));
    socket.on('drain', talk).write(answer);
    talk();
  });
  test.after(() => upstream.close());
  return upstream;
}

/** Asks an upstream that says nothing by itself, with `words` behind the request. */
async function askSilent(test: TestContext, words = '') {
  const upstream = await startRawUpstream(() => {});
  test.after(() => upstream.close());
  const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
  const caller = await openCaller(gateway.port);
  caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE) + words);
  await eventually('the request', async () => upstream.requests().length === 1);
  return { upstream, gateway, caller };
}

describe('a WebSocket', () => {
  it('is a tunnel once the upstream agrees, with the headers of the policy', async (test) => {
    const upstream = await startShouting(test);
    const table = tableFor([upstream.port], { plan: planOf(), identityHeaders: ['x-client'] });
    const gateway = await startGateway(test, { table });
    const caller = await openCaller(gateway.port);
    caller.send(
      head('GET //ws?a=%7e HTTP/1.1', HOST, `Authorization: ${BASIC}`, 'X_Client: evil', ...UPGRADE) +
        'early,',
    );
    await caller.until((text) => text.endsWith('EARLY,'));
    caller.send('hello');
    assert.match(await caller.until((text) => text.endsWith('HELLO')), /^HTTP\/1\.1 101 /);
    const [request = ''] = upstream.requests();
    assert.match(request, /^GET \/\/ws\?a=%7e HTTP\/1\.1\r\n/);
    assert.match(request, /\r\nauthorization: Bearer the\.access\.token\r\n/i);
    assert.match(request, /\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n/i);
    assert.doesNotMatch(request, /evil|Basic/);
    caller.socket.destroy();
    const record = await gateway.record();
    assert.equal(record.status, 101);
    assert.equal(record.authOutcome, 'allow');
    assert.equal(record.reason, undefined);
    await eventually('the end of the upstream connection', async () =>
      upstream.conversations.every(({ socket }) => socket.closed),
    );
  });

  it('is not upgraded without credentials: 401, and the upstream sees nothing', async (test) => {
    const upstream = await startShouting(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port], { plan: planOf() }) });
    const answer = parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)));
    assert.equal(answer.status, 401);
    assert.equal((JSON.parse(answer.body) as { reason: string }).reason, 'MissingCredentials');
    assert.equal(upstream.conversations.length, 0);
    assert.equal((await gateway.record()).reason, 'MissingCredentials');
  });

  it('that the upstream declines gives its plain answer', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)));
    assert.equal(answer.status, 426);
    assert.match(answer.body, /^no/);
    const { status, upstreamStatus, reason } = await gateway.record();
    assert.deepEqual([status, upstreamStatus, reason], [426, 426, undefined]);
  });

  it('that the upstream declines by an answer that never ends is cut', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nn');
    });
    test.after(() => upstream.close());
    const limits = { idleTimeoutMs: 50 };
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), limits });
    assert.match(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)), /\r\n\r\nn$/);
    const { status, reason } = await gateway.record();
    assert.deepEqual([status, reason], [426, 'UpstreamTimeout']);
    assert.deepEqual(gateway.reached, ['upstream_idle']);
  });

  for (const [what, answer] of [
    ['declines by an answer without an end', ENDLESS],
    ['agrees to and never stops talking in', SWITCH],
  ] as const) {
    it(`that the upstream ${what} ends with its caller`, async (test) => {
      const upstream = await startTalking(test, answer);
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const caller = await openCaller(gateway.port);
      caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE));
      await caller.until((text) => text.length > 1_000_000);
      caller.socket.destroy();
      await eventually('the end of the upstream connection', async () =>
        upstream.conversations.every(({ socket }) => socket.closed),
      );
    });
  }

  it('that the upstream declines by more than its caller takes is cut, and not kept in memory', async (test) => {
    const upstream = await startTalking(test, ENDLESS);
    const limits = { idleTimeoutMs: 500 };
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), limits });
    const caller = await openCaller(gateway.port);
    caller.socket.pause();
    caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE));
    const { status, reason } = await gateway.record();
    assert.deepEqual([status, reason], [200, 'ClientClosed']);
    assert.deepEqual(gateway.reached, ['response_idle']);
    const sent = upstream.conversations[0]?.socket.bytesWritten ?? Infinity;
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
    caller.socket.destroy();
  });

  it('that the upstream declines by an answer that breaks off is broken off', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nn');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    assert.match(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)), /\r\n\r\nn$/);
    assert.equal((await gateway.record()).status, 426);
  });

  for (const answer of [
    'nonsense\r\n\r\n',
    'HTTP/1.1 426 No\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX: a\r\n',
  ]) {
    it(`whose upstream answers with what is no answer is 502: ${JSON.stringify(answer.slice(0, 20))}`, async (test) => {
      const upstream = await startRawUpstream(({ socket }) => socket.end(answer));
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const got = parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)));
      assert.equal(got.status, 502);
      assert.match((await gateway.record()).cause ?? '', /^the upgrade failed: /);
    });
  }

  it('whose upstream keeps silent is 504 in time', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const limits = { firstByteTimeoutMs: 50 };
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), limits });
    const answer = parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)));
    assert.equal(answer.status, 504);
    const { reason, cause } = await gateway.record();
    assert.deepEqual([reason, cause], ['UpstreamTimeout', 'the upstream kept silent for too long']);
    assert.deepEqual(gateway.reached, ['upstream_first_byte']);
    await eventually('the end of the upstream connection', async () =>
      upstream.conversations.every(({ socket }) => socket.closed),
    );
  });

  it('whose upstream never finishes its handshake is 502 in time', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const table = tableFor([upstream.port]);
    const [backend] = Object.entries(table.backends);
    assert.ok(backend !== undefined);
    const backends = { [backend[0]]: { ...backend[1], protocol: 'HTTPS' as const } };
    const limits = { connectTimeoutMs: 50 };
    const gateway = await startGateway(test, { table: { ...table, backends }, limits });
    const answer = parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)));
    assert.equal(answer.status, 502);
    assert.equal((await gateway.record()).cause, 'no connection in time');
    assert.deepEqual(gateway.reached, ['upstream_connect']);
  });

  it('goes to another endpoint where one cannot be reached', async (test) => {
    const upstream = await startShouting(test);
    const closed = [await closedPort(), await closedPort()];
    const gateway = await startGateway(test, { table: tableFor([...closed, upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE) + 'hello');
    await caller.until((text) => text.endsWith('HELLO'));
    caller.socket.destroy();
    const { status, upstreamTries, upstreamAddress } = await gateway.record();
    assert.deepEqual([status, upstreamTries, upstreamAddress], [101, 3, `127.0.0.1:${upstream.port}`]);
  });

  for (const how of ['end', 'destroy'] as const) {
    it(`whose caller is gone before the upstream agrees takes its request with it: 499 (${how})`, async (test) => {
      const { upstream, gateway, caller } = await askSilent(test);
      caller.socket[how]();
      await eventually('the end of the upstream connection', async () =>
        upstream.conversations.every(({ socket }) => socket.closed),
      );
      const { status, reason } = await gateway.record();
      assert.deepEqual([status, reason], [499, 'ClientClosed']);
    });
  }

  it('whose caller ends behind early words is gone as well: 499', async (test) => {
    const { upstream, gateway, caller } = await askSilent(test, 'one,');
    caller.send('two,').socket.end();
    await eventually('the end of the upstream connection', async () =>
      upstream.conversations.every(({ socket }) => socket.closed),
    );
    const { status, reason } = await gateway.record();
    assert.deepEqual([status, reason], [499, 'ClientClosed']);
  });

  it('may say much before the upstream agrees, of which nothing is lost', async (test) => {
    const { upstream, caller } = await askSilent(test, 'one,');
    const words = 'x'.repeat(MIB);
    caller.send(words);
    await eventually('their way', async () => caller.socket.writableLength < MIB);
    const [conversation] = upstream.conversations;
    conversation?.socket.write(SWITCH);
    await eventually('the words', async () => conversation?.text.endsWith(`one,${words}`) === true);
    caller.socket.destroy();
  });

  it('that is refused gets its answer, however much it has said', async (test) => {
    const upstream = await startShouting(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port], { plan: planOf() }) });
    const caller = await openCaller(gateway.port);
    let fault: Error | undefined;
    caller.socket.on('error', (error) => {
      fault = error;
    });
    caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE) + 'x'.repeat(MIB));
    assert.match(await caller.closed(), /^HTTP\/1\.1 401 [^]*"MissingCredentials"/);
    assert.equal(fault, undefined);
  });

  it('may say a word before the upstream agrees, which is not lost', async (test) => {
    const { upstream, caller } = await askSilent(test, 'one,');
    caller.send('two,');
    const [conversation] = upstream.conversations;
    conversation?.socket.write(SWITCH);
    await caller.until((text) => text.endsWith('\r\n\r\n'));
    caller.send('three');
    await eventually('the words', async () => conversation?.text.endsWith('\r\n\r\none,two,three') === true);
    caller.socket.destroy();
  });

  it('to an upstream that cannot be reached is 502', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([await closedPort()]) });
    const answer = parseResponse(await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...UPGRADE)));
    assert.equal(answer.status, 502);
    assert.equal((await gateway.record()).reason, 'UpstreamUnreachable');
  });

  it('with a body is a plain request: nothing is upgraded', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(`${head('GET / HTTP/1.1', HOST, 'Content-Length: 2', ...UPGRADE)}ab`);
    await caller.until((text) => text.endsWith('ok'));
    assert.doesNotMatch(upstream.requests().join(''), /upgrade/i);
    caller.socket.destroy();
  });

  it('is told when the gateway goes away: close frame 1001', async (test) => {
    const upstream = await startShouting(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE));
    await caller.until((text) => text.endsWith('\r\n\r\n'));
    await gateway.proxy.drain(0, 5_000);
    assert.match(await caller.closed(), /\r\n\r\n\x88\x02\x03\xe9$/);
  });

  it('is told so behind the frame that is under way, and gets nothing after', async (test) => {
    const upstream = await startRawUpstream((conversation, piece) => {
      if (conversation.text.length === piece.length)
        conversation.socket.write(`${SWITCH}\x82\x7e\x01\x00half`, 'latin1');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST, ...UPGRADE));
    await caller.until((text) => text.endsWith('half'));
    const drained = gateway.proxy.drain(0, 5_000);
    await refusesConnections(gateway.port);
    const [conversation] = upstream.conversations;
    conversation?.socket.write('x'.repeat(200));
    await caller.until((text) => text.endsWith('x'.repeat(200)));
    conversation?.socket.write(`${'y'.repeat(52)}\x82\x04more`, 'latin1');
    // The caller answers, and the upstream is told with its words.
    await caller.until((text) => text.endsWith('\x88\x02\x03\xe9'));
    caller.send('\x88\x80mask').socket.end();
    await drained;
    assert.match(caller.text, /halfx{200}y{52}\x88\x02\x03\xe9$/);
    await eventually('the answer', async () => conversation?.text.endsWith('\x88\x80mask') === true);
  });

  it('whose upstream agrees while the gateway goes away is told at once', async (test) => {
    const { upstream, gateway, caller } = await askSilent(test);
    const drained = gateway.proxy.drain(0, 5_000);
    await refusesConnections(gateway.port);
    upstream.conversations[0]?.socket.write(SWITCH);
    assert.match(await caller.closed(), /^HTTP\/1\.1 101 [^]*\r\n\r\n\x88\x02\x03\xe9$/);
    await drained;
  });
});

/** Resolves when the gateway has begun to end what is open. */
async function refusesConnections(port: number): Promise<void> {
  await eventually('the end of the listener', async () => {
    const caller = await openCaller(port).catch(() => undefined);
    caller?.socket.destroy();
    return caller === undefined;
  });
}
