/** What callers get when upstreams fail or misbehave, and what becomes of their connections. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import type { RoutingTable } from '../../../src/model/table.ts';
import { eventually } from '../../support/eventually.ts';
import { head, startGateway, tableFor } from './harness.ts';
import {
  closedPort,
  exchange,
  openCaller,
  parseResponse,
  startFixedUpstream,
  startRawUpstream,
  type RawUpstream,
} from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const get = (path: string): string => head(`GET ${path} HTTP/1.1`, HOST, 'Connection: close');

const MALFORMED: readonly { readonly name: string; readonly given: string }[] = [
  { name: 'is not HTTP', given: 'SSH-2.0-OpenSSH_9.2\r\n' },
  {
    name: 'has both length and chunks',
    given: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  },
  { name: 'has two lengths', given: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok' },
  { name: 'has a continued header', given: 'HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n\r\n' },
  { name: 'switches protocols unasked', given: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n' },
];

describe('an upstream response', () => {
  for (const { name, given } of MALFORMED) {
    it(`that ${name} becomes 502, and its connection is not used again`, async (test) => {
      let count = 0;
      const upstream = await startRawUpstream(({ socket }) => {
        socket.write(Buffer.from(count++ === 0 ? given : OK, 'latin1'));
      });
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const { status, body } = parseResponse(await exchange(gateway.port, get('/1')));
      assert.equal(status, 502);
      assert.equal((JSON.parse(body) as { reason: string }).reason, 'UpstreamProtocolError');
      assert.equal(parseResponse(await exchange(gateway.port, get('/2'))).status, 200);
      assert.equal(upstream.conversations.length, 2);
    });
  }

  it('followed by stray bytes is passed on, and its connection is not used again', async (test) => {
    let count = 0;
    const stray = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(count++ === 0 ? OK + stray : OK);
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    assert.equal(parseResponse(await exchange(gateway.port, get('/1'))).body, 'ok');
    assert.equal(parseResponse(await exchange(gateway.port, get('/2'))).body, 'ok');
    assert.equal(upstream.conversations.length, 2);
  });

  it('followed by stray bytes while its connection is idle makes the gateway close it', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    await exchange(gateway.port, get('/1'));
    const [first] = upstream.conversations;
    assert.ok(first);
    const closed = once(first.socket, 'close');
    first.socket.write('stray');
    await closed;
    assert.equal(parseResponse(await exchange(gateway.port, get('/2'))).status, 200);
  });

  it('that breaks off reaches the caller as broken off, not as whole', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await exchange(gateway.port, get('/'));
    assert.doesNotMatch(answer, /\r\n0\r\n/);
    const record = await gateway.record();
    assert.equal(record.reason, 'UpstreamProtocolError');
    assert.equal(record.cause, 'the connection closed within the body');
  });

  it('that does not come in time becomes 504', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { firstByteTimeoutMs: 50 },
    });
    const { status, body } = parseResponse(await exchange(gateway.port, get('/')));
    assert.equal(status, 504);
    assert.equal((JSON.parse(body) as { reason: string }).reason, 'UpstreamTimeout');
    assert.equal(upstream.conversations.length, 1);
  });

  it('that stops halfway is cut after the idle time', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      limits: { idleTimeoutMs: 50 },
    });
    assert.match(await exchange(gateway.port, get('/')), /hel$/);
    assert.equal((await gateway.record()).reason, 'UpstreamTimeout');
  });

  it('keeps its headers, but for those of the connection', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 203 Fine By Me\r\nX-Case: Kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: timeout=9\r\n' +
        'Connection: x-hop\r\nX-Hop: 1\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok',
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await exchange(gateway.port, get('/'));
    assert.match(answer, /^HTTP\/1\.1 203 Fine By Me\r\n/);
    assert.match(answer, /\r\nX-Case: Kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
    assert.match(answer, /\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\n/);
    assert.match(answer, /\r\nContent-Length: 2\r\n/);
    assert.doesNotMatch(answer, /x-hop|timeout=9|transfer-encoding/i);
  });

  it('without a body has none: HEAD, 204 and 304', async (test) => {
    const cases = [
      { line: 'HEAD', status: '200 OK', wantsLength: true },
      { line: 'GET', status: '204 No Content', wantsLength: false },
      { line: 'GET', status: '304 Not Modified', wantsLength: true },
    ];
    for (const { line, status, wantsLength } of cases) {
      const upstream = await startFixedUpstream(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\n`);
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const answer = await exchange(gateway.port, head(`${line} / HTTP/1.1`, HOST, 'Connection: close'));
      assert.equal(parseResponse(answer).body, '');
      assert.equal(/\r\nContent-Length: 5\r\n/.test(answer), wantsLength, status);
      assert.doesNotMatch(answer, /transfer-encoding/i);
    }
  });

  it('with trailers and early hints keeps them', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSum: 42\r\n\r\n',
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await exchange(gateway.port, get('/'));
    assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>; rel=preload\r\n/);
    assert.match(answer, /\r\nTrailer: Sum\r\n/);
    assert.match(answer, /\r\n0\r\nSum: 42\r\n\r\n$/);
  });

  it('that ends with the connection is passed on in chunks', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\nTrailer: Sum\r\n\r\nok');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await exchange(gateway.port, get('/'));
    assert.match(answer, /\r\nTransfer-Encoding: chunked\r\n/);
    assert.match(answer, /\r\n2\r\nok\r\n0\r\n\r\n$/);
  });
});

describe('the connections to an upstream', () => {
  it('are used again for other callers', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    for (const path of ['/1', '/2', '/3']) await exchange(gateway.port, get(path));
    assert.equal(upstream.conversations.length, 1);
    assert.equal(upstream.requests().length, 3);
  });

  it('that closed while idle cost an idempotent request nothing', async (test) => {
    const upstream = await closingUpstream(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    await exchange(gateway.port, get('/1'));
    assert.equal(parseResponse(await exchange(gateway.port, get('/2'))).status, 200);
    assert.equal((await gateway.record(2)).upstreamTries, 2);
  });

  it('that closed while idle are no reason to send a POST twice', async (test) => {
    const upstream = await closingUpstream(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    await exchange(gateway.port, get('/1'));
    const post = head('POST /2 HTTP/1.1', HOST, 'Content-Length: 2', 'Connection: close');
    const { status } = parseResponse(await exchange(gateway.port, `${post}ab`));
    assert.equal(status, 502);
    assert.equal(upstream.requests().filter((text) => text.startsWith('POST')).length, 1);
  });

  for (const how of ['destroy', 'resetAndDestroy'] as const) {
    it(`are not used from the moment on that the upstream ends them, by ${how}`, async (test) => {
      const upstream = await startFixedUpstream(OK);
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const caller = await openCaller(gateway.port);
      const post = `${head('POST / HTTP/1.1', HOST, 'Content-Length: 2')}ab`;
      await caller.send(post).until((text) => text.endsWith('ok'));
      // Both are there when the gateway looks next.
      upstream.conversations[0]?.socket[how]();
      const text = await caller.send(post).until((text) => text.split('\r\n\r\n').length > 2);
      assert.match(text, /\r\n\r\nokHTTP\/1\.1 200 /);
      caller.socket.destroy();
    });
  }

  it('close when no backend names the endpoint any more', async (test) => {
    const [first, second] = [await startFixedUpstream(OK), await startFixedUpstream(OK)];
    test.after(async () => void (await Promise.all([first.close(), second.close()])));
    const gateway = await startGateway(test, { table: tableFor([first.port]) });
    await exchange(gateway.port, get('/1'));
    const closed = once(first.conversations[0]?.socket ?? assert.fail(), 'close');
    gateway.apply(tableFor([second.port]));
    await closed;
    assert.equal(parseResponse(await exchange(gateway.port, get('/2'))).status, 200);
    assert.equal(second.requests().length, 1);
  });
});

describe('endpoints that cannot be reached', () => {
  it('are gone around: another one answers', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([await closedPort(), upstream.port]) });
    const post = head('POST / HTTP/1.1', HOST, 'Content-Length: 100000', 'Connection: close');
    const { status } = parseResponse(await exchange(gateway.port, post + 'x'.repeat(100_000)));
    assert.equal(status, 200);
    const record = await gateway.record();
    assert.equal(record.upstreamTries, 2);
    assert.equal(record.upstreamAddress, `127.0.0.1:${upstream.port}`);
  });

  it('are left alone after five failures', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([await closedPort(), upstream.port]) });
    for (let count = 0; count < 16; count++) {
      assert.equal(parseResponse(await exchange(gateway.port, get('/'))).status, 200);
    }
    await eventually('16 records', async () => gateway.records.length === 16);
    const tries = gateway.records.map(({ upstreamTries }) => upstreamTries);
    assert.equal(tries.filter((count) => count === 2).length, 5);
  });

  it('are not blamed for callers that go away before the connection is made', async (test) => {
    const silent = await Promise.all([startRawUpstream(() => {}), startRawUpstream(() => {})]);
    test.after(async () => void (await Promise.all(silent.map((upstream) => upstream.close()))));
    const table = overTls(tableFor(silent.map(({ port }) => port)));
    const gateway = await startGateway(test, { table, limits: { connectTimeoutMs: 60_000 } });
    // Whoever meets the first one does not wait; whoever meets the second does.
    const [first, second] = silent;
    for (let count = 1; count <= 6; count++) {
      const impatient = await openCaller(gateway.port);
      impatient.send(get('/'));
      await eventually('its handshake', async () => first?.conversations.length === count);
      impatient.socket.destroy();
      assert.equal((await gateway.record(count)).status, 499);
      const patient = await openCaller(gateway.port);
      test.after(() => void patient.socket.destroy());
      patient.send(get('/'));
      await eventually('its handshake', async () => second?.conversations.length === count);
    }
  });

  it('give 502 when there is no other', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([await closedPort()]) });
    const { status, body } = parseResponse(await exchange(gateway.port, get('/')));
    assert.equal(status, 502);
    assert.equal((JSON.parse(body) as { reason: string }).reason, 'UpstreamUnreachable');
    assert.equal((await gateway.record()).cause, 'the connection could not be made: ECONNREFUSED');
  });

  it('are not tried for ever: three tries at most', async (test) => {
    const ports = await Promise.all([1, 2, 3, 4, 5].map(() => closedPort()));
    const gateway = await startGateway(test, { table: tableFor(ports) });
    assert.equal(parseResponse(await exchange(gateway.port, get('/'))).status, 502);
    assert.equal((await gateway.record()).upstreamTries, 3);
  });

  it('give 503 when there is none at all', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const { status, body } = parseResponse(await exchange(gateway.port, get('/')));
    assert.equal(status, 503);
    assert.equal((JSON.parse(body) as { reason: string }).reason, 'NoEndpoints');
  });
});

describe('the endpoints of a backend', () => {
  it('take their turns', async (test) => {
    const upstreams = await Promise.all([1, 2, 3].map(() => startFixedUpstream(OK)));
    test.after(async () => void (await Promise.all(upstreams.map((upstream) => upstream.close()))));
    const gateway = await startGateway(test, { table: tableFor(upstreams.map(({ port }) => port)) });
    for (let count = 0; count < 9; count++) await exchange(gateway.port, get('/'));
    assert.deepEqual(
      upstreams.map((upstream) => upstream.requests().length),
      [3, 3, 3],
    );
  });
});

describe('the endpoints of a backend, ten of them', () => {
  it('are all reached by a hundred callers with a connection each', async (test) => {
    const upstreams = await Promise.all(Array.from({ length: 10 }, () => startFixedUpstream(OK)));
    test.after(async () => void (await Promise.all(upstreams.map((upstream) => upstream.close()))));
    const gateway = await startGateway(test, {
      table: tableFor(upstreams.map(({ port }) => port)),
      random: () => 0.73,
    });
    for (let count = 0; count < 100; count++) await exchange(gateway.port, get('/'));
    assert.deepEqual(
      upstreams.map((upstream) => upstream.requests().length),
      Array<number>(10).fill(10),
    );
  });
});

describe('a caller that pipelines', () => {
  it('gets its answers in order', async (test) => {
    const upstream = await startRawUpstream(({ socket }, piece) => {
      const path = /^GET (\S+)/.exec(piece)?.[1] ?? '';
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
      if (path === '/slow') setTimeout(() => socket.write(answer), 50);
      else socket.write(answer);
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET /slow HTTP/1.1', HOST) + get('/quick'));
    const answer = await caller.closed();
    assert.ok(answer.indexOf('/slow') < answer.indexOf('/quick'));
  });
});

/** Endpoints that are to finish a handshake first. */
function overTls(table: RoutingTable): RoutingTable {
  const backends = Object.entries(table.backends).map(([name, backend]) => {
    return [name, { ...backend, protocol: 'HTTPS' as const }] as const;
  });
  return { ...table, backends: Object.fromEntries(backends) };
}

/** Answers the first request of a connection, and closes when a second one comes by it. */
async function closingUpstream(test: { after(fn: () => Promise<void>): void }): Promise<RawUpstream> {
  const upstream = await startRawUpstream((conversation, piece) => {
    const isFirst = conversation.text.length === piece.length;
    if (isFirst) conversation.socket.write(OK);
    else conversation.socket.destroy();
  });
  test.after(() => upstream.close());
  return upstream;
}
