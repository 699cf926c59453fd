/** One HTTP/1.1 connection of a caller: its requests in order, what is said of it, and its end. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { head } from './harness.ts';
import { CLOSE, HOST, OK, startInFrontOf } from './http1.ts';
import {
  exchange,
  openCaller,
  parseResponse,
  startFixedUpstream,
  startRawUpstream,
  type RawUpstream,
} from './raw.ts';

/** Answers each request with its target. A body must be over with the piece that its head came in. */
function startEcho(): Promise<RawUpstream> {
  return startRawUpstream(({ socket }, piece) => {
    for (const [, target = ''] of piece.matchAll(/^[A-Z]+ (\/\S*) HTTP\/1\.1\r$/gm)) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
    }
  });
}

/** The bodies of the answers, each of which is a target. */
function targetsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/\r\n\r\n(\/[a-z0-9]*)/g), ([, target = '']) => target);
}

describe('pipelined requests', () => {
  it('are answered in order, a hundred of them, with bodies among them', async (test) => {
    const gateway = await startInFrontOf(await startEcho(), test);
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
    const gateway = await startInFrontOf(upstream, test);
    const text = await exchange(
      gateway.port,
      head('GET / HTTP/1.1', HOST).repeat(20) + head('GET / HTTP/1.1', HOST, CLOSE),
    );
    assert.equal(text.split('\r\n\r\nok').length, 22);
  });

  it('go on behind one that is refused for what it asks, and not behind one that is unclear', async (test) => {
    const gateway = await startInFrontOf(await startEcho(), test);
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
  it('each tell the service the host and the port that they name', async (test) => {
    const named = ['shop.example.com', 'shop.example.com:8080', 'Shop.example.com:8080', 'shop.example.com'];
    const told: (string | undefined)[][] = [];
    const upstream = await startRawUpstream(({ socket }, piece) => {
      told.push(
        ['Host', 'Port'].map((part) => new RegExp(`^X-Forwarded-${part}: (.*)\\r$`, 'm').exec(piece)?.[1]),
      );
      socket.write(OK);
    });
    const gateway = await startInFrontOf(upstream, test);
    const requests = named.map((host) => head('GET / HTTP/1.1', `Host: ${host}`));
    await exchange(gateway.port, `${requests.join('')}${head('GET / HTTP/1.1', HOST, CLOSE)}`);
    assert.deepEqual(
      told.slice(0, named.length),
      named.map((host) => [host, host.split(':')[1] ?? '80']),
    );
  });

  it('may have empty lines before each request, which begin none', async (test) => {
    const limits = { keepAliveTimeoutMs: 100, headersTimeoutMs: 10_000 };
    const gateway = await startInFrontOf(await startEcho(), test, { limits });
    const caller = await openCaller(gateway.port);
    caller.send(`\r\n\r\n${head('GET /1 HTTP/1.1', HOST)}\r\n`);
    await caller.until((text) => text.includes('/1'));
    caller.send(`\r\n${head('GET /2 HTTP/1.1', HOST)}\r\n\r\n`);
    const text = await caller.closed();
    assert.deepEqual(targetsIn(text), ['/1', '/2']);
    assert.doesNotMatch(text, /40\d/);
  });

  it('that sends nothing but empty lines is given up in time', async (test) => {
    const gateway = await startInFrontOf(await startEcho(), test, { limits: { headersTimeoutMs: 100 } });
    const caller = await openCaller(gateway.port);
    const sending = setInterval(() => caller.send('\r\n'.repeat(100)), 5);
    const { status } = parseResponse(await caller.closed().finally(() => clearInterval(sending)));
    assert.equal(status, 408);
  });

  it('has its time for a head at the second request too: 408', async (test) => {
    const gateway = await startInFrontOf(await startEcho(), test, { limits: { headersTimeoutMs: 100 } });
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
      const gateway = await startInFrontOf(await startEcho(), test, { limits });
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
    const gateway = await startInFrontOf(await startEcho(), test);
    const caller = await openCaller(gateway.port);
    await caller.send(head('GET /1 HTTP/1.1', HOST)).until((text) => text.includes('/1'));
    caller.socket.end();
    assert.deepEqual(targetsIn(await caller.closed()), ['/1']);
  });

  it('whose caller ends its side within a head is answered 400', async (test) => {
    const gateway = await startInFrontOf(await startEcho(), test);
    const caller = await openCaller(gateway.port);
    caller.send('GET /1 HTTP/1.1\r\nHos').socket.end();
    assert.equal(parseResponse(await caller.closed()).status, 400);
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
      const upstream = await startFixedUpstream(OK);
      const gateway = await startInFrontOf(upstream, test);
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
