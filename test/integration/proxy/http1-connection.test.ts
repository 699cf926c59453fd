/** One HTTP/1.1 connection of a caller: its requests in order, what is said of it, and its end. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { head, planOf, startGateway, tableFor, type GatewayOptions } from './harness.ts';
import { exchange, openCaller, parseResponse, startRawUpstream, type RawUpstream } from './raw.ts';

const HOST = 'Host: shop.example.com';
const CLOSE = 'Connection: close';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const MIB = 1024 * 1024;

interface Test {
  after(fn: () => Promise<void>): void;
}

async function start(test: Test, upstream: RawUpstream, options: Partial<GatewayOptions> = {}) {
  test.after(() => upstream.close());
  return await startGateway(test, { table: tableFor([upstream.port]), ...options });
}

/** Answers each request with its target. A body must be over with the piece that its head came in. */
function startEcho(): Promise<RawUpstream> {
  return startRawUpstream(({ socket }, piece) => {
    for (const [, target = ''] of piece.matchAll(/^[A-Z]+ (\/\S*) HTTP\/1\.1\r$/gm)) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
    }
  });
}

function startFixed(response: string): Promise<RawUpstream> {
  return startRawUpstream(({ socket }, piece) => {
    if (piece.includes('\r\n\r\n')) socket.write(response);
  });
}

/** The bodies of the answers, each of which is a target. */
function targetsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/\r\n\r\n(\/[a-z0-9]*)/g), ([, target = '']) => target);
}

describe('pipelined requests', () => {
  it('are answered in order, a hundred of them, with bodies among them', async (test) => {
    const gateway = await start(test, await startEcho());
    const numbers = Array.from({ length: 100 }, (_, at) => at);
    const requests = numbers.map((at) =>
      at % 3 === 0
        ? `${head(`POST /${at} HTTP/1.1`, HOST, 'Content-Length: 5')}hello`
        : at % 3 === 1
          ? `${head(`PUT /${at} HTTP/1.1`, HOST, 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`
          : head(`GET /${at} HTTP/1.1`, HOST),
    );
    const text = await exchange(
      gateway.port,
      `${requests.join('')}${head('GET /last HTTP/1.1', HOST, CLOSE)}`,
    );
    assert.deepEqual(targetsIn(text), [...numbers.map((at) => `/${at}`), '/last']);
  });

  it('reach the service one after another: none before the answer to the one before', async (test) => {
    let underWay = 0;
    const upstream = await startRawUpstream(({ socket }, piece) => {
      assert.equal(piece.split('\r\n\r\n').length, 2);
      underWay += 1;
      assert.equal(underWay, 1);
      setImmediate(() => {
        underWay -= 1;
        socket.write(OK);
      });
    });
    const gateway = await start(test, upstream);
    const text = await exchange(
      gateway.port,
      head('GET / HTTP/1.1', HOST).repeat(20) + head('GET / HTTP/1.1', HOST, CLOSE),
    );
    assert.equal(text.split('\r\n\r\nok').length, 22);
  });

  it('go on behind one that is refused for what it asks, and not behind one that is unclear', async (test) => {
    const gateway = await start(test, await startEcho());
    const elsewhere = head('GET /a HTTP/1.1', 'Host: other.example.com');
    const unclear = head('GET /b HTTP/1.1', HOST, HOST);
    const text = await exchange(
      gateway.port,
      [
        head('GET /1 HTTP/1.1', HOST),
        elsewhere,
        head('GET /2 HTTP/1.1', HOST),
        unclear,
        head('GET /3 HTTP/1.1', HOST),
      ].join(''),
    );
    assert.deepEqual(
      Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status),
      ['200', '404', '200', '400'],
    );
    assert.deepEqual(targetsIn(text), ['/1', '/2']);
  });
});

describe('a connection', () => {
  it('may have empty lines before each request, which begin none', async (test) => {
    const limits = { keepAliveTimeoutMs: 100, headersTimeoutMs: 10_000 };
    const gateway = await start(test, await startEcho(), { limits });
    const caller = await openCaller(gateway.port);
    caller.send(`\r\n\r\n${head('GET /1 HTTP/1.1', HOST)}\r\n`);
    await caller.until((text) => text.includes('/1'));
    caller.send(`\r\n${head('GET /2 HTTP/1.1', HOST)}\r\n\r\n`);
    const text = await caller.closed();
    assert.deepEqual(targetsIn(text), ['/1', '/2']);
    assert.doesNotMatch(text, /40\d/);
  });

  it('that sends nothing but empty lines is given up in time', async (test) => {
    const gateway = await start(test, await startEcho(), { limits: { headersTimeoutMs: 100 } });
    const caller = await openCaller(gateway.port);
    const sending = setInterval(() => caller.send('\r\n'.repeat(100)), 5);
    const { status } = parseResponse(await caller.closed().finally(() => clearInterval(sending)));
    assert.equal(status, 408);
  });

  it('has its time for a head at the second request too: 408', async (test) => {
    const gateway = await start(test, await startEcho(), { limits: { headersTimeoutMs: 100 } });
    const caller = await openCaller(gateway.port);
    await caller.send(head('GET /1 HTTP/1.1', HOST)).until((text) => text.includes('/1'));
    const text = await caller.send('GET /2 HTTP/1.1\r\n').closed();
    assert.match(text, /\/1HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/);
    assert.deepEqual(gateway.reached, ['header_time']);
  });

  const persistent: readonly { readonly name: string; readonly given: string; readonly want: boolean }[] = [
    { name: 'HTTP/1.1', given: head('GET /1 HTTP/1.1', HOST), want: true },
    { name: 'HTTP/1.2', given: head('GET /1 HTTP/1.2', HOST), want: true },
    { name: 'HTTP/1.1 that says close', given: head('GET /1 HTTP/1.1', HOST, CLOSE), want: false },
    { name: 'HTTP/1.0', given: head('GET /1 HTTP/1.0', HOST), want: false },
    {
      name: 'HTTP/1.0 that says keep-alive',
      given: head('GET /1 HTTP/1.0', HOST, 'Connection: keep-alive'),
      want: true,
    },
  ];
  for (const { name, given, want } of persistent) {
    it(`${want ? 'is kept' : 'ends'} after ${name}, and the answer says so`, async (test) => {
      const limits = { keepAliveTimeoutMs: 2_000 };
      const gateway = await start(test, await startEcho(), { limits });
      const caller = await openCaller(gateway.port);
      caller.send(given);
      if (!want) {
        assert.match(await caller.closed(), /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*Connection: close\r\n/);
        return;
      }
      await caller.until((text) => text.endsWith('/1'));
      const text = await caller.send(head('GET /2 HTTP/1.1', HOST, CLOSE)).closed();
      assert.deepEqual(targetsIn(text), ['/1', '/2']);
      assert.match(
        text,
        /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*Connection: keep-alive\r\nKeep-Alive: timeout=2\r\n/,
      );
    });
  }

  it('ends with the request that its caller ended its side with', async (test) => {
    const gateway = await start(test, await startEcho());
    const caller = await openCaller(gateway.port);
    await caller.send(head('GET /1 HTTP/1.1', HOST)).until((text) => text.includes('/1'));
    caller.socket.end();
    assert.deepEqual(targetsIn(await caller.closed()), ['/1']);
  });

  it('whose caller ends its side within a head is answered 400', async (test) => {
    const gateway = await start(test, await startEcho());
    const caller = await openCaller(gateway.port);
    caller.send('GET /1 HTTP/1.1\r\nHos').socket.end();
    assert.equal(parseResponse(await caller.closed()).status, 400);
  });
});

describe('an answer', () => {
  it('without a length ends with the connection for a caller of HTTP/1.0', async (test) => {
    const upstream = await startFixed(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    const gateway = await start(test, upstream);
    const text = await exchange(gateway.port, head('GET / HTTP/1.0', HOST, 'Connection: keep-alive'));
    const { head: lines, body } = parseResponse(text);
    assert.equal(body, 'hello');
    assert.doesNotMatch(lines, /transfer-encoding|content-length|keep-alive/i);
    assert.match(lines, /\r\nConnection: close/);
  });

  it('has one Date and one Server, those of the service where it has them', async (test) => {
    for (const own of ['', 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: s\r\n']) {
      const upstream = await startFixed(`HTTP/1.1 200 OK\r\n${own}Content-Length: 0\r\n\r\n`);
      const nowMs = (): number => Date.UTC(2026, 10, 24);
      const gateway = await start(test, upstream, { nowMs });
      const text = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
      const date = own === '' ? 'Tue, 24 Nov 2026 00:00:00 GMT' : 'Sun, 06 Nov 1994 08:49:37 GMT';
      assert.deepEqual(
        Array.from(text.matchAll(/\r\nDate: (.*)/gi), ([, value]) => value),
        [date],
      );
      assert.equal(Array.from(text.matchAll(/\r\nServer: /gi)).length, 1);
    }
  });

  const bodyless: readonly {
    readonly name: string;
    readonly method: string;
    readonly given: string;
    readonly length: boolean;
  }[] = [
    { name: 'HEAD', method: 'HEAD', given: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', length: true },
    { name: '204', method: 'GET', given: 'HTTP/1.1 204 No Content\r\n\r\n', length: false },
    {
      name: '304',
      method: 'GET',
      given: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
      length: true,
    },
  ];
  for (const { name, method, given, length } of bodyless) {
    it(`has no body with ${name}, and the next one follows at once`, async (test) => {
      const gateway = await start(test, await startFixed(given));
      const text = await exchange(
        gateway.port,
        head(`${method} / HTTP/1.1`, HOST) + head(`${method} / HTTP/1.1`, HOST, CLOSE),
      );
      const [, first = '', second = '', rest] = text.split(/^HTTP\/1\.1 \d+ .*\r\n/m);
      assert.equal(rest, undefined);
      for (const each of [first, second]) {
        assert.match(each, /\r\n\r\n$/);
        assert.equal(/content-length: 5/i.test(each), length);
        assert.doesNotMatch(each, /transfer-encoding/i);
      }
    });
  }

  it('that the service breaks off has no end that looks like one', async (test) => {
    const cases = [
      { given: 'Content-Length: 10\r\n\r\nhello', broken: /\r\n\r\nhello$/ },
      { given: 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', broken: /5\r\nhello\r\n$/ },
    ];
    for (const { given, broken } of cases) {
      const upstream = await startRawUpstream(({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n${given}`));
      const gateway = await start(test, upstream);
      assert.match(await exchange(gateway.port, head('GET / HTTP/1.1', HOST)), broken);
    }
  });

  it('of 50 MiB is not held in memory for a caller that reads slowly, who is given up when it stops', async (test) => {
    const size = 50 * MIB;
    const chunk = Buffer.alloc(MIB, 'x');
    let written = 0;
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const fill = (): void => {
        while (written < size) {
          written += chunk.length;
          if (!socket.write(chunk)) break;
        }
      };
      socket.on('drain', fill);
      fill();
    });
    const gateway = await start(test, upstream, { limits: { idleTimeoutMs: 300 } });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await caller.until((text) => text.length > MIB);
    caller.socket.pause();
    assert.equal((await gateway.record()).reason, 'ClientClosed');
    assert.ok(written < size, `${written} of ${size} bytes were taken from the service`);
    caller.socket.resume();
    assert.ok((await caller.closed()).length < size);
  });
});

describe('answers that their caller does not read', () => {
  it('end the connection, also where the service has ended them all long ago', async (test) => {
    const size = 10_000;
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
    });
    const gateway = await start(test, upstream, { limits: { idleTimeoutMs: 200 } });
    const caller = await openCaller(gateway.port);
    caller.socket.pause();
    caller.send(head('GET / HTTP/1.1', HOST).repeat(3_000));
    await eventually('no connection', async () => gateway.connections() === 0 && gateway.records.length > 0);
    assert.ok(gateway.records.length < 3_000);
    assert.equal(gateway.records.at(-1)?.reason, 'ClientClosed');
    caller.socket.destroy();
  });
});

describe('a body that nobody reads', () => {
  it('leaves the connection in use where it has come whole', async (test) => {
    const upstream = await startFixed(OK);
    const gateway = await start(test, upstream, { table: tableFor([upstream.port], { plan: planOf() }) });
    const caller = await openCaller(gateway.port);
    caller.send(`${head('POST / HTTP/1.1', HOST, 'Content-Length: 5')}hello`);
    await caller.until((text) => text.includes('401'));
    const text = await caller.send(head('GET / HTTP/1.1', HOST, CLOSE)).closed();
    assert.equal(text.split('HTTP/1.1 401').length, 3);
    assert.equal(upstream.conversations.length, 0);
  });

  it('ends it where it is large, and the caller still gets its answer', async (test) => {
    const upstream = await startFixed(OK);
    const gateway = await start(test, upstream, { table: tableFor([upstream.port], { plan: planOf() }) });
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, `Content-Length: ${8 * MIB}`));
    caller.send(Buffer.alloc(8 * MIB));
    const { status, head: lines } = parseResponse(await caller.closed());
    assert.equal(status, 401);
    assert.match(lines, /\r\nConnection: close/);
    await eventually('no connection', async () => gateway.connections() === 0);
  });

  it('because the service has answered already ends the connection behind the answer', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => socket.write(OK));
    const gateway = await start(test, upstream);
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, 'Content-Length: 100000')).send('x');
    const { status, head: lines, body } = parseResponse(await caller.closed());
    assert.deepEqual([status, body], [200, 'ok']);
    assert.match(lines, /\r\nConnection: close/);
  });
});

describe('a caller that is refused before it is understood', () => {
  const cases: readonly { readonly given: string; readonly status: number }[] = [
    { given: 'no http\r\n\r\n', status: 400 },
    { given: '\x16\x03\x01\x00\xa5\x01\x00', status: 400 },
    { given: `GET / HTTP/1.1\r\nX-Long: ${'a'.repeat(20_000)}`, status: 431 },
    { given: head('get / HTTP/1.1', HOST), status: 400 },
  ];
  for (const { given, status } of cases) {
    it(`gets one problem with ${status}, and no more: ${JSON.stringify(given.slice(0, 20))}`, async (test) => {
      const upstream = await startFixed(OK);
      const gateway = await start(test, upstream);
      const caller = await openCaller(gateway.port);
      const { status: got, head: lines, body } = parseResponse(await caller.send(given).closed());
      assert.equal(got, status);
      assert.match(lines, /\r\nConnection: close/);
      assert.match(lines, new RegExp(`\r\nContent-Length: ${body.length}(?:\r\n|$)`));
      assert.equal((JSON.parse(body) as { status: number }).status, status);
      assert.equal(gateway.records.length, 1);
      assert.equal(upstream.conversations.length, 0);
    });
  }
});
