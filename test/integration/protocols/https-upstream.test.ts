/** Upstreams behind TLS: who they are is checked, and connections are kept for the name that was checked. */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';

import { BASIC, head, planOf, startGateway, type Gateway } from '../proxy/harness.ts';
import { exchange, openCaller, parseResponse, startRawUpstream } from '../proxy/raw.ts';
import {
  certificateFor,
  protocolTable,
  startHttps,
  trusting,
  type HttpsUpstream,
} from './protocol-upstreams.ts';

const HOST = 'Host: shop.example.com';
const CLOSE = 'Connection: close';

interface Test {
  after(fn: () => Promise<void> | void): void;
}

interface Given {
  /** Of the certificate. */
  readonly host: string;
  readonly startsInDays?: number;
  readonly isTrusted?: boolean;
  readonly serverName?: string;
}

async function start(
  test: Test,
  { host, startsInDays, isTrusted = true, serverName }: Given,
): Promise<{ readonly gateway: Gateway; readonly upstream: HttpsUpstream }> {
  const certificate = certificateFor(host, startsInDays);
  const upstream = await startHttps(test, certificate, (request, response) => {
    request.pipe(response.setHeader('X-Url', request.url ?? ''));
  });
  const tls = trusting(certificate, { serverName, ...(!isTrusted && { ca: undefined }) });
  return {
    upstream,
    gateway: await startGateway(test, { table: protocolTable(upstream.port, 'HTTPS', { tls }) }),
  };
}

describe('an HTTPS upstream', () => {
  it('is served by the name that the caller asked for, without a word of the backend', async (test) => {
    const { gateway, upstream } = await start(test, { host: 'shop.example.com' });
    const answer = parseResponse(
      await exchange(gateway.port, head('GET /a HTTP/1.1', `${HOST}:8080`, CLOSE)),
    );
    assert.equal(answer.status, 200);
    assert.match(answer.head, /\r\nX-Url: \/a\r\n/);
    assert.deepEqual(
      upstream.handshakes.map(({ serverName }) => serverName),
      ['shop.example.com'],
    );
  });

  it('is served by the name that the backend has', async (test) => {
    const { gateway, upstream } = await start(test, { host: 'inner.local', serverName: 'inner.local' });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(answer).status, 200);
    assert.equal(upstream.handshakes[0]?.serverName, 'inner.local');
  });

  const refused: readonly { readonly name: string; readonly given: Given; readonly want: string }[] = [
    {
      name: 'whose certificate is for another name',
      given: { host: 'other.example.com' },
      want: 'the connection could not be made: ERR_TLS_CERT_ALTNAME_INVALID',
    },
    {
      name: 'whose certificate nobody vouches for',
      given: { host: 'shop.example.com', isTrusted: false },
      want: 'the connection could not be made: DEPTH_ZERO_SELF_SIGNED_CERT',
    },
    {
      name: 'whose certificate has expired',
      given: { host: 'shop.example.com', startsInDays: -10 },
      want: 'the connection could not be made: CERT_HAS_EXPIRED',
    },
  ];
  for (const { name, given, want } of refused) {
    it(`${name} gets no request: 502, and the log says why`, async (test) => {
      const { gateway } = await start(test, given);
      const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
      assert.equal(parseResponse(answer).status, 502);
      const record = await gateway.record();
      assert.deepEqual([record.reason, record.cause], ['UpstreamUnreachable', want]);
    });
  }

  it('that speaks no TLS is 502', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: protocolTable(upstream.port, 'HTTPS') });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(answer).status, 502);
    assert.equal((await gateway.record()).reason, 'UpstreamUnreachable');
  });

  it('that never finishes its handshake is 502 in time', async (test) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    test.after(() => void server.close());
    const { port } = server.address() as { port: number };
    const gateway = await startGateway(test, {
      table: protocolTable(port, 'HTTPS'),
      limits: { connectTimeoutMs: 50 },
    });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(answer).status, 502);
    assert.equal((await gateway.record()).cause, 'no connection in time');
    assert.deepEqual(gateway.reached, ['upstream_connect']);
  });

  it('gets requests one after another by one connection, and resumes the session on a new one', async (test) => {
    const { gateway, upstream } = await start(test, { host: 'shop.example.com' });
    const caller = await openCaller(gateway.port);
    for (let count = 1; count <= 3; count++) {
      caller.send(head('GET / HTTP/1.1', HOST));
      await caller.until((text) => text.split('HTTP/1.1 200').length === count + 1);
    }
    assert.equal(upstream.handshakes.length, 1);
    const body = 'Content-Length: 100000';
    const [first, second] = [await openCaller(gateway.port), await openCaller(gateway.port)];
    for (const busy of [first, second]) busy.send(head('POST / HTTP/1.1', HOST, body));
    for (const busy of [first, second]) {
      busy.send('x'.repeat(100_000));
      await busy.until((text) => text.endsWith('x'.repeat(1_000)));
    }
    assert.deepEqual(
      upstream.handshakes.map(({ isResumed }) => isResumed),
      [false, true],
    );
    for (const open of [caller, first, second]) open.socket.destroy();
  });

  it('is not sent a request for another name by a connection that was checked for one', async (test) => {
    const certificate = certificateFor('shop.example.com');
    const upstream = await startHttps(test, certificate, (_, response) => response.end('ok'));
    const tls = trusting(certificate);
    const table = protocolTable(upstream.port, 'HTTPS', { tls });
    const routes = table.hosts['shop.example.com'];
    assert.ok(routes !== undefined);
    const hosts = { ...table.hosts, 'other.example.com': routes };
    const gateway = await startGateway(test, { table: { ...table, hosts } });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST));
    await caller.until((text) => text.endsWith('ok'));
    caller.send(head('GET / HTTP/1.1', 'Host: other.example.com', CLOSE));
    assert.match(await caller.closed(), /HTTP\/1\.1 502 /);
    assert.equal(
      (await gateway.record(2)).cause,
      'the connection could not be made: ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('gets the token of the caller, and large bodies both ways', async (test) => {
    const certificate = certificateFor('shop.example.com');
    const authorizations: (string | undefined)[] = [];
    const upstream = await startHttps(test, certificate, (request, response) => {
      authorizations.push(request.headers.authorization);
      request.pipe(response);
    });
    const tls = trusting(certificate);
    const table = protocolTable(upstream.port, 'HTTPS', { tls, plan: planOf() });
    const gateway = await startGateway(test, { table });
    const caller = await openCaller(gateway.port);
    const size = 4 * 1024 * 1024;
    caller.send(head('POST / HTTP/1.1', HOST, `Authorization: ${BASIC}`, `Content-Length: ${size}`, CLOSE));
    caller.send(Buffer.alloc(size, 'z'));
    await caller.closed();
    const record = await gateway.record();
    assert.deepEqual([record.status, record.requestBytes, record.responseBytes], [200, size, size]);
    assert.deepEqual(authorizations, ['Bearer the.access.token']);
  });
});
