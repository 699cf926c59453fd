/** Requests by HTTP/2: the same rules, the same answers, as by HTTP/1.1. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';

import { BASIC, head, planOf, startGateway, tableFor, type Gateway } from '../proxy/harness.ts';
import { parseResponse, RawCaller, startFixedUpstream, startRawUpstream } from '../proxy/raw.ts';
import { answerOf, ask, AUTHORITY, connectCaller, openStream } from './http2-caller.ts';

interface Test {
  after(fn: () => Promise<void> | void): void;
}

async function startUpstream(
  test: Test,
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<number> {
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  test.after(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Tells what it got. */
async function startEcho(test: Test): Promise<Gateway> {
  const port = await startUpstream(test, async (request, response) => {
    const chunks = await request.toArray();
    const body = Buffer.concat(chunks as Buffer[]).toString('latin1');
    const { method, url, rawHeaders } = request;
    response.end(JSON.stringify({ method, url, rawHeaders, body }));
  });
  return await startGateway(test, { table: tableFor([port]) });
}

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

const lines = ({ rawHeaders }: Echo): readonly string[] =>
  rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name.toLowerCase()}: ${rawHeaders[at + 1]}`] : []));

describe('ALPN', () => {
  const cases = [
    { name: 'h2 is chosen where it is offered', given: ['h2', 'http/1.1'], want: 'h2' },
    { name: 'http/1.1 where it alone is offered', given: ['http/1.1'], want: 'http/1.1' },
    { name: 'http/1.0 where it alone is offered', given: ['http/1.0'], want: 'http/1.0' },
    { name: 'http/1.1 without a word about it where nothing is offered', given: undefined, want: false },
  ] as const;
  for (const { name, given, want } of cases) {
    it(name, async (test) => {
      const gateway = await startGateway(test, { table: tableFor([]) });
      const offered = given === undefined ? {} : { ALPNProtocols: [...given] };
      const socket = connect({
        host: '127.0.0.1',
        port: gateway.httpsPort,
        rejectUnauthorized: false,
        ...offered,
      });
      await once(socket, 'secureConnect');
      assert.equal(socket.alpnProtocol, want);
      if (want !== 'h2') {
        const caller = new RawCaller(socket);
        caller.send(head('GET / HTTP/1.1', 'Host: nobody.example.com', 'Connection: close'));
        assert.equal(parseResponse(await caller.closed()).status, 404);
      }
      socket.destroy();
    });
  }

  it('without a protocol in common ends the handshake', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const socket = connect({
      host: '127.0.0.1',
      port: gateway.httpsPort,
      rejectUnauthorized: false,
      ALPNProtocols: ['spdy/3'],
    });
    await assert.rejects(once(socket, 'secureConnect'), /no application protocol/);
  });
});

describe('a request by HTTP/2', () => {
  it('reaches an HTTP/1.1 upstream byte for byte, with the host that was asked for', async (test) => {
    const gateway = await startEcho(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    const answer = await ask(caller, { ':path': '//a/%7e;x?q=%2F&&r', 'x-a': 'ä', te: 'trailers' });
    assert.equal(answer.status, 200);
    const echo = JSON.parse(Buffer.from(answer.body, 'latin1').toString()) as Echo;
    assert.equal(echo.method, 'GET');
    assert.equal(echo.url, '//a/%7e;x?q=%2F&&r');
    assert.deepEqual(
      lines(echo).filter((line) => /^(?:host|x-a|te|content-length|transfer-encoding)/.test(line)),
      ['host: shop.example.com', 'x-a: ä', 'te: trailers'],
    );
    assert.equal((await gateway.record()).scheme, 'https');
  });

  it('with several cookie fields has one Cookie header', async (test) => {
    const gateway = await startEcho(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    const answer = await ask(caller, { cookie: ['a=1', 'b=2', 'c=3'] });
    const cookies = lines(JSON.parse(answer.body) as Echo).filter((line) => line.startsWith('cookie:'));
    assert.deepEqual(cookies, ['cookie: a=1; b=2; c=3']);
  });

  const bodies: readonly {
    readonly name: string;
    readonly given: { readonly length?: string; readonly body?: string };
    readonly want: readonly string[];
  }[] = [
    { name: 'of known length keeps it', given: { length: '3', body: 'abc' }, want: ['content-length: 3'] },
    {
      name: 'of known length that is large keeps it',
      given: { length: '100000', body: 'x'.repeat(100_000) },
      want: ['content-length: 100000'],
    },
    {
      name: 'of unknown length comes in chunks',
      given: { body: 'abc' },
      want: ['transfer-encoding: chunked'],
    },
    { name: 'is empty by its frames', given: { body: '' }, want: ['transfer-encoding: chunked'] },
    { name: 'does not exist has the length 0', given: {}, want: ['content-length: 0'] },
  ];
  for (const { name, given, want } of bodies) {
    it(`has a body that ${name}`, async (test) => {
      const gateway = await startEcho(test);
      const caller = await connectCaller(test, gateway.httpsPort);
      const length = given.length === undefined ? {} : { 'content-length': given.length };
      const answer = await ask(caller, { ':method': 'POST', ...length }, given.body);
      const echo = JSON.parse(answer.body) as Echo;
      assert.equal(echo.body, given.body ?? '');
      assert.deepEqual(
        lines(echo).filter((line) => /^(?:content-length|transfer-encoding)/.test(line)),
        want,
      );
    });
  }

  it('is answered HEAD without a body and with its length', async (test) => {
    const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const caller = await connectCaller(test, gateway.httpsPort);
    const answer = await ask(caller, { ':method': 'HEAD' });
    assert.deepEqual(
      [answer.status, answer.headers['content-length'], answer.body, answer.code],
      [200, '1234', '', 0],
    );
    assert.equal((await gateway.record()).status, 200);
  });

  it('is answered 205 without the body that the service sent with it', async (test) => {
    for (const framing of ['Content-Length: 40', 'Transfer-Encoding: chunked']) {
      const upstream = await startFixedUpstream(
        `HTTP/1.1 205 X\r\n${framing}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      );
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const answer = await ask(await connectCaller(test, gateway.httpsPort));
      assert.deepEqual([answer.status, answer.body, answer.code], [205, '', 0]);
    }
  });

  for (const body of ['ok', 'o']) {
    it(`is answered 502 for a status that HTTP/2 does not have, with ${body.length} bytes of 2`, async (test) => {
      const upstream = await startFixedUpstream(`HTTP/1.1 700 Odd\r\nContent-Length: 2\r\n\r\n${body}`);
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const caller = await connectCaller(test, gateway.httpsPort);
      for (const count of [1, 2]) {
        assert.equal((await ask(caller)).status, 502);
        assert.equal((await gateway.record(count)).reason, 'UpstreamProtocolError');
      }
    });
  }

  it('gets no trailers about the connection of the service, and those that are repeated', async (test) => {
    const trailers = 'Connection: close\r\nTransfer-Encoding: x\r\nETag: "1"\r\nETag: "2"\r\nX-Sum: 42\r\n';
    const upstream = await startFixedUpstream(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailers}\r\n`,
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await ask(await connectCaller(test, gateway.httpsPort));
    assert.deepEqual(Object.keys(answer.trailers).toSorted(), ['etag', 'x-sum']);
    assert.deepEqual([answer.trailers['x-sum'], answer.body, answer.code], ['42', 'ok', 0]);
  });

  for (const status of [204, 205, 304]) {
    it(`is answered ${status} without a body`, async (test) => {
      const length = status === 205 ? 'Content-Length: 0\r\n' : '';
      const upstream = await startFixedUpstream(`HTTP/1.1 ${status} X\r\nETag: "1"\r\n${length}\r\n`);
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const answer = await ask(await connectCaller(test, gateway.httpsPort));
      assert.deepEqual([answer.status, answer.headers['etag'], answer.code], [status, '"1"', 0]);
    });
  }

  it('is authenticated, and the upstream gets the token', async (test) => {
    const upstream = await startFixedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port], { plan: planOf() }) });
    const caller = await connectCaller(test, gateway.httpsPort);
    const refused = await ask(caller);
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /^Basic realm="orders-api"/);
    assert.equal((JSON.parse(refused.body) as { reason: string }).reason, 'MissingCredentials');
    assert.equal((await ask(caller, { authorization: BASIC })).body, 'ok');
    assert.match(upstream.requests().join(''), /\r\nAuthorization: Bearer the\.access\.token\r\n/);
  });

  it('gets the trailers of the response', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await ask(await connectCaller(test, gateway.httpsPort));
    assert.deepEqual([answer.body, answer.trailers['x-sum'], answer.code], ['ok', '42', 0]);
  });

  it('with trailers of its own is recorded as answered', async (test) => {
    const gateway = await startEcho(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    for (const count of [1, 2, 3]) {
      const stream = caller.request(
        { ':method': 'POST', ':authority': AUTHORITY, ':path': '/' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.end('hello');
      assert.equal((await answerOf(stream)).code, 0);
      assert.equal((await gateway.record(count)).status, 200);
    }
  });

  it('gets interim responses, 103 among them', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await ask(await connectCaller(test, gateway.httpsPort));
    assert.deepEqual([answer.interim, answer.status, answer.body], [[103], 200, 'ok']);
  });

  it('that waits to be told gets 100 once it may go on, and not where it may not', async (test) => {
    const upstream = await startUpstream(test, async (request, response) => {
      response.end(String((await request.toArray()).length > 0));
    });
    const gateway = await startGateway(test, { table: tableFor([upstream], { plan: planOf() }) });
    const caller = await connectCaller(test, gateway.httpsPort);
    const headers = { ':method': 'POST', expect: '100-continue' };
    const refused = await answerOf(openStream(caller, headers, true));
    assert.deepEqual([refused.status, refused.interim], [401, []]);
    const stream = openStream(caller, { ...headers, authorization: BASIC }, true);
    stream.on('continue', () => stream.end('body'));
    const answer = await answerOf(stream);
    assert.deepEqual([answer.status, answer.body, answer.code], [200, 'true', 0]);
  });

  it('is answered while its body is still on the way: it is told to stop, without an error', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([], { plan: planOf() }) });
    const caller = await connectCaller(test, gateway.httpsPort);
    const stream = openStream(caller, { ':method': 'POST' }, true);
    stream.write(Buffer.alloc(1_000_000));
    const answer = await answerOf(stream);
    assert.deepEqual([answer.status, answer.code], [401, 0]);
    assert.equal((await gateway.record()).status, 401);
    assert.equal((await ask(caller)).status, 401);
  });

  for (const [framing, rest] of [
    ['Transfer-Encoding: chunked', '0\r\n\r\n'],
    ['Content-Length: 2', 'no'],
  ] as const) {
    it(`is told to stop where the service has answered, with ${framing}`, async (test) => {
      const upstream = await startRawUpstream(({ socket, text }, piece) => {
        if (text === piece) socket.write(`HTTP/1.1 403 Forbidden\r\n${framing}\r\n\r\n`);
      });
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
      const stream = openStream(await connectCaller(test, gateway.httpsPort), { ':method': 'POST' }, true);
      stream.write(Buffer.alloc(1_000_000));
      const answer = answerOf(stream);
      await once(stream, 'response');
      upstream.conversations[0]?.socket.write(rest);
      const { status, code } = await answer;
      assert.deepEqual([status, code], [403, 0]);
    });
  }

  it('shares its connection with many others', async (test) => {
    const gateway = await startEcho(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    const paths = Array.from({ length: 300 }, (_, index) => `/${index}`);
    const answers = await Promise.all(paths.map((path) => ask(caller, { ':path': path })));
    assert.deepEqual(
      answers.map(({ body }) => (JSON.parse(body) as Echo).url),
      paths,
    );
    assert.equal(gateway.connections(), 1);
  });

  it('with a field list over 16 KiB is 431, and others go on', async (test) => {
    const gateway = await startEcho(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    const answer = await ask(caller, { 'x-large': 'a'.repeat(16_384) });
    assert.equal(answer.status, 431);
    assert.equal((JSON.parse(answer.body) as { reason: string }).reason, 'BadRequest');
    const record = await gateway.record();
    assert.deepEqual([record.status, record.cause], [431, 'the header is too large, most of all "x-large"']);
    assert.equal((await ask(caller)).status, 200);
  });

  it('takes headers that an upstream repeats where it should not', async (test) => {
    const upstream = await startFixedUpstream(
      'HTTP/1.1 200 OK\r\nETag: "1"\r\nETag: "2"\r\nHTTP2-Settings: x\r\nContent-Length: 2\r\n\r\nok',
    );
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await ask(await connectCaller(test, gateway.httpsPort));
    assert.deepEqual([answer.status, answer.body], [200, 'ok']);
  });

  it('whose upstream breaks off is reset, not ended', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port]) });
    const answer = await answerOf(openStream(await connectCaller(test, gateway.httpsPort)));
    assert.equal(answer.code, 2);
    assert.equal((await gateway.record()).reason, 'UpstreamProtocolError');
  });

  it('names its host, which alone decides the route', async (test) => {
    const gateway = await startEcho(test);
    const caller = await connectCaller(test, gateway.httpsPort);
    assert.equal((await ask(caller, { ':authority': 'other.example.com' })).status, 404);
    assert.equal((await ask(caller, { ':authority': `${AUTHORITY}:8443` })).status, 200);
  });
});
