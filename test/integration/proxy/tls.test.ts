/** TLS of the listeners: the certificate by name, and its renewal under open connections. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';

import type { Certificate, RoutingTable } from '../../../src/model/table.ts';
import { createSelfSigned } from '../../../src/proxy/self-signed.ts';
import { BASIC, head, planOf, startGateway, tableFor, type Gateway } from './harness.ts';
import { parseResponse, RawCaller, startFixedUpstream } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const DAY_MS = 86_400_000;
/** Of records of TLS (RFC 5246, section 6.2.1). */
const ALERT = 21;
const APPLICATION_DATA = 23;

interface Made {
  readonly certificate: Certificate;
  readonly key: string;
}

function make(hosts: readonly string[], digest: string, startsInDays = -1): Made {
  const notBeforeMs = Date.now() + startsInDays * DAY_MS;
  const notAfterMs = notBeforeMs + 2 * DAY_MS;
  const { cert, key } = createSelfSigned({ hosts, notBeforeMs, notAfterMs });
  return { certificate: { hosts, chain: cert, digest, notBeforeMs, notAfterMs }, key };
}

function withCertificates(
  table: RoutingTable,
  made: Readonly<Record<string, Made>>,
): Parameters<Gateway['apply']> {
  const certificates = Object.fromEntries(
    Object.entries(made).map(([name, { certificate }]) => [name, certificate]),
  );
  const keys = Object.fromEntries(Object.entries(made).map(([name, { key }]) => [name, key]));
  return [{ ...table, certificates }, { certificateKeys: keys }];
}

async function handshake(port: number, servername: string | undefined): Promise<TLSSocket> {
  const name = servername === undefined ? {} : { servername };
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...name });
  await once(socket, 'secureConnect');
  return socket;
}

async function namesFor(port: number, servername: string | undefined): Promise<string> {
  const socket = await handshake(port, servername);
  const names = socket.getPeerCertificate().subjectaltname ?? '';
  socket.destroy();
  return names;
}

/** `bytes`: whole records. */
function recordTypes(bytes: Buffer): readonly number[] {
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    types.push(bytes.readUInt8(at));
  return types;
}

describe('the certificate that a caller is offered', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: string | undefined;
    readonly want: string;
  }[] = [
    { name: 'an exact name', given: 'shop.example.com', want: 'DNS:shop.example.com' },
    { name: 'an exact name in capitals', given: 'SHOP.example.com', want: 'DNS:shop.example.com' },
    { name: 'a wildcard for one label', given: 'api.example.com', want: 'DNS:*.example.com' },
    { name: 'no wildcard for two labels', given: 'a.b.example.com', want: 'DNS:oidc-ingress.invalid' },
    { name: 'an unknown name', given: 'example.net', want: 'DNS:oidc-ingress.invalid' },
    { name: 'no name', given: undefined, want: 'DNS:oidc-ingress.invalid' },
    {
      name: 'one that is not valid yet, where another is',
      given: 'next.example.net',
      want: 'DNS:next.example.net, DNS:old',
    },
  ];
  for (const { name, given, want } of cases) {
    it(`is right for ${name}`, async (test) => {
      const gateway = await startGateway(test, { table: tableFor([]) });
      gateway.apply(
        ...withCertificates(tableFor([]), {
          'shop/exact': make(['shop.example.com'], 'd1'),
          'shop/wildcard': make(['*.example.com'], 'd2'),
          'shop/old': make(['next.example.net', 'old'], 'd3'),
          'shop/next': make(['next.example.net', 'next'], 'd4', 1),
        }),
      );
      assert.equal(await namesFor(gateway.httpsPort, given), want);
    });
  }

  it('is the newest of those that are valid and can be used', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const broken = make(['shop.example.com', 'broken'], 'd3', -0.1);
    gateway.apply(
      ...withCertificates(tableFor([]), {
        'shop/a': make(['shop.example.com', 'older'], 'd1', -1),
        'shop/b': make(['shop.example.com', 'newer'], 'd2', -0.5),
        'shop/c': { ...broken, key: 'not a key' },
      }),
    );
    const names = await namesFor(gateway.httpsPort, 'shop.example.com');
    assert.equal(names, 'DNS:shop.example.com, DNS:newer');
    const lines = gateway.logger.lines.map(({ message, fields }) => ({ message, secret: fields['secret'] }));
    assert.deepEqual(lines, [{ message: 'a certificate cannot be used', secret: 'shop/c' }]);
  });

  it('is the default one for names that have none, also where none is named, until there is no default', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const [table, keys] = withCertificates(tableFor([]), {
      'shop/exact': make(['shop.example.com'], 'd1'),
      'infra/default': make(['*.fallback.example'], 'd2'),
    });
    gateway.apply({ ...table, defaultCertificate: 'infra/default' }, keys);
    const names = async (): Promise<readonly string[]> =>
      await Promise.all(
        ['shop.example.com', 'example.net', undefined].map((name) => namesFor(gateway.httpsPort, name)),
      );
    const own = 'DNS:shop.example.com';
    assert.deepEqual(await names(), [own, 'DNS:*.fallback.example', 'DNS:*.fallback.example']);
    gateway.apply(table);
    assert.deepEqual(await names(), [own, 'DNS:oidc-ingress.invalid', 'DNS:oidc-ingress.invalid']);
  });

  it('is the self-signed one where the default cannot be used, which is logged', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const [table] = withCertificates(tableFor([]), { 'infra/default': make([], 'd2') });
    gateway.apply(
      { ...table, defaultCertificate: 'infra/default' },
      { certificateKeys: { 'infra/default': 'no key' } },
    );
    assert.equal(await namesFor(gateway.httpsPort, undefined), 'DNS:oidc-ingress.invalid');
    assert.match(JSON.stringify(gateway.logger.lines), /a certificate cannot be used/);
  });

  it('changes for the next handshake, while open connections go on', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const table = tableFor([upstream.port]);
    const gateway = await startGateway(test, { table });
    gateway.apply(...withCertificates(table, { 'shop/a': make(['shop.example.com', 'first'], 'd1') }));
    const socket = await handshake(gateway.httpsPort, 'shop.example.com');
    const caller = new RawCaller(socket);
    caller.send(head('GET /1 HTTP/1.1', HOST));
    await caller.until((text) => text.endsWith('ok'));
    gateway.apply(...withCertificates(table, { 'shop/a': make(['shop.example.com', 'second'], 'd2') }));
    assert.equal(await namesFor(gateway.httpsPort, 'shop.example.com'), 'DNS:shop.example.com, DNS:second');
    caller.send(head('GET /2 HTTP/1.1', HOST));
    await caller.until((text) => text.split('HTTP/1.1 200').length === 3);
    assert.equal(socket.getPeerCertificate().subjectaltname, 'DNS:shop.example.com, DNS:first');
    socket.destroy();
    gateway.apply(table);
    assert.equal(await namesFor(gateway.httpsPort, 'shop.example.com'), 'DNS:oidc-ingress.invalid');
  });
});

describe('a request over TLS', () => {
  it('passes where TLS is asked for, and the upstream is told', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const table = tableFor([upstream.port], { plan: planOf({ transport: 'TlsOnly' }) });
    const gateway = await startGateway(test, { table });
    const caller = new RawCaller(await handshake(gateway.httpsPort, 'shop.example.com'));
    caller.send(head('GET / HTTP/1.1', HOST, `Authorization: ${BASIC}`, 'Connection: close'));
    assert.equal(parseResponse(await caller.closed()).status, 200);
    assert.match(upstream.requests().join(''), /\r\nX-Forwarded-Proto: https\r\n/);
  });

  it('is drained as any other', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const caller = new RawCaller(await handshake(gateway.httpsPort, 'shop.example.com'));
    await gateway.proxy.drain(0, 5_000);
    assert.equal(await caller.closed(), '');
  });

  it('is told by TLS that its answer has ended: one without a length could be cut off', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    let received: Buffer = Buffer.alloc(0);
    const tap = createServer((socket) => {
      const onward = connectTcp({ host: '127.0.0.1', port: gateway.httpsPort });
      onward.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
      socket.pipe(onward).pipe(socket);
    }).listen(0, '127.0.0.1');
    test.after(() => void tap.close());
    await once(tap, 'listening');
    const { port } = tap.address() as AddressInfo;
    // Which shows what a record is about.
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    const caller = new RawCaller(socket);
    assert.match(await caller.send(head('GET / HTTP/1.0', HOST)).closed(), /^HTTP\/1\.1 200 /);
    assert.deepEqual(recordTypes(received).slice(-2), [APPLICATION_DATA, ALERT]);
  });

  it('is refused below TLS 1.2', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const socket = connect({
      host: '127.0.0.1',
      port: gateway.httpsPort,
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await assert.rejects(once(socket, 'secureConnect'), /alert|protocol/i);
  });
});
