/** Upstreams that speak HTTP/2 without TLS: few connections, many streams, every end told apart. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import {
  ErrorCode,
  fieldBlock,
  Flag,
  frame,
  FrameType,
  PREFACE,
  readFrames,
  settings,
  uint32,
  type Frame,
} from '../../support/http2-frames.ts';
import {
  BACKEND,
  BASIC,
  grantOf,
  head,
  planOf,
  startGateway,
  tableFor,
  type Gateway,
} from '../proxy/harness.ts';
import { closedPort, exchange, openCaller, parseResponse, startFixedUpstream } from '../proxy/raw.ts';
import { answerOf, ask, connectCaller, openStream } from './http2-caller.ts';
import {
  protocolTable,
  startHttp2,
  type HandleStream,
  type Http2Upstream,
  type Test,
} from './protocol-upstreams.ts';

const HOST = 'Host: shop.example.com';
const CLOSE = 'Connection: close';
const MIB = 1024 * 1024;

interface Started {
  readonly gateway: Gateway;
  readonly upstream: Http2Upstream;
}

async function start(test: Test, handle: HandleStream, maxConcurrentStreams?: number): Promise<Started> {
  const upstream = await startHttp2(test, handle, { ...(maxConcurrentStreams && { maxConcurrentStreams }) });
  const gateway = await startGateway(test, { table: protocolTable(upstream.port, 'H2C') });
  return { gateway, upstream };
}

const echo: HandleStream = (stream, headers) => {
  stream.respond({ ':status': 200, 'x-seen': JSON.stringify(headers) });
  stream.pipe(stream);
};

const seenBy = (text: string): Record<string, unknown> =>
  JSON.parse(/x-seen: (.*)\r\n/.exec(text)?.[1] ?? '{}') as Record<string, unknown>;

describe('a request to an h2c upstream', () => {
  it('by HTTP/1.1 has the pseudo-headers of HTTP/2 and no header of a connection', async (test) => {
    const { gateway } = await start(test, echo);
    const answer = await exchange(
      gateway.port,
      head(
        'GET //a%7E?b HTTP/1.1',
        HOST,
        'Keep-Alive: timeout=5',
        'X-A: 1',
        'Connection: close, X-B',
        'X-B: 2',
      ),
    );
    assert.equal(parseResponse(answer).status, 200);
    const { 'x-forwarded-proto': proto, ...seen } = seenBy(answer);
    assert.deepEqual(
      Object.entries(seen).filter(([name]) => !name.startsWith('x-') && name !== 'traceparent'),
      [
        [':scheme', 'http'],
        [':method', 'GET'],
        [':authority', 'shop.example.com'],
        [':path', '//a%7E?b'],
      ],
    );
    assert.deepEqual([proto, seen['x-a'], seen['x-b']], ['http', '1', undefined]);
  });

  it('is served with headers that its caller repeats where it should not', async (test) => {
    for (const name of ['User-Agent', 'Content-Type', 'If-Match', 'Range', 'Referer', 'DNT']) {
      const { gateway } = await start(test, echo);
      const repeated = head('GET / HTTP/1.1', HOST, `${name}: a`, `${name}: b`);
      const caller = await openCaller(gateway.port);
      // The first waits for the connection, the second finds it made.
      for (const count of [1, 2]) {
        const text = await caller.send(repeated).until((text) => text.split('\r\n0\r\n').length > count);
        assert.equal(seenBy(text)[name.toLowerCase()], 'a');
      }
      caller.socket.destroy();
    }
  });

  it('carries bodies both ways, in chunks or of known length, by HTTP/1.1', async (test) => {
    const { gateway } = await start(test, echo);
    const chunked = head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', CLOSE);
    const first = await exchange(gateway.port, `${chunked}3\r\nuvw\r\n2\r\nxy\r\n0\r\n\r\n`);
    assert.match(first, /\r\nTransfer-Encoding: chunked\r\n/i);
    assert.equal(parseResponse(first).body.replaceAll(/[0-9a-f]*\r\n/g, ''), 'uvwxy');
    const small = head('POST / HTTP/1.1', HOST, 'Content-Length: 3', CLOSE);
    assert.equal(seenBy(await exchange(gateway.port, `${small}abc`))['content-length'], '3');
    const caller = await openCaller(gateway.port);
    caller
      .send(head('POST / HTTP/1.1', HOST, `Content-Length: ${4 * MIB}`, CLOSE))
      .send(Buffer.alloc(4 * MIB, 'x'));
    await caller.closed();
    const record = await gateway.record(3);
    assert.deepEqual([record.status, record.requestBytes, record.responseBytes], [200, 4 * MIB, 4 * MIB]);
  });

  it('by HTTP/2 carries its trailers and interim responses back', async (test) => {
    const { gateway } = await start(test, (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': ['42', '43'] }));
      stream.end('ok');
    });
    const answer = await ask(await connectCaller(test, gateway.httpsPort));
    assert.deepEqual(
      [answer.interim, answer.status, answer.body, answer.trailers['x-sum']],
      [[103], 200, 'ok', '42, 43'],
    );
  });

  it('by HTTP/2 carries its trailers back beside a length', async (test) => {
    const asked = Promise.withResolvers<ServerHttp2Stream>();
    const { gateway } = await start(test, (stream) => {
      stream.respond({ ':status': 200, 'content-length': '2' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.write('o');
      asked.resolve(stream);
    });
    const stream = openStream(await connectCaller(test, gateway.httpsPort));
    const answer = answerOf(stream);
    await once(stream, 'response');
    (await asked.promise).end('k');
    const { body, trailers } = await answer;
    assert.deepEqual([body, trailers['x-sum']], ['ok', '42']);
  });

  it('by HTTP/1.1 carries its trailers back', async (test) => {
    const { gateway } = await start(test, (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.end('ok');
    });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.match(answer, /\r\n\r\n2\r\nok\r\n0\r\nx-sum: 42\r\n\r\n$/);
  });

  it('gets the token of its caller', async (test) => {
    const upstream = await startHttp2(test, echo);
    const gateway = await startGateway(test, {
      table: protocolTable(upstream.port, 'H2C', { plan: planOf() }),
    });
    const refused = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(refused).status, 401);
    assert.equal(upstream.sessions.length, 0);
    const passed = await exchange(
      gateway.port,
      head('GET / HTTP/1.1', HOST, `Authorization: ${BASIC}`, CLOSE),
    );
    assert.equal(seenBy(passed)['authorization'], 'Bearer the.access.token');
  });

  it('of HEAD has the length and no body', async (test) => {
    const { gateway } = await start(test, (stream) => {
      stream.respond({ ':status': 200, 'content-length': '1234' }, { endStream: true });
    });
    const answer = parseResponse(await exchange(gateway.port, head('HEAD / HTTP/1.1', HOST, CLOSE)));
    assert.match(answer.head, /\r\ncontent-length: 1234\r\n/);
    assert.equal(answer.body, '');
  });

  it('of HEAD is over with the head for its caller, whenever the upstream ends it', async (test) => {
    const upstream = await startScripted(test, ({ type, stream }, socket) => {
      if (type !== FrameType.headers) return;
      socket.write(frame(FrameType.headers, Flag.endHeaders, stream, fieldBlock([[':status', '200']])));
    });
    const gateway = await startGateway(test, { table: protocolTable(upstream, 'H2C') });
    const answer = await ask(await connectCaller(test, gateway.httpsPort), { ':method': 'HEAD' });
    assert.deepEqual([answer.status, answer.code], [200, 0]);
    assert.equal((await gateway.record()).status, 200);
  });

  it('is one of many on the same connection, and on few where the upstream allows few at a time', async (test) => {
    for (const [allowed, connections] of [
      [100, 1],
      [20, 2],
    ] as const) {
      let atOnce = 0;
      let most = 0;
      const { gateway, upstream } = await start(
        test,
        (stream) => {
          most = Math.max(most, ++atOnce);
          setTimeout(() => {
            atOnce--;
            stream.respond({ ':status': 200 });
            stream.end('ok');
          }, 5);
        },
        allowed,
      );
      const caller = await connectCaller(test, gateway.httpsPort);
      // Its settings are known from the second on.
      await ask(caller);
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask(caller)));
      assert.ok(answers.every(({ status, body }) => status === 200 && body === 'ok'));
      assert.equal(upstream.sessions.length, connections);
      assert.ok(most > 1);
    }
  });
});

describe('an h2c upstream', () => {
  it('that nobody listens for is 502 UpstreamUnreachable', async (test) => {
    const gateway = await startGateway(test, { table: protocolTable(await closedPort(), 'H2C') });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(answer).status, 502);
    const { reason, cause } = await gateway.record();
    assert.deepEqual(
      [reason, cause],
      ['UpstreamUnreachable', 'the connection could not be made: ECONNREFUSED'],
    );
  });

  it('that answers by HTTP/1.1 is 502 UpstreamProtocolError', async (test) => {
    const upstream = await startFixedUpstream('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: protocolTable(upstream.port, 'H2C') });
    const answer = await exchange(
      gateway.port,
      head('POST / HTTP/1.1', HOST, 'Content-Length: 1', CLOSE) + 'x',
    );
    assert.equal(parseResponse(answer).status, 502);
    assert.equal((await gateway.record()).reason, 'UpstreamProtocolError');
  });

  it('that keeps silent is 504, and is told that the answer is not wanted any more', async (test) => {
    const codes: number[] = [];
    const upstream = await startHttp2(test, (stream) => {
      stream.on('close', () => codes.push(stream.rstCode));
    });
    const gateway = await startGateway(test, {
      table: protocolTable(upstream.port, 'H2C'),
      limits: { firstByteTimeoutMs: 50 },
    });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(answer).status, 504);
    await eventually('the reset', async () => codes.length === 1);
    assert.deepEqual(codes, [ErrorCode.cancel]);
  });

  it('that falls silent within a response cuts it off', async (test) => {
    const upstream = await startHttp2(test, (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half');
    });
    const gateway = await startGateway(test, {
      table: protocolTable(upstream.port, 'H2C'),
      limits: { idleTimeoutMs: 50 },
    });
    const answer = await answerOf(openStream(await connectCaller(test, gateway.httpsPort)));
    assert.deepEqual([answer.status, answer.code], [200, ErrorCode.internalError]);
    assert.equal((await gateway.record()).reason, 'UpstreamTimeout');
  });

  it('that resets a stream is 502, or cuts off what has begun', async (test) => {
    const begun: ServerHttp2Stream[] = [];
    const { gateway } = await start(test, (stream, headers) => {
      if (headers[':path'] === '/early') {
        stream.close(ErrorCode.internalError);
        return;
      }
      begun.push(stream);
      stream.respond({ ':status': 200 });
      stream.write('half');
    });
    const caller = await connectCaller(test, gateway.httpsPort);
    const early = await ask(caller, { ':method': 'POST', ':path': '/early' });
    assert.equal(early.status, 502);
    const { reason, cause } = await gateway.record();
    assert.deepEqual([reason, cause], ['UpstreamProtocolError', 'the stream was reset with code 2']);
    const late = openStream(caller);
    await once(late, 'response');
    for (const stream of begun) stream.destroy(new Error('broken'));
    assert.equal((await answerOf(late)).code, ErrorCode.internalError);
  });

  it('that refuses a stream without a look at it is asked again', async (test) => {
    let asked = 0;
    const { gateway } = await start(test, (stream) => {
      if (++asked === 1) stream.close(ErrorCode.refusedStream);
      else stream.respond({ ':status': 204 }, { endStream: true });
    });
    const spare = await startHttp2(test, (stream) => stream.respond({ ':status': 204 }, { endStream: true }));
    const table = protocolTable(spare.port, 'H2C');
    const backend = table.backends[BACKEND];
    assert.ok(backend !== undefined);
    const ports = [
      (await start(test, (stream) => stream.close(ErrorCode.refusedStream))).upstream.port,
      spare.port,
    ];
    const endpoints = ports.map((port) => ({ address: '127.0.0.1', port }));
    gateway.apply({ ...table, backends: { [BACKEND]: { ...backend, endpoints } } });
    const answer = await exchange(
      gateway.port,
      head('POST / HTTP/1.1', HOST, 'Content-Length: 1', CLOSE) + 'x',
    );
    assert.equal(parseResponse(answer).status, 204);
    assert.equal((await gateway.record()).upstreamTries, 2);
  });

  for (const { name, pieces, behind, status } of [
    {
      name: 'again with what was taken of a body without a length',
      pieces: ['one,', 'two'],
      behind: 4,
      status: 200,
    },
    {
      name: 'again where it has seen the whole body',
      pieces: ['one,', 'two'],
      behind: Infinity,
      status: 200,
    },
    {
      name: 'not again where too much of the body is gone',
      pieces: ['x'.repeat(16_385)],
      behind: 1,
      status: 502,
    },
  ]) {
    it(`that refuses a stream is asked ${name}`, async (test) => {
      let asked = 0;
      let isRefused = false;
      const answer = async (stream: ServerHttp2Stream): Promise<void> => {
        // What is refused by a connection that has served before is tried by a new one.
        if (++asked === 1) return stream.respond({ ':status': 204 }, { endStream: true });
        let body = '';
        for await (const piece of stream) {
          body += String(piece);
          isRefused = asked === 2 && body.length >= behind;
          if (isRefused) return stream.close(ErrorCode.refusedStream);
        }
        if (asked === 2 && behind === Infinity) return stream.close(ErrorCode.refusedStream);
        stream.respond({ ':status': 200 });
        stream.end(body);
      };
      const { gateway } = await start(test, (stream) => void answer(stream));
      await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
      const caller = await openCaller(gateway.port);
      caller.send(head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', CLOSE));
      let sent = 0;
      for (const piece of pieces) {
        caller.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        sent += piece.length;
        await eventually('its way', async () => (sent < behind ? asked === 2 : asked > 2 || isRefused));
      }
      caller.send('0\r\n\r\n');
      const text = await caller.closed();
      assert.equal(Number(text.slice(9, 12)), status);
      if (status === 200) assert.match(text, /\r\none,two\r\n/);
      assert.equal((await gateway.record(2)).requestBytes, sent);
    });
  }

  it('that sends interim responses without end is broken off', async (test) => {
    const { gateway } = await start(test, (stream) => {
      const talk = (): void => {
        if (stream.closed) return;
        stream.additionalHeaders({ ':status': 103, link: 'x'.repeat(2_000) });
        setImmediate(talk);
      };
      talk();
    });
    const text = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.ok(text.length < 70_000, `${text.length} bytes`);
    assert.match(text, /\r\n\r\nHTTP\/1\.1 502 /);
    assert.equal((await gateway.record()).cause, 'the head of the response is too large');
  });

  it('that says GOAWAY finishes what it has, and the next request takes a new connection', async (test) => {
    const { gateway, upstream } = await start(test, (stream, headers) => {
      if (headers[':path'] === '/last') stream.session?.close();
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
    const caller = await connectCaller(test, gateway.httpsPort);
    for (const path of ['/first', '/last', '/next']) {
      assert.equal((await ask(caller, { ':path': path })).body, 'ok');
    }
    assert.equal(upstream.sessions.length, 2);
  });

  it('whose connection breaks while idle costs no request', async (test) => {
    const { gateway, upstream } = await start(test, echo);
    const caller = await connectCaller(test, gateway.httpsPort);
    for (let count = 1; count <= 3; count++) {
      assert.equal((await ask(caller)).status, 200);
      upstream.sessions.at(-1)?.destroy();
    }
    assert.ok(gateway.records.every(({ status }) => status === 200));
  });

  it('gets no more of a request whose caller is gone, and never its end', async (test) => {
    const got: { bytes: number; isEnded: boolean; code: number | undefined } = {
      bytes: 0,
      isEnded: false,
      code: undefined,
    };
    const upstream = await startScripted(test, ({ type, flags, payload }) => {
      if (type === FrameType.data) got.bytes += payload.length;
      if ((type === FrameType.data || type === FrameType.headers) && flags & Flag.endStream)
        got.isEnded = true;
      if (type === FrameType.resetStream) got.code = payload.readUInt32BE();
    });
    const gateway = await startGateway(test, { table: protocolTable(upstream, 'H2C') });
    const caller = await openCaller(gateway.port);
    caller.send(`${head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked')}3\r\nabc\r\n`);
    await eventually('the beginning of the body', async () => got.bytes === 3);
    caller.socket.destroy();
    await eventually('the reset', async () => got.code !== undefined);
    assert.deepEqual(got, { bytes: 3, isEnded: false, code: ErrorCode.cancel });
    assert.equal((await gateway.record()).status, 499);
  });

  it('that ends a stream politely before its response is whole has not ended it', async (test) => {
    const upstream = await startScripted(test, ({ type, stream }, socket) => {
      if (type !== FrameType.headers) return;
      const fields = fieldBlock([
        [':status', '200'],
        ['content-length', '10'],
      ]);
      socket.write(frame(FrameType.headers, Flag.endHeaders, stream, fields));
      socket.write(frame(FrameType.data, 0, stream, Buffer.from('half')));
      socket.write(frame(FrameType.resetStream, 0, stream, uint32(ErrorCode.noError)));
    });
    const gateway = await startGateway(test, { table: protocolTable(upstream, 'H2C') });
    await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal((await gateway.record()).reason, 'UpstreamProtocolError');
  });

  it('that a caller does not read from is not read from either', async (test) => {
    let written = 0;
    const { gateway } = await start(test, (stream) => {
      stream.respond({ ':status': 200 });
      const block = Buffer.alloc(64 * 1024);
      const write = (): void => {
        do written += block.length;
        while (stream.write(block) && written < 256 * MIB);
      };
      stream.on('drain', write);
      write();
    });
    const caller = await connectCaller(test, gateway.httpsPort);
    const stream = openStream(caller);
    await once(stream, 'response');
    stream.pause();
    let before = -1;
    await eventually('a standstill', async () => before === (before = written));
    assert.ok(written < 16 * MIB, `${written} bytes were taken`);
    assert.equal((await answerOf(openStream(caller, { ':path': '/', ':method': 'HEAD' }))).status, 200);
  });

  it('does not take a WebSocket: 502', async (test) => {
    const { gateway } = await start(test, echo);
    const answer = await exchange(
      gateway.port,
      head('GET / HTTP/1.1', HOST, 'Connection: Upgrade', 'Upgrade: websocket'),
    );
    assert.equal(parseResponse(answer).status, 502);
    assert.equal(
      (await gateway.record()).cause,
      'a WebSocket needs HTTP/1.1, which the service does not speak',
    );
  });

  it('that no backend names any more while its connection is made still answers', async (test) => {
    const { upstream } = await start(test, echo);
    const gateway: Gateway = await startGateway(test, {
      table: protocolTable(upstream.port, 'H2C', { plan: planOf() }),
      known() {
        process.nextTick(() => gateway.apply(tableFor([])));
        return grantOf();
      },
    });
    const answer = await exchange(
      gateway.port,
      head('GET / HTTP/1.1', HOST, `Authorization: ${BASIC}`, CLOSE),
    );
    assert.equal(parseResponse(answer).status, 200);
    await eventually('GOAWAY', async () => upstream.sessions[0]?.destroyed === true);
  });

  it('that no backend names any more before it has said its settings still answers', async (test) => {
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer((socket) => accepted.resolve(socket)).listen(0, '127.0.0.1');
    test.after(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const gateway = await startGateway(test, { table: protocolTable(port, 'H2C') });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST, CLOSE));
    const socket = await accepted.promise;
    gateway.apply(tableFor([]));
    performServerHandshake(socket).on('stream', (stream) => stream.respond(undefined, { endStream: true }));
    assert.equal(parseResponse(await caller.closed()).status, 200);
    await once(socket, 'close');
  });

  it('is not told GOAWAY before what it has is answered: that would overtake requests on their way', async (test) => {
    const { gateway, upstream } = await start(test, echo);
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', CLOSE));
    const session = await eventually('the session', async () => upstream.sessions[0]);
    let isTold = false;
    session.on('goaway', () => (isTold = true));
    caller.send('3\r\none\r\n');
    await caller.until((text) => text.includes('one'));
    gateway.apply(tableFor([]));
    caller.send('3\r\ntwo\r\n');
    await caller.until((text) => text.includes('two'));
    assert.equal(isTold, false);
    caller.send('0\r\n\r\n');
    assert.equal(parseResponse(await caller.closed()).status, 200);
    await once(session, 'close');
    assert.equal(isTold, true);
  });

  it('is told GOAWAY when no backend names it any more', async (test) => {
    const { gateway, upstream } = await start(test, echo);
    await ask(await connectCaller(test, gateway.httpsPort));
    const [session] = upstream.sessions;
    assert.ok(session !== undefined);
    gateway.apply(tableFor([]));
    await once(session, 'close');
  });
});

/** Reads frames and writes what a test wants. @returns its port */
async function startScripted(test: Test, onFrame: (frame: Frame, socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    let bytes: Buffer = Buffer.alloc(0);
    let isBegun = false;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isBegun) {
        if (bytes.length < PREFACE.length) return;
        bytes = bytes.subarray(PREFACE.length);
        isBegun = true;
        socket.write(settings());
      }
      const { frames, rest } = readFrames(bytes);
      bytes = rest;
      for (const frame of frames) onFrame(frame, socket);
    });
    test.after(() => void socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  test.after(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
