/** What the gateway believes of the proxies in front of it, and what it tells the services behind it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { eventually } from '../../support/eventually.ts';
import { head, startGateway, tableFor } from './harness.ts';
import {
  exchange,
  openCaller,
  parseResponse,
  RawCaller,
  startFixedUpstream,
  startRawUpstream,
  type RawUpstream,
} from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const GET = head('GET / HTTP/1.1', HOST, 'Connection: close');
const V1 = 'PROXY TCP4 192.0.2.1 198.51.100.1 54321 443\r\n';
const V2 = Buffer.from(
  '0d0a0d0a000d0a515549540a21110014c0000201c6336401d43101bb0400050102030405',
  'hex',
).toString('latin1');

interface Closing {
  after(fn: () => Promise<void>): void;
}

async function upstreamFor(test: Closing): Promise<RawUpstream> {
  const upstream = await startFixedUpstream(OK);
  test.after(() => upstream.close());
  return upstream;
}

function lineOf(upstream: RawUpstream, name: string): string | undefined {
  return new RegExp(`^${name}: (.*?)\\r$`, 'im').exec(upstream.requests().join(''))?.[1];
}

describe('the PROXY protocol from a trusted proxy', () => {
  const edge = { proxyProtocol: true };
  const trusted = ['127.0.0.1'];
  for (const [version, given] of [
    ['version 1', V1],
    ['version 2', V2],
  ] as const) {
    it(`tells the address of the caller, ${version}`, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
      const answer = await exchange(gateway.port, given + GET);
      assert.equal(parseResponse(answer).status, 200, answer);
      assert.equal(lineOf(upstream, 'X-Forwarded-For'), '192.0.2.1');
      assert.equal((await gateway.record()).clientAddress, '192.0.2.1');
    });

    it(`goes before TLS, ${version}`, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
      const socket = connectTcp({ host: '127.0.0.1', port: gateway.httpsPort });
      await once(socket, 'connect');
      socket.write(Buffer.from(given, 'latin1'));
      const secure = connectTls({ socket, rejectUnauthorized: false });
      await once(secure, 'secureConnect');
      const answer = await new RawCaller(secure).send(GET).closed();
      assert.equal(parseResponse(answer).status, 200, answer);
      assert.equal((await gateway.record()).clientAddress, '192.0.2.1');
      assert.equal(lineOf(upstream, 'X-Forwarded-Proto'), 'https');
    });
  }

  it('may come byte by byte, and with the first of many requests', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
    const caller = await openCaller(gateway.port);
    caller.socket.setNoDelay(true);
    for (const byte of V1) {
      caller.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.send(head('GET /1 HTTP/1.1', HOST));
    await caller.until((text) => text.endsWith('ok'));
    caller.send(head('POST /2 HTTP/1.1', HOST, 'Content-Length: 3') + 'abc');
    await caller.until((text) => text.split('\r\n\r\nok').length === 3);
    caller.send(head('GET /3 HTTP/1.1', HOST, 'Connection: close'));
    await caller.closed();
    assert.deepEqual(
      (await eventually('three records', async () => gateway.records.length === 3 && gateway.records)).map(
        ({ path, clientAddress }) => `${path} ${clientAddress}`,
      ),
      ['/1 192.0.2.1', '/2 192.0.2.1', '/3 192.0.2.1'],
    );
  });

  it('carries bodies of any size behind it', async (test) => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (text.endsWith('END')) socket.end(OK);
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
    const body = `${'x'.repeat(5_000_000)}END`;
    const post = head('POST / HTTP/1.1', HOST, `Content-Length: ${body.length}`, 'Connection: close');
    assert.equal(parseResponse(await exchange(gateway.port, V1 + post + body)).status, 200);
    assert.ok(upstream.conversations[0]?.text.endsWith(body));
  });

  it('speaks for nobody: the address of the proxy counts', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
    await exchange(gateway.port, `PROXY UNKNOWN\r\n${GET}`);
    assert.equal((await gateway.record()).clientAddress, '127.0.0.1');
  });

  it('makes a caller no trusted proxy: its headers are not believed', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
    const given = head(
      'GET / HTTP/1.1',
      HOST,
      'X-Forwarded-For: 203.0.113.9',
      'X-Forwarded-Proto: https',
      'Connection: close',
    );
    await exchange(gateway.port, V1 + given);
    assert.equal(lineOf(upstream, 'X-Forwarded-For'), '192.0.2.1');
    assert.equal(lineOf(upstream, 'X-Forwarded-Proto'), 'http');
  });

  const closed = [
    { name: 'is missing', given: GET },
    { name: 'is malformed', given: `PROXY TCP4 192.0.2.1\r\n${GET}` },
    { name: 'does not come in time', given: 'PROXY TCP4 192' },
  ];
  for (const { name, given } of closed) {
    it(`closes the connection where it ${name}`, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, {
        table: tableFor([upstream.port]),
        edge,
        trusted,
        limits: { headersTimeoutMs: 100 },
      });
      assert.equal(await exchange(gateway.port, given), '');
      assert.equal(upstream.conversations.length, 0);
    });
  }

  it('counts connections by the address that it tells', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      edge,
      trusted,
      limits: { connectionsPerAddress: 1 },
    });
    const first = await openCaller(gateway.port);
    await first.send(V1 + head('GET / HTTP/1.1', HOST)).until((text) => text.endsWith('ok'));
    assert.equal(await exchange(gateway.port, V1 + GET), '');
    assert.equal(
      parseResponse(await exchange(gateway.port, V1.replace('192.0.2.1', '192.0.2.2') + GET)).status,
      200,
    );
    first.socket.destroy();
  });
});

describe('the PROXY protocol from anybody else', () => {
  it('is no request', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), edge: { proxyProtocol: true } });
    assert.equal(parseResponse(await exchange(gateway.port, V1 + GET)).status, 400);
    assert.equal((await gateway.record()).clientAddress, '127.0.0.1');
  });

  it('need not be spoken', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, {
      table: tableFor([upstream.port]),
      edge: { proxyProtocol: true },
    });
    assert.equal(parseResponse(await exchange(gateway.port, GET)).status, 200);
  });

  it('is no request where it is off, not even from a trusted proxy', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]), trusted: ['127.0.0.1'] });
    assert.equal(parseResponse(await exchange(gateway.port, V1 + GET)).status, 400);
  });
});

describe('Forwarded and Via', () => {
  const lies = ['Forwarded: for=203.0.113.9', 'Via: 1.0 fred'];
  const cases = [
    {
      name: 'by default say nothing, and Via passes',
      edge: {},
      trusted: [],
      forwarded: undefined,
      via: '1.0 fred',
    },
    {
      name: 'from a trusted proxy pass by default',
      edge: {},
      trusted: ['127.0.0.1'],
      forwarded: 'for=203.0.113.9',
      via: '1.0 fred',
    },
    {
      name: 'are written where they are asked for, in place of what a caller says of itself',
      edge: { forwarded: true, via: true },
      trusted: [],
      forwarded: 'for=127.0.0.1;host="shop.example.com";proto=http',
      via: '1.0 fred, 1.1 oidc-ingress',
    },
    {
      name: 'add to what a trusted proxy says',
      edge: { forwarded: true, via: true },
      trusted: ['127.0.0.1'],
      forwarded: 'for=203.0.113.9, for=127.0.0.1;host="shop.example.com";proto=http',
      via: '1.0 fred, 1.1 oidc-ingress',
    },
  ];
  for (const { name, edge, trusted, forwarded, via } of cases) {
    it(name, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, { table: tableFor([upstream.port]), edge, trusted });
      await exchange(gateway.port, head('GET / HTTP/1.1', HOST, ...lies, 'Connection: close'));
      assert.equal(lineOf(upstream, 'Forwarded'), forwarded);
      assert.equal(lineOf(upstream, 'Via'), via);
    });
  }
});
