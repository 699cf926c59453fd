/** Calls to providers over real sockets: addresses, redirects, connections, proxies, TLS. */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  BlockList,
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type LookupFunction,
} from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';

import { Redacted } from '../../../src/model/redacted.ts';
import {
  createProviderHttp,
  type NetworkRules,
  type ProviderHttp,
  type ProviderRequest,
} from '../../../src/oauth/provider-http.ts';
import { LOOPBACK_ALLOWED } from '../../support/broker-bench.ts';
import { createKeyPair, NOT_AFTER, NOT_BEFORE } from '../../support/key-pair.ts';

let http: ProviderHttp | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

function open(network: NetworkRules, key?: string): ProviderHttp {
  http = createProviderHttp(network, () => (key === undefined ? undefined : new Redacted(key)));
  return http;
}

function get(url: string, changes: Partial<ProviderRequest> = {}): ProviderRequest {
  const tls = { ca: undefined, clientCertificate: undefined };
  return { method: 'GET', url, headers: {}, body: undefined, timeoutMs: 2_000, tls, ...changes };
}

async function listen(server: {
  listen(port: number, host: string, done: () => void): unknown;
}): Promise<void> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a call to a provider', () => {
  let server: Server;
  let asked = 0;

  before(async () => {
    server = createServer((request, response) => {
      asked += 1;
      if (request.url === '/redirect') response.writeHead(302, { location: '/json' }).end();
      else if (request.url === '/text') response.writeHead(200, { 'content-type': 'text/plain' }).end('{}');
      else if (request.url === '/jwks') {
        response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end('{"a":1}');
      } else if (request.url === '/headers') {
        response.writeHead(200, JSON_TYPE).end(JSON.stringify(request.headers));
      } else if (request.url === '/slow-body') {
        response.writeHead(200, JSON_TYPE).write('{');
      } else response.writeHead(200, { ...JSON_TYPE, 'x-twice': ['a', 'b'] }).end('{"a":1}');
    });
    await listen(server);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const url = (path: string, host = '127.0.0.1'): string => `http://${host}:${portOf(server)}${path}`;

  it('gives status, headers and JSON', async () => {
    const reply = await open(LOOPBACK_ALLOWED).send(get(url('/json')));
    assert.ok(reply.kind === 'answer');
    assert.deepEqual([reply.status, reply.headers['x-twice'], reply.json], [200, 'a,b', { a: 1 }]);
  });

  it('takes JSON of other types, and no other type for JSON', async () => {
    const calls = open(LOOPBACK_ALLOWED);
    const jwks = await calls.send(get(url('/jwks')));
    const text = await calls.send(get(url('/text')));
    assert.deepEqual(jwks.kind === 'answer' && jwks.json, { a: 1 });
    assert.equal(text.kind === 'answer' && text.json, undefined);
  });

  it('asks for JSON that is not compressed, whatever the policy adds', async () => {
    const headers = { 'x-tenant': 'acme', accept: 'text/html', 'accept-encoding': 'gzip' };
    const reply = await open(LOOPBACK_ALLOWED).send(get(url('/headers'), { headers }));
    assert.deepEqual(reply.kind === 'answer' && reply.json, {
      host: `127.0.0.1:${portOf(server)}`,
      connection: 'keep-alive',
      'x-tenant': 'acme',
      'user-agent': 'oidc-ingress',
      accept: 'application/json',
      'accept-encoding': 'identity',
    });
  });

  it('follows no redirect', async () => {
    asked = 0;
    const reply = await open(LOOPBACK_ALLOWED).send(get(url('/redirect')));
    assert.equal(reply.kind === 'answer' && reply.status, 302);
    assert.equal(asked, 1);
  });

  it('ends at its deadline also while the body comes', async () => {
    const reply = await open(LOOPBACK_ALLOWED).send(get(url('/slow-body'), { timeoutMs: 100 }));
    const message = `127.0.0.1:${portOf(server)} did not answer within 100 ms`;
    assert.deepEqual(reply, { kind: 'failure', message, cause: 'deadline' });
  });

  const STRICT: NetworkRules = { ...LOOPBACK_ALLOWED, allowInsecureIssuers: false };
  const REFUSED = [
    {
      name: 'plain http',
      url: () => url('/json'),
      want: () => `the URL of 127.0.0.1:${portOf(server)} must use https`,
    },
    {
      name: 'another scheme',
      url: () => 'ftp://127.0.0.1/',
      want: () => 'the URL of 127.0.0.1 must use https',
    },
    {
      name: 'loopback',
      url: () => 'https://127.0.0.1/',
      want: () => '127.0.0.1 is not an address that a provider may have: see --allow-provider-cidrs',
    },
    {
      name: 'loopback as a number',
      url: () => 'https://2130706433/',
      want: () => '127.0.0.1 is not an address that a provider may have: see --allow-provider-cidrs',
    },
    {
      name: 'loopback in hex',
      url: () => 'https://0x7f.1/',
      want: () => '127.0.0.1 is not an address that a provider may have: see --allow-provider-cidrs',
    },
    {
      name: 'IPv6 loopback',
      url: () => 'https://[::1]/',
      want: () => '::1 is not an address that a provider may have: see --allow-provider-cidrs',
    },
    {
      name: 'mapped loopback',
      url: () => 'https://[::ffff:127.0.0.1]/',
      want: () => '::ffff:7f00:1 is not an address that a provider may have: see --allow-provider-cidrs',
    },
    {
      name: 'the metadata service',
      url: () => 'https://169.254.169.254/',
      want: () => '169.254.169.254 is not an address that a provider may have: see --allow-provider-cidrs',
    },
    {
      name: 'a user name',
      url: () => 'https://me@idp.test/',
      want: () => 'the URL of idp.test must hold no user name',
    },
    { name: 'no URL', url: () => 'idp.test', want: () => 'the URL is not valid' },
  ];
  for (const { name, url, want } of REFUSED) {
    it(`is not made to ${name}`, async () => {
      asked = 0;
      assert.deepEqual(await open(STRICT).send(get(url())), {
        kind: 'failure',
        message: want(),
        cause: 'setup',
      });
      assert.equal(asked, 0);
    });
  }

  it('is not made where a name resolves to an address that a provider may not have', async () => {
    asked = 0;
    const lookup: LookupFunction = (_name, _options, callback) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const allowedBlocks = new BlockList();
    allowedBlocks.addAddress('192.0.2.1', 'ipv4');
    const reply = await open({ ...STRICT, allowedBlocks, lookup }).send(get('https://idp.test/'));
    assert.deepEqual(reply, {
      kind: 'failure',
      message: 'idp.test has no address that a provider may have: see --allow-provider-cidrs',
      cause: 'setup',
    });
    assert.equal(asked, 0);
  });

  it('connects to the very address that was checked, whatever the name resolves to next', async () => {
    const answers = ['127.0.0.1', '169.254.169.254'];
    let lookups = 0;
    const lookup: LookupFunction = (_name, _options, callback) => {
      const address = answers[Math.min(lookups, 1)] ?? '';
      lookups += 1;
      callback(null, [{ address, family: 4 }]);
    };
    const calls = open({ ...LOOPBACK_ALLOWED, lookup });
    const first = await calls.send(get(`http://rebind.test:${portOf(server)}/json`));
    assert.equal(first.kind, 'answer');
    assert.equal(lookups, 1, 'one resolution for check and connection');
    server.closeAllConnections();
    const second = await calls.send(get(`http://rebind.test:${portOf(server)}/json`));
    assert.deepEqual(second, {
      kind: 'failure',
      message: 'rebind.test has no address that a provider may have: see --allow-provider-cidrs',
      cause: 'setup',
    });
  });
});

describe('a connection that breaks', () => {
  it('is replaced once where it had been idle, and never where it was new', async () => {
    let requests = 0;
    // Answers the first request of the first connection, and breaks on every other request.
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        requests += 1;
        if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else if (requests === 3)
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        else socket.resetAndDestroy();
      });
    });
    await listen(server);
    const url = `http://127.0.0.1:${portOf(server)}/`;
    const calls = open(LOOPBACK_ALLOWED);
    assert.equal((await calls.send(get(url))).kind, 'answer');
    // undici lends the connection again only after the turn in which it became free.
    await new Promise(setImmediate);
    assert.equal((await calls.send(get(url))).kind, 'answer', 'the idle one broke, the next was good');
    assert.equal(requests, 3);
    const third = await calls.send(get(url));
    assert.deepEqual(third, {
      kind: 'failure',
      message: `127.0.0.1:${portOf(server)} closed the connection`,
      cause: 'network',
    });
    assert.equal(requests, 4, 'a new connection that breaks is not tried again');
    server.close();
  });
});

describe('a call through a proxy', () => {
  let proxy: Server;
  let target: Server;
  const tunnels: string[] = [];

  before(async () => {
    target = createServer((_request, response) => response.writeHead(200, JSON_TYPE).end('{}'));
    await listen(target);
    proxy = createServer((request, response) => {
      tunnels.push(request.url ?? '');
      response.writeHead(200, JSON_TYPE).end('{"via":"proxy"}');
    });
    await listen(proxy);
  });
  after(() => {
    for (const server of [proxy, target]) {
      server.closeAllConnections();
      server.close();
    }
  });

  const settings = (noProxy: string | undefined): NetworkRules => ({
    ...LOOPBACK_ALLOWED,
    proxy: {
      httpProxy: `http://127.0.0.1:${portOf(proxy)}`,
      httpsProxy: `http://127.0.0.1:${portOf(proxy)}`,
      noProxy,
    },
  });

  it('goes to the proxy, which resolves the name', async () => {
    tunnels.length = 0;
    const reply = await open(settings(undefined)).send(get('http://idp.invalid/token'));
    assert.equal(reply.kind, 'answer');
    assert.equal(tunnels.length, 1);
  });

  it('does not go there for hosts of NO_PROXY', async () => {
    tunnels.length = 0;
    const reply = await open(settings('127.0.0.1')).send(get(`http://127.0.0.1:${portOf(target)}/`));
    assert.equal(reply.kind, 'answer');
    assert.deepEqual(tunnels, []);
  });

  it('is refused for addresses that a provider may not have', async () => {
    tunnels.length = 0;
    const reply = await open(settings(undefined)).send(get('http://169.254.169.254/'));
    assert.equal(reply.kind, 'failure');
    assert.deepEqual(tunnels, []);
  });
});

describe('TLS to a provider', () => {
  const leaf = createKeyPair('idp.test');
  const client = createKeyPair('gateway');
  let server: ReturnType<typeof createTlsServer>;

  before(async () => {
    server = createTlsServer(
      { cert: leaf.certificate, key: leaf.privateKey, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const peer = (request.socket as TLSSocket).getPeerCertificate();
        response.writeHead(200, JSON_TYPE).end(JSON.stringify({ peer: peer.subjectaltname ?? 'none' }));
      },
    );
    await listen(server);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const lookup: LookupFunction = (_name, _options, callback) =>
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  const network: NetworkRules = { ...LOOPBACK_ALLOWED, lookup };
  const url = (): string => `https://idp.test:${portOf(server)}/`;
  const clientCertificate = {
    secret: 'shop/idp-client',
    chain: client.certificate,
    digest: 'd1',
    notBeforeMs: NOT_BEFORE,
    notAfterMs: NOT_AFTER,
  };

  it('trusts the authority of the policy', async () => {
    const tls = { ca: leaf.certificate, clientCertificate: undefined };
    const reply = await open(network).send(get(url(), { tls }));
    assert.deepEqual(reply.kind === 'answer' && reply.json, { peer: 'none' });
  });

  it('trusts no other', async () => {
    const reply = await open(network).send(get(url()));
    assert.ok(reply.kind === 'failure');
    assert.match(
      reply.message,
      /^the certificate of idp\.test:\d+ is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): see spec\.provider\.ca$/,
    );
  });

  it('trusts no certificate of another name', async () => {
    const other = createKeyPair('other.test');
    const impostor = createTlsServer({ key: other.privateKey, cert: other.certificate });
    await listen(impostor);
    const tls = { ca: other.certificate, clientCertificate: undefined };
    const reply = await open(network).send(get(`https://idp.test:${portOf(impostor)}/`, { tls }));
    impostor.close();
    assert.ok(reply.kind === 'failure');
    assert.match(reply.message, /^the certificate of idp\.test:\d+ is for another name$/);
  });

  it('shows the client certificate of the policy, each policy its own', async () => {
    const calls = open(network, client.privateKey);
    const with_ = await calls.send(get(url(), { tls: { ca: leaf.certificate, clientCertificate } }));
    const without = await calls.send(
      get(url(), { tls: { ca: leaf.certificate, clientCertificate: undefined } }),
    );
    assert.deepEqual(with_.kind === 'answer' && with_.json, { peer: 'DNS:gateway' });
    assert.deepEqual(without.kind === 'answer' && without.json, { peer: 'none' });
  });

  it('that ends because the client certificate is missing is told as that', async () => {
    const { certificate: cert, privateKey: key } = leaf;
    const mutual = createTlsServer({ cert, key, requestCert: true, maxVersion: 'TLSv1.2' });
    await listen(mutual);
    const tls = { ca: cert, clientCertificate: undefined };
    const reply = await open(network).send(get(`https://idp.test:${portOf(mutual)}/`, { tls }));
    mutual.close();
    assert.ok(reply.kind === 'failure');
    assert.match(
      reply.message,
      /^idp\.test:\d+ ends the TLS handshake \(\S+_ALERT_HANDSHAKE_FAILURE\): see spec\.provider\.clientCertificate$/,
    );
  });

  it('that ends with an alert is told with it, although the connection ends too', async () => {
    const relay = await startSpoiler(portOf(server));
    const tls = { ca: leaf.certificate, clientCertificate: undefined };
    const reply = await open(network).send(get(`https://idp.test:${portOf(relay)}/`, { tls }));
    relay.close();
    assert.ok(reply.kind === 'failure');
    assert.match(reply.message, /^the call to idp\.test:\d+ failed \(\S+_ALERT_BAD_RECORD_MAC\)$/);
  });

  it('holds from end to end through a proxy', async () => {
    const tunnels: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const upstream = connect(portOf(server), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
      socket.on('close', () => upstream.destroy());
    });
    await listen(proxy);
    const httpsProxy = `http://127.0.0.1:${portOf(proxy)}`;
    const calls = open(
      { ...LOOPBACK_ALLOWED, proxy: { httpsProxy, httpProxy: undefined, noProxy: undefined } },
      client.privateKey,
    );
    const trusted = await calls.send(get(url(), { tls: { ca: leaf.certificate, clientCertificate } }));
    const untrusted = await calls.send(get(url()));
    await http?.close();
    proxy.closeAllConnections();
    proxy.close();
    assert.deepEqual(trusted.kind === 'answer' && trusted.json, { peer: 'DNS:gateway' });
    assert.equal(untrusted.kind, 'failure');
    assert.deepEqual(tunnels, [`idp.test:${portOf(server)}`, `idp.test:${portOf(server)}`]);
  });

  it('fails by value where the private key is missing', async () => {
    const reply = await open(network).send(get(url(), { tls: { ca: undefined, clientCertificate } }));
    assert.deepEqual(reply, {
      kind: 'failure',
      message: 'the private key of shop/idp-client is missing',
      cause: 'network',
    });
  });
});

/** Passes connections on to `port`, and spoils what the caller sends once the handshake of TLS 1.3 is over. */
async function startSpoiler(port: number) {
  const APPLICATION_DATA = 23;
  const relay = createTcpServer((caller) => {
    const upstream = connect(port, '127.0.0.1');
    let pending = Buffer.alloc(0);
    let protectedRecords = 0;
    caller.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5 && pending.length >= 5 + pending.readUInt16BE(3)) {
        const record = pending.subarray(0, 5 + pending.readUInt16BE(3));
        pending = pending.subarray(record.length);
        // The first of them is the end of the handshake.
        if (record[0] === APPLICATION_DATA) protectedRecords += 1;
        if (protectedRecords > 1) record[record.length - 1] = (record.at(-1) ?? 0) ^ 1;
        upstream.write(record);
      }
    });
    upstream.pipe(caller);
    upstream.on('error', () => caller.destroy());
    caller.on('error', () => upstream.destroy());
  });
  await listen(relay);
  return relay;
}
