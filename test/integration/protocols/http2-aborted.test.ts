/** Connections of HTTP/2 that live long: what was broken off on them is not counted for ever. */

import assert from 'node:assert/strict';
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';

import { head, startGateway, tableFor } from '../proxy/harness.ts';
import { exchange, openCaller, parseResponse, startRawUpstream } from '../proxy/raw.ts';
import { answerOf, openStream } from './http2-caller.ts';
import { listen, protocolTable } from './protocol-upstreams.ts';

/** More than the 10 MB that Node allows a connection unless told otherwise, with what it does not give back of each. */
const BROKEN = 1_000;
const PIECE = Buffer.alloc(15 * 1024, 'x');
/** Requests at a time, fewer than one connection carries. */
const TOGETHER = 50;
/** Nothing of a body goes out: all of it is held. */
const WINDOW = { initialWindowSize: 0 };

describe('a connection of HTTP/2 goes on as before', () => {
  it('where a thousand answers were broken off', async (test) => {
    const upstream = await startRawUpstream(({ socket }, piece) => {
      if (piece.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
      else
        socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n'), PIECE]));
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const session = connect(`http://127.0.0.1:${gateway.port}`, { settings: WINDOW });
    test.after(() => session.destroy());
    session.on('error', () => {});
    for (let count = 0; count < BROKEN; count++) await answerOf(openStream(session));
    const { status, code } = await answerOf(openStream(session, { ':method': 'HEAD' }));
    assert.deepEqual({ status, code }, { status: 200, code: 0 });
  });

  it('where a thousand requests were broken off', async (test) => {
    let sessions = 0;
    const server = createServer({ settings: WINDOW, streamResetBurst: 2 * BROKEN });
    server.on('session', () => sessions++);
    server.on('stream', (stream: ServerHttp2Stream, { ':method': method }: IncomingHttpHeaders) => {
      stream.on('error', () => {});
      if (method === 'GET') stream.respond({ ':status': 204 }, { endStream: true });
    });
    const port = await listen(test, server);
    const gateway = await startGateway(test, { table: protocolTable(port, 'H2C') });
    const post = head('POST / HTTP/1.1', 'Host: shop.example.com', 'Content-Length: 99999');
    for (let count = TOGETHER; count <= BROKEN; count += TOGETHER) {
      const callers = await Promise.all(Array.from({ length: TOGETHER }, () => openCaller(gateway.port)));
      for (const caller of callers) caller.send(post).send(PIECE).socket.end();
      await gateway.record(count);
    }
    const get = head('GET / HTTP/1.1', 'Host: shop.example.com', 'Connection: close');
    assert.equal(parseResponse(await exchange(gateway.port, get)).status, 204);
    assert.equal(sessions, 1);
  });
});
