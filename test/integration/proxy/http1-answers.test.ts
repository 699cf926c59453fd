/** Answers on an HTTP/1.1 connection of a caller: their form, and what becomes of what nobody reads. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { BASIC, credentialsPlan, head, planOf, tableFor } from './harness.ts';
import { CLOSE, HOST, OK, startInFrontOf } from './http1.ts';
import { exchange, openCaller, parseResponse, startFixedUpstream, startRawUpstream } from './raw.ts';

const MIB = 1024 * 1024;

describe('an answer', () => {
  it('without a length ends with the connection for a caller of HTTP/1.0', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    const gateway = await startInFrontOf(upstream, test);
    const text = await exchange(gateway.port, head('GET / HTTP/1.0', HOST, 'Connection: keep-alive'));
    const { head: lines, body } = parseResponse(text);
    assert.equal(body, 'hello');
    assert.doesNotMatch(lines, /transfer-encoding|content-length|keep-alive/i);
    assert.match(lines, /\r\nConnection: close/);
  });

  it('has one Date and one Server, those of the service where it has them', async (test) => {
    for (const own of ['', 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: s\r\n']) {
      const upstream = await startFixedUpstream(`HTTP/1.1 200 OK\r\n${own}Content-Length: 0\r\n\r\n`);
      const nowMs = (): number => Date.UTC(2026, 10, 24);
      const gateway = await startInFrontOf(upstream, test, { nowMs });
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
      const gateway = await startInFrontOf(await startFixedUpstream(given), test);
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
      const gateway = await startInFrontOf(upstream, test);
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
    const gateway = await startInFrontOf(upstream, test, { limits: { idleTimeoutMs: 300 } });
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
    const gateway = await startInFrontOf(upstream, test, { limits: { idleTimeoutMs: 200 } });
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
    const upstream = await startFixedUpstream(OK);
    const gateway = await startInFrontOf(upstream, test, {
      table: tableFor([upstream.port], { plan: planOf() }),
    });
    const caller = await openCaller(gateway.port);
    caller.send(`${head('POST / HTTP/1.1', HOST, 'Content-Length: 5')}hello`);
    await caller.until((text) => text.includes('401'));
    const text = await caller.send(head('GET / HTTP/1.1', HOST, CLOSE)).closed();
    assert.equal(text.split('HTTP/1.1 401').length, 3);
    assert.equal(upstream.conversations.length, 0);
  });

  it('ends it where it is large, and the caller still gets its answer', async (test) => {
    const upstream = await startFixedUpstream(OK);
    const gateway = await startInFrontOf(upstream, test, {
      table: tableFor([upstream.port], { plan: planOf() }),
    });
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
    const gateway = await startInFrontOf(upstream, test);
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, 'Content-Length: 100000')).send('x');
    const { status, head: lines, body } = parseResponse(await caller.closed());
    assert.deepEqual([status, body], [200, 'ok']);
    assert.match(lines, /\r\nConnection: close/);
  });

  const given: readonly { readonly name: string; readonly lines: readonly string[]; readonly end: string }[] =
    [
      { name: 'it is too large to be searched for credentials', lines: [], end: '' },
      {
        name: 'credentials are found in it beside others',
        lines: [`Authorization: ${BASIC}`],
        end: '&client_id=a&client_secret=b',
      },
    ];
  for (const { name, lines, end } of given) {
    it(`is never taken for requests where ${name} while it comes`, async (test) => {
      const upstream = await startRawUpstream(() => {});
      const clientCredentials = credentialsPlan({ sources: ['Basic', 'Body'] });
      const table = tableFor([upstream.port], { plan: planOf({ clientCredentials }) });
      const gateway = await startInFrontOf(upstream, test, { table });
      const caller = await openCaller(gateway.port);
      const hidden = head('GET /hidden HTTP/1.1', HOST, `Authorization: ${BASIC}`);
      // Wherever it is cut, what follows is empty lines and a request.
      const body = `a=${'x'.repeat(65_534 - end.length)}${end}${'\r\n'.repeat(7_000)}${hidden}`;
      const type = 'Content-Type: application/x-www-form-urlencoded';
      caller.send(head('POST / HTTP/1.1', HOST, type, `Content-Length: ${body.length + 4_000}`, ...lines));
      const text = await caller.send(body).closed();
      assert.deepEqual(
        Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status),
        ['413'],
      );
      assert.doesNotMatch(upstream.requests().join(''), /GET \/hidden/);
    });
  }
});
