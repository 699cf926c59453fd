/** What the options of a route do to requests, over real sockets. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Canary, RouteOptions } from '../../../src/model/route-options.ts';
import type { PolicyPlan, RoutingTable } from '../../../src/model/table.ts';
import { eventually } from '../../support/eventually.ts';
import {
  BACKEND,
  BASIC,
  credentialsPlan,
  head,
  PLAN_KEY,
  planOf,
  route,
  startGateway,
  tableFor,
} from '../proxy/harness.ts';
import {
  closedPort,
  exchange,
  openCaller,
  parseResponse,
  startFixedUpstream,
  startRawUpstream,
  type RawUpstream,
} from '../proxy/raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const OPTIONS_KEY = 'shop/orders';
const CANARY = 'shop/orders-next:http';

const NOTHING: RouteOptions = {
  sslRedirect: false,
  redirect: undefined,
  rewritePrefix: undefined,
  timeouts: { connectMs: undefined, firstByteMs: undefined, idleMs: undefined },
  maxBodyBytes: undefined,
  sources: { allow: [], deny: [] },
  rateLimit: undefined,
  cors: undefined,
  requestHeaders: { set: [], remove: [] },
  responseHeaders: { set: [], remove: [] },
  sessionAffinity: undefined,
};

interface Given {
  readonly ports?: readonly number[];
  readonly options?: Partial<RouteOptions>;
  readonly plan?: PolicyPlan;
  readonly path?: string;
  readonly identityHeaders?: readonly string[];
  readonly canaries?: readonly Canary[];
  readonly canaryPorts?: readonly number[];
}

function tableWith({
  ports = [],
  options,
  plan,
  path = '/',
  identityHeaders,
  canaries = [],
  canaryPorts = [],
}: Given): RoutingTable {
  const planned = plan === undefined ? {} : { plan };
  const table = tableFor(ports, {
    ...planned,
    ...(identityHeaders === undefined ? {} : { identityHeaders }),
  });
  const action = { kind: 'forward', backend: BACKEND, plan: plan && PLAN_KEY, canaries } as const;
  return {
    ...table,
    hosts: { 'shop.example.com': { routes: [{ ...route(undefined), path, action, options: OPTIONS_KEY }] } },
    options: { [OPTIONS_KEY]: { ...NOTHING, ...options } },
    backends: {
      ...table.backends,
      [CANARY]: {
        service: 'shop/orders-next',
        endpoints: canaryPorts.map((port) => ({ address: '127.0.0.1', port })),
        protocol: 'HTTP',
        tls: undefined,
      },
    },
  };
}

const get = (path: string, ...headers: readonly string[]): string =>
  head(`GET ${path} HTTP/1.1`, HOST, ...headers, 'Connection: close');

interface Closing {
  after(fn: () => Promise<void>): void;
}

async function upstreamFor(test: Closing, response = OK): Promise<RawUpstream> {
  const upstream = await startFixedUpstream(response);
  test.after(() => upstream.close());
  return upstream;
}

function problemOf(text: string): {
  readonly status: number;
  readonly reason: string;
  readonly head: string;
} {
  const { status, head, body } = parseResponse(text);
  return { status, head, reason: String((JSON.parse(body) as Record<string, unknown>)['reason']) };
}

describe('ssl-redirect', () => {
  it('sends clear-text requests to https, with path and query', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { sslRedirect: true } }),
    });
    const { status, head, body } = parseResponse(await exchange(gateway.port, get('/a%20b?q=1')));
    assert.equal(status, 308);
    assert.match(head, /\r\nLocation: https:\/\/shop\.example\.com\/a%20b\?q=1\r\n/);
    assert.match(head, /\r\nContent-Length: 0\r\n/);
    assert.equal(body, '');
    assert.equal(upstream.requests().length, 0);
    assert.equal((await gateway.record()).status, 308);
  });

  it('believes a trusted proxy that the caller used TLS', async (test) => {
    const upstream = await upstreamFor(test);
    const table = tableWith({ ports: [upstream.port], options: { sslRedirect: true } });
    const gateway = await startGateway(test, { table, trusted: ['127.0.0.1'] });
    assert.equal(
      parseResponse(await exchange(gateway.port, get('/', 'X-Forwarded-Proto: https'))).status,
      200,
    );
    assert.equal(
      parseResponse(await exchange(gateway.port, get('/', 'X-Forwarded-Proto: http'))).status,
      308,
    );
  });

  const plan = planOf({
    transport: 'TlsOnly',
    clientCredentials: credentialsPlan({ sources: ['Query', 'Body'] }),
  });
  const cases = [
    { name: 'a header', given: get('/', `Authorization: ${BASIC}`) },
    { name: 'the query', given: get('/?client_id=a&client_secret=b') },
    {
      name: 'a body that may hold them',
      given: head('POST / HTTP/1.1', HOST, 'Content-Length: 1', 'Connection: close') + 'x',
    },
  ];
  for (const { name, given } of cases) {
    it(`refuses credentials in ${name} where the policy wants TLS: a redirect would hide that they leaked`, async (test) => {
      const gateway = await startGateway(test, {
        table: tableWith({ options: { sslRedirect: true }, plan }),
      });
      const { status, reason } = problemOf(await exchange(gateway.port, given));
      assert.equal(status, 403);
      assert.equal(reason, 'TlsRequired');
    });
  }

  it('redirects a request without credentials where the policy wants TLS', async (test) => {
    const gateway = await startGateway(test, { table: tableWith({ options: { sslRedirect: true }, plan }) });
    assert.equal(parseResponse(await exchange(gateway.port, get('/'))).status, 308);
  });
});

describe('redirect', () => {
  it('answers every request, before anybody is asked for credentials', async (test) => {
    const redirect = { status: 301, location: 'https://www.example.com/' } as const;
    const gateway = await startGateway(test, { table: tableWith({ options: { redirect }, plan: planOf() }) });
    const { status, head } = parseResponse(await exchange(gateway.port, get('/a?b')));
    assert.equal(status, 301);
    assert.match(head, /\r\nLocation: https:\/\/www\.example\.com\/\r\n/);
  });
});

describe('rewrite-prefix', () => {
  const cases = [
    { given: '/shop/cart?q=%2F', want: '/api/cart?q=%2F' },
    { given: '/shop', want: '/api' },
    { given: '/shop//x;y', want: '/api//x;y' },
  ];
  for (const { given, want } of cases) {
    it(`forwards ${given} as ${want}`, async (test) => {
      const upstream = await upstreamFor(test);
      const table = tableWith({ ports: [upstream.port], options: { rewritePrefix: '/api' }, path: '/shop' });
      const gateway = await startGateway(test, { table });
      await exchange(gateway.port, get(given));
      assert.equal(upstream.requests()[0]?.split('\r\n')[0], `GET ${want} HTTP/1.1`);
      assert.equal((await gateway.record()).path, given);
    });
  }

  it('leaves alone what only begins like the prefix', async (test) => {
    const gateway = await startGateway(test, {
      table: tableWith({ options: { rewritePrefix: '/api' }, path: '/shop' }),
    });
    assert.equal(problemOf(await exchange(gateway.port, get('/shopping'))).reason, 'NoRoute');
  });
});

describe('timeouts', () => {
  it('bound the first byte of the answer for this route', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const timeouts = { connectMs: undefined, firstByteMs: 50, idleMs: undefined };
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { timeouts } }),
    });
    assert.equal(problemOf(await exchange(gateway.port, get('/'))).reason, 'UpstreamTimeout');
    assert.deepEqual(gateway.reached, ['upstream_first_byte']);
  });

  it('bound silence for this route, and may be longer than those of the process', async (test) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok');
      setTimeout(() => socket.write('ok'), 150);
    });
    test.after(() => upstream.close());
    const timeouts = { connectMs: undefined, firstByteMs: undefined, idleMs: 60_000 };
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { timeouts } }),
      limits: { idleTimeoutMs: 30 },
    });
    assert.equal(parseResponse(await exchange(gateway.port, get('/'))).body, 'okok');
  });
});

describe('max-body-size', () => {
  const post = (...lines: readonly string[]): string => head('POST / HTTP/1.1', HOST, ...lines);

  it('refuses by Content-Length at once, and asks nobody', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { maxBodyBytes: 10 }, plan: planOf() }),
    });
    const given = post(`Authorization: ${BASIC}`, 'Content-Length: 11', 'Expect: 100-continue');
    const { status, reason, head } = problemOf(await exchange(gateway.port, given));
    assert.equal(status, 413);
    assert.equal(reason, 'BodyTooLarge');
    assert.match(head, /\r\nConnection: close/);
    assert.equal(upstream.conversations.length, 0);
    assert.equal(gateway.asked.length, 0);
    assert.deepEqual(gateway.reached, ['body_size']);
  });

  it('counts a chunked body, and breaks off at the upstream', async (test) => {
    const upstream = await startRawUpstream(() => {});
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { maxBodyBytes: 10 } }),
    });
    const caller = await openCaller(gateway.port);
    caller.send(`${post('Transfer-Encoding: chunked')}6\r\nabcdef\r\n`);
    const conversation = await eventually('the first chunk', async () =>
      upstream.conversations.find(({ text }) => text.includes('abcdef')),
    );
    caller.send('6\r\nghijkl\r\n');
    const answer = await caller.until((text) => text.includes('}'));
    assert.equal(problemOf(answer).reason, 'BodyTooLarge');
    await eventually(
      'the end at the upstream',
      async () => conversation.socket.destroyed || conversation.socket.readableEnded,
    );
    assert.doesNotMatch(conversation.text, /ghijkl|\r\n0\r\n/);
    const record = await gateway.record();
    assert.equal(record.status, 413);
    assert.equal(record.reason, 'BodyTooLarge');
  });

  it('cuts a response that has begun already', async (test) => {
    const upstream = await startRawUpstream(({ socket, text }, piece) => {
      if (text === piece) socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { maxBodyBytes: 10 } }),
    });
    const caller = await openCaller(gateway.port);
    caller.send(`${post('Transfer-Encoding: chunked')}1\r\na\r\n`);
    await caller.until((text) => text.includes('ok'));
    caller.send('b\r\nbbbbbbbbbbb\r\n');
    assert.doesNotMatch(await caller.closed(), /\r\n0\r\n/);
    assert.equal((await gateway.record()).reason, 'BodyTooLarge');
  });

  it('lets a body of exactly that size through, of known length and chunked', async (test) => {
    const upstream = await upstreamFor(test);
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { maxBodyBytes: 10 } }),
    });
    const known = `${post('Content-Length: 10', 'Connection: close')}0123456789`;
    assert.equal(parseResponse(await exchange(gateway.port, known)).status, 200);
    const chunked = `${post('Transfer-Encoding: chunked', 'Connection: close')}a\r\n0123456789\r\n0\r\n\r\n`;
    assert.equal(parseResponse(await exchange(gateway.port, chunked)).status, 200);
  });
});

describe('source ranges', () => {
  const sources = { allow: ['192.0.2.0/24'], deny: ['192.0.2.66'] };
  const cases = [
    {
      name: 'an address of the list, told by a trusted proxy',
      trusted: ['127.0.0.1'],
      forwarded: '192.0.2.1',
      want: 200,
    },
    { name: 'an address that is denied', trusted: ['127.0.0.1'], forwarded: '192.0.2.66', want: 403 },
    { name: 'an address beside the list', trusted: ['127.0.0.1'], forwarded: '198.51.100.1', want: 403 },
    { name: 'what a caller claims who is not trusted', trusted: [], forwarded: '192.0.2.1', want: 403 },
  ];
  for (const { name, trusted, forwarded, want } of cases) {
    it(`answer ${want} to ${name}`, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, {
        table: tableWith({ ports: [upstream.port], options: { sources } }),
        trusted,
      });
      const answer = await exchange(gateway.port, get('/', `X-Forwarded-For: ${forwarded}`));
      assert.equal(parseResponse(answer).status, want);
      if (want === 403) assert.equal(problemOf(answer).reason, 'SourceNotAllowed');
      assert.equal(upstream.requests().length, want === 200 ? 1 : 0);
    });
  }

  it('go before redirects and credentials', async (test) => {
    const options = { sources, sslRedirect: true };
    const gateway = await startGateway(test, { table: tableWith({ options, plan: planOf() }) });
    assert.equal(problemOf(await exchange(gateway.port, get('/'))).reason, 'SourceNotAllowed');
  });
});

describe('rate-limit', () => {
  it('answers 429 with Retry-After to one request too many of an address, without asking for credentials', async (test) => {
    const upstream = await upstreamFor(test);
    const rateLimit = { requests: 2, windowMs: 60_000, by: 'address' } as const;
    let nowMs = Date.UTC(2026, 10, 24);
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { rateLimit }, plan: planOf() }),
      trusted: ['127.0.0.1'],
      nowMs: () => nowMs,
    });
    const from = async (address: string): Promise<string> =>
      await exchange(gateway.port, get('/', `X-Forwarded-For: ${address}`));
    assert.equal(problemOf(await from('192.0.2.1')).status, 401);
    assert.equal(problemOf(await from('192.0.2.1')).status, 401);
    const { status, reason, head } = problemOf(await from('192.0.2.1'));
    assert.equal(status, 429);
    assert.equal(reason, 'RateLimited');
    const retryAfter = Number(/\r\nRetry-After: (\d+)/.exec(head)?.[1]);
    assert.ok(retryAfter > 59 && retryAfter <= 66, String(retryAfter));
    assert.equal(problemOf(await from('192.0.2.2')).status, 401, 'another address');
    nowMs += retryAfter * 1_000;
    assert.equal(problemOf(await from('192.0.2.1')).status, 401, 'when it was told to come again');
    assert.deepEqual(gateway.reached, ['rate']);
  });

  it('by client counts who has proved to be that client, and nobody else', async (test) => {
    const upstream = await upstreamFor(test);
    const rateLimit = { requests: 1, windowMs: 60_000, by: 'client' } as const;
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { rateLimit }, plan: planOf() }),
      outcome: (request) =>
        request.kind === 'exchange' && request.clientSecret.reveal() === 'right'
          ? {
              kind: 'granted',
              token: 't',
              claims: { aud: 'https://orders.example.com/', azp: 'x' },
              keyId: 'k',
              issuer: 'i',
              usableUntilMs: 9e15,
              refreshFromMs: 9e15,
            }
          : {
              kind: 'refused',
              reason: 'InvalidClient',
              detail: 'wrong',
              keepUntilMs: undefined,
              retryAtMs: undefined,
            },
    });
    const as = async (basic: string): Promise<number> =>
      parseResponse(await exchange(gateway.port, get('/', `Authorization: Basic ${btoa(basic)}`))).status;
    assert.equal(await as('partner:wrong'), 401);
    assert.equal(await as('partner:wrong'), 401);
    assert.equal(await as('partner:right'), 200);
    assert.equal(await as('partner:right'), 429);
    assert.equal(await as('other:right'), 200);
  });

  it('by client counts by address on a route that asks for no client', async (test) => {
    const upstream = await upstreamFor(test);
    const rateLimit = { requests: 1, windowMs: 60_000, by: 'client' } as const;
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { rateLimit } }),
    });
    assert.equal(parseResponse(await exchange(gateway.port, get('/'))).status, 200);
    assert.equal(parseResponse(await exchange(gateway.port, get('/'))).status, 429);
  });
});

describe('cors', () => {
  const cors = {
    allowOrigins: ['https://app.example.com'],
    allowMethods: ['GET'],
    allowHeaders: ['authorization'],
    exposeHeaders: [],
    allowCredentials: false,
    maxAgeSeconds: 600,
  };
  const origin = 'Origin: https://app.example.com';

  it('answers a preflight of a protected route, and nobody else is asked', async (test) => {
    const upstream = await upstreamFor(test);
    const plan = planOf({ exemptPreflight: false });
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { cors }, plan }),
    });
    const given = head(
      'OPTIONS / HTTP/1.1',
      HOST,
      origin,
      'Access-Control-Request-Method: GET',
      'Connection: close',
    );
    const { status, head: answer } = parseResponse(await exchange(gateway.port, given));
    assert.equal(status, 204);
    assert.match(answer, /\r\nAccess-Control-Allow-Origin: https:\/\/app\.example\.com\r\n/);
    assert.match(answer, /\r\nAccess-Control-Allow-Methods: GET\r\n/);
    assert.doesNotMatch(answer, /content-length|transfer-encoding/i);
    assert.equal(upstream.conversations.length, 0);
  });

  it('puts its own headers in place of those of the service', async (test) => {
    const upstream = await upstreamFor(
      test,
      'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\naccess-control-allow-credentials: true\r\nVary: Accept\r\nContent-Length: 2\r\n\r\nok',
    );
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { cors } }),
    });
    const { head: allowed } = parseResponse(await exchange(gateway.port, get('/', origin)));
    assert.deepEqual(
      allowed.match(/^(?:access-control-|vary).*$/gim)?.map((line) => line.trim()),
      ['Vary: Accept', 'Access-Control-Allow-Origin: https://app.example.com', 'Vary: Origin'],
    );
    const { head: other } = parseResponse(await exchange(gateway.port, get('/', 'Origin: https://evil.net')));
    assert.deepEqual(
      other.match(/^(?:access-control-|vary).*$/gim)?.map((line) => line.trim()),
      ['Vary: Accept', 'Vary: Origin'],
    );
  });

  it('lets scripts see why a request was refused', async (test) => {
    const gateway = await startGateway(test, { table: tableWith({ options: { cors }, plan: planOf() }) });
    const { status, head: answer } = parseResponse(await exchange(gateway.port, get('/', origin)));
    assert.equal(status, 401);
    assert.match(answer, /\r\nAccess-Control-Allow-Origin: https:\/\/app\.example\.com\r\n/);
  });
});

describe('header edits', () => {
  it('reach the service last, but change no identity', async (test) => {
    const upstream = await upstreamFor(test);
    const plan = planOf({
      upstream: {
        token: { kind: 'bearer' },
        claimHeaders: [{ header: 'x-tenant', claim: ['tenant'] }],
        hideCredentials: true,
      },
    });
    const requestHeaders = {
      set: [
        { name: 'X-Tenant', value: 'forged' },
        { name: 'X-Env', value: 'prod' },
      ],
      remove: ['x-debug', 'x-other-identity'],
    };
    const gateway = await startGateway(test, {
      table: tableWith({
        ports: [upstream.port],
        options: { requestHeaders },
        plan,
        identityHeaders: ['x-tenant', 'x-other-identity'],
      }),
    });
    await exchange(
      gateway.port,
      get('/', `Authorization: ${BASIC}`, 'X-Env: dev', 'x_env: dev', 'X-Debug: 1', 'X-Other-Identity: me'),
    );
    const [request = ''] = upstream.requests();
    assert.deepEqual(
      request.match(/^x[-_](?:tenant|env|debug|other).*$/gim)?.map((line) => line.trim()),
      ['x-tenant: acme', 'X-Env: prod'],
    );
  });

  it('reach the caller, but change no framing', async (test) => {
    const upstream = await upstreamFor(
      test,
      'HTTP/1.1 200 OK\r\nServer: php\r\nX-Powered-By: php\r\nContent-Length: 2\r\n\r\nok',
    );
    const responseHeaders = {
      set: [{ name: 'Strict-Transport-Security', value: 'max-age=1' }],
      remove: ['server', 'x-powered-by', 'content-length'],
    };
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { responseHeaders } }),
    });
    const { head: answer, body } = parseResponse(await exchange(gateway.port, get('/')));
    assert.match(answer, /\r\nStrict-Transport-Security: max-age=1/);
    assert.match(answer, /\r\nContent-Length: 2/);
    assert.doesNotMatch(answer, /server|php/i);
    assert.equal(body, 'ok');
  });
});

describe('session-affinity', () => {
  const sessionAffinity = { cookie: 'route', maxAgeSeconds: 60 };
  const cookieOf = (text: string): string | undefined => /\r\nSet-Cookie: (route=[^;\r]+)/.exec(text)?.[1];

  it('leads a caller back to its endpoint, and gives the cookie once', async (test) => {
    const upstreams = await Promise.all([1, 2, 3].map(() => upstreamFor(test)));
    const gateway = await startGateway(test, {
      table: tableWith({ ports: upstreams.map(({ port }) => port), options: { sessionAffinity } }),
    });
    const first = await exchange(gateway.port, get('/'));
    const cookie = cookieOf(first) ?? '';
    assert.match(
      first,
      /\r\nSet-Cookie: route=[0-9a-f]{16}; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax\r\n/,
    );
    for (let count = 0; count < 4; count++) {
      assert.equal(cookieOf(await exchange(gateway.port, get('/', `Cookie: a=b; ${cookie}`))), undefined);
    }
    assert.deepEqual(
      upstreams.map((upstream) => upstream.requests().length),
      [5, 0, 0],
    );
    assert.doesNotMatch(cookie, /127|\./);
  });

  it('gives another cookie where the endpoint is gone', async (test) => {
    const upstream = await upstreamFor(test);
    const gone = await closedPort();
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [upstream.port], options: { sessionAffinity } }),
    });
    const cookie = cookieOf(await exchange(gateway.port, get('/')));
    gateway.apply(tableWith({ ports: [gone], options: { sessionAffinity } }));
    await exchange(gateway.port, get('/', `Cookie: ${cookie}`));
    const other = await upstreamFor(test);
    gateway.apply(tableWith({ ports: [other.port], options: { sessionAffinity } }));
    const answer = await exchange(gateway.port, get('/', `Cookie: ${cookie}`));
    assert.notEqual(cookieOf(answer), undefined);
    assert.notEqual(cookieOf(answer), cookie);
  });

  it('names the endpoint that answered in the end, where the first could not be reached', async (test) => {
    const upstream = await upstreamFor(test);
    const ports = [await closedPort(), upstream.port];
    const gateway = await startGateway(test, { table: tableWith({ ports, options: { sessionAffinity } }) });
    const cookie = cookieOf(await exchange(gateway.port, get('/')));
    assert.notEqual(cookie, undefined);
    await exchange(gateway.port, get('/', `Cookie: ${cookie}`));
    const record = await gateway.record(2);
    assert.equal(record.upstreamTries, 1);
    assert.equal(record.upstreamAddress, `127.0.0.1:${upstream.port}`);
  });
});

describe('canaries', () => {
  const weight = (percent: number): Canary => ({
    backend: CANARY,
    ingress: 'shop/next',
    when: { kind: 'weight', percent },
  });
  const byHeader: Canary = {
    backend: CANARY,
    ingress: 'shop/next',
    when: { kind: 'header', name: 'x-next', value: 'yes' },
  };

  it('take their share of requests, under the policy of the route', async (test) => {
    const [main, next] = [await upstreamFor(test), await upstreamFor(test)];
    let draw = 0;
    const gateway = await startGateway(test, {
      table: tableWith({
        ports: [main.port],
        canaryPorts: [next.port],
        canaries: [weight(20)],
        plan: planOf(),
      }),
      // Two of any ten draws in a row are below a fifth.
      random: () => ((draw++ % 10) + 0.5) / 10,
    });
    const ask = async (): Promise<unknown> => exchange(gateway.port, get('/', `Authorization: ${BASIC}`));
    // The first request to each backend draws where its round of endpoints begins.
    while (main.requests().length === 0 || next.requests().length === 0) await ask();
    const [toMain, toNext] = [main.requests().length, next.requests().length];
    for (let count = 0; count < 10; count++) await ask();
    assert.equal(problemOf(await exchange(gateway.port, get('/'))).status, 401);
    assert.equal(main.requests().length, toMain + 8);
    assert.equal(next.requests().length, toNext + 2);
    await eventually('the records', async () => gateway.records.length === toMain + toNext + 11);
    assert.equal(
      gateway.records.filter(({ service, status }) => service === 'shop/orders-next' && status === 200)
        .length,
      toNext + 2,
    );
  });

  it('take requests with their header', async (test) => {
    const [main, next] = [await upstreamFor(test), await upstreamFor(test)];
    const gateway = await startGateway(test, {
      table: tableWith({ ports: [main.port], canaryPorts: [next.port], canaries: [byHeader] }),
    });
    await exchange(gateway.port, get('/', 'X-Next: yes'));
    await exchange(gateway.port, get('/', 'X-Next: no'));
    assert.deepEqual([main.requests().length, next.requests().length], [1, 1]);
  });

  it('keep the callers that session affinity leads to them, whatever chance says', async (test) => {
    const [main, next] = [await upstreamFor(test), await upstreamFor(test)];
    let draw = 0;
    const gateway = await startGateway(test, {
      table: tableWith({
        ports: [main.port],
        canaryPorts: [next.port],
        canaries: [weight(50)],
        options: { sessionAffinity: { cookie: 'route', maxAgeSeconds: undefined } },
      }),
      random: () => draw,
    });
    const cookie = /Set-Cookie: ([^;]+)/.exec(await exchange(gateway.port, get('/')))?.[1];
    draw = 0.99;
    await exchange(gateway.port, get('/', `Cookie: ${cookie}`));
    assert.deepEqual([main.requests().length, next.requests().length], [0, 2]);
  });
});
