/** What a policy makes of a request: who passes, what the upstream gets, and what those are told who do not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ExchangeOutcome, Refusal } from '../../../src/authz/ports.ts';
import type { PolicyPlan } from '../../../src/model/table.ts';
import { eventually } from '../../support/eventually.ts';
import {
  BASIC,
  credentialsPlan,
  grantOf,
  head,
  planOf,
  route,
  startGateway,
  tableFor,
  type Gateway,
  type GatewayOptions,
} from './harness.ts';
import { exchange, openCaller, parseResponse, startFixedUpstream, type RawUpstream } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const AUTHORIZATION = `Authorization: ${BASIC}`;
const CLOSE = 'Connection: close';

type Answer = ReturnType<typeof parseResponse> & { readonly problem: Readonly<Record<string, unknown>> };

interface World {
  readonly gateway: Gateway;
  readonly upstream: RawUpstream;
  /** Sends a request and gives the answer. */
  readonly send: (line: string, headers?: readonly string[], body?: string) => Promise<Answer>;
  /** What the upstream got of the only request. */
  readonly received: () => string;
}

async function setUp(
  test: { after(fn: () => Promise<void>): void },
  plan: PolicyPlan,
  options: Partial<GatewayOptions> = {},
): Promise<World> {
  const upstream = await startFixedUpstream(OK);
  test.after(() => upstream.close());
  const table = tableFor([upstream.port], { plan, identityHeaders: ['x-client', 'x-tenant', 'x-token'] });
  const gateway = await startGateway(test, { table, ...options });
  return {
    gateway,
    upstream,
    async send(line, headers = [], body = '') {
      const answer = await exchange(gateway.port, head(`${line} HTTP/1.1`, HOST, CLOSE, ...headers) + body);
      const response = parseResponse(answer);
      const isProblem = response.head.includes('application/problem+json') && response.body !== '';
      return {
        ...response,
        problem: isProblem ? (JSON.parse(response.body) as Record<string, unknown>) : {},
      };
    },
    received: () => upstream.conversations.map(({ text }) => text).join(''),
  };
}

function refusal(changes: Partial<Refusal>): Refusal {
  return {
    kind: 'refused',
    reason: 'InvalidClient',
    detail: 'the provider says so',
    keepUntilMs: undefined,
    retryAtMs: undefined,
    ...changes,
  };
}

describe('a caller with credentials', () => {
  it('passes with the token in their place', async (test) => {
    const { send, received, gateway } = await setUp(test, planOf());
    assert.equal((await send('GET /v1', [AUTHORIZATION])).status, 200);
    assert.match(received(), /\r\nAuthorization: Bearer the\.access\.token\r\n/);
    assert.doesNotMatch(received(), new RegExp(BASIC));
    const [asked] = gateway.asked;
    assert.equal(asked?.kind === 'exchange' && asked.clientId, 'partner');
    assert.equal(asked?.kind === 'exchange' && asked.clientSecret.reveal(), 'S3cret');
    assert.equal(asked?.kind === 'exchange' && asked.purpose, 'miss');
    const record = await gateway.record();
    assert.equal(record.authOutcome, 'allow');
    assert.equal(record.clientId, 'partner');
    assert.equal(record.credentialSource, 'Basic');
    assert.equal(record.policy, 'shop/orders-api');
    assert.equal(record.service, 'shop/orders');
  });

  it('passes without a question where the thread knows the token', async (test) => {
    const { send, gateway } = await setUp(test, planOf(), { known: () => grantOf() });
    assert.equal((await send('GET /', [AUTHORIZATION])).status, 200);
    assert.equal(gateway.asked.length, 0);
  });

  it('passes with a token that is about to expire, which is renewed in the background', async (test) => {
    const { send, gateway } = await setUp(test, planOf(), {
      known: () => grantOf({ refreshFromMs: 0 }),
      outcome: () => new Promise(() => {}),
    });
    assert.equal((await send('GET /', [AUTHORIZATION])).status, 200);
    assert.deepEqual(
      gateway.asked.map((request) => request.kind === 'exchange' && request.purpose),
      ['refresh'],
    );
  });

  it('that goes away while the provider is asked is recorded as such, and nothing is sent on', async (test) => {
    const pending = Promise.withResolvers<ExchangeOutcome>();
    const { gateway, upstream } = await setUp(test, planOf(), { outcome: () => pending.promise });
    const caller = await openCaller(gateway.port);
    caller.send(head('GET / HTTP/1.1', HOST, AUTHORIZATION));
    await eventually('the question', async () => gateway.asked.length === 1);
    caller.socket.destroy();
    assert.equal((await gateway.record()).reason, 'ClientClosed');
    pending.resolve(grantOf());
    await pending.promise;
    assert.equal(upstream.conversations.length, 0);
  });
});

const REFUSALS: readonly {
  readonly name: string;
  readonly plan?: Partial<PolicyPlan>;
  readonly outcome?: ExchangeOutcome;
  readonly headers?: readonly string[];
  readonly want: {
    readonly status: number;
    readonly reason: string;
    readonly detail?: string;
    readonly outcome?: string;
  };
  readonly header?: RegExp;
}[] = [
  {
    name: 'no credentials',
    want: { status: 401, reason: 'MissingCredentials' },
    header: /\r\nWWW-Authenticate: Basic realm="orders-api", charset="UTF-8"\r\n/,
  },
  {
    name: 'credentials of a scheme that the policy does not take',
    headers: ['Authorization: Bearer abc'],
    want: {
      status: 401,
      reason: 'MissingCredentials',
      detail: 'what Authorization holds is not taken on this path',
    },
  },
  {
    name: 'credentials that cannot be read',
    headers: ['Authorization: Basic !!!'],
    want: { status: 401, reason: 'MalformedCredentials' },
  },
  {
    name: 'a client that the policy does not list',
    plan: { require: { scopes: [], scopesClaim: 'scope', claims: [], clients: ['another'] } },
    headers: [AUTHORIZATION],
    want: { status: 403, reason: 'ClientNotAllowed' },
  },
  {
    name: 'a secret that the provider refuses',
    headers: [AUTHORIZATION],
    outcome: refusal({}),
    want: { status: 401, reason: 'InvalidClient' },
    header: /\r\nWWW-Authenticate: Basic /,
  },
  {
    name: 'a client without a grant',
    headers: [AUTHORIZATION],
    outcome: refusal({ reason: 'GrantMissing' }),
    want: { status: 403, reason: 'GrantMissing' },
  },
  {
    name: 'a token without a required scope',
    plan: { require: { scopes: ['write:orders'], scopesClaim: 'scope', claims: [], clients: [] } },
    headers: [AUTHORIZATION],
    want: { status: 403, reason: 'InsufficientScope' },
  },
  {
    name: 'a provider that is down',
    headers: [AUTHORIZATION],
    outcome: refusal({ reason: 'ProviderUnavailable', retryAtMs: Date.now() + 60_000 }),
    want: { status: 503, reason: 'ProviderUnavailable', outcome: 'unavailable' },
    header: /\r\nRetry-After: (?:59|60)\r\n/,
  },
  {
    name: 'credentials in clear text where TLS is asked for',
    plan: { transport: 'TlsOnly' },
    headers: [AUTHORIZATION],
    want: { status: 403, reason: 'TlsRequired' },
  },
  {
    name: 'a claim of TLS by a peer that is not trusted',
    plan: { transport: 'TlsOnly' },
    headers: [AUTHORIZATION, 'X-Forwarded-Proto: https'],
    want: { status: 403, reason: 'TlsRequired' },
  },
];

describe('a caller is refused for', () => {
  for (const { name, plan, outcome = grantOf(), headers = [], want, header } of REFUSALS) {
    it(name, async (test) => {
      const { send, upstream, gateway } = await setUp(test, planOf(plan), { outcome: () => outcome });
      const answer = await send('GET /', headers);
      assert.equal(answer.status, want.status);
      assert.equal(answer.problem['reason'], want.reason);
      if (want.detail !== undefined) assert.equal(answer.problem['detail'], want.detail);
      const record = await gateway.record();
      assert.equal(answer.problem['instance'], record.requestId);
      assert.match(answer.head, new RegExp(`\r\nX-Request-Id: ${record.requestId}\r\n`));
      if (header !== undefined) assert.match(answer.head, header);
      assert.equal(upstream.conversations.length, 0);
      assert.equal(record.reason, want.reason);
      assert.equal(record.authOutcome, want.outcome ?? 'deny');
      assert.doesNotMatch(JSON.stringify(record), /S3cret/);
    });
  }

  it('nothing that its unread body could smuggle past', async (test) => {
    const { send, upstream } = await setUp(test, planOf());
    const body = head('GET /smuggled HTTP/1.1', HOST, AUTHORIZATION);
    const answer = await send('POST /', [`Content-Length: ${body.length + 100}`], body);
    assert.equal(answer.status, 401);
    assert.match(answer.head, /\r\nConnection: close/);
    assert.equal(upstream.conversations.length, 0);
  });

  it('a request after an unread body: the connection has been given up', async (test) => {
    const { gateway, upstream } = await setUp(test, planOf());
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, 'Content-Length: 5'));
    await caller.until((text) => text.endsWith('}'));
    caller.send(`hello${head('GET /next HTTP/1.1', HOST, AUTHORIZATION)}`);
    assert.equal((await caller.closed()).match(/HTTP\/1\.1 /g)?.length, 1);
    assert.equal(gateway.asked.length, 0);
    assert.equal(upstream.conversations.length, 0);
  });

  it('a large body and is told so while it still sends', async (test) => {
    const { gateway } = await setUp(test, planOf());
    const caller = await openCaller(gateway.port);
    caller.send(head('POST / HTTP/1.1', HOST, 'Content-Length: 50000000')).send(Buffer.alloc(20_000_000));
    assert.equal(parseResponse(await caller.until((text) => text.endsWith('}'))).status, 401);
    caller.socket.end();
    await caller.closed();
  });

  it('nothing before its body is sent: no 100 Continue', async (test) => {
    const { gateway } = await setUp(test, planOf());
    const answer = await exchange(
      gateway.port,
      head('POST / HTTP/1.1', HOST, 'Expect: 100-continue', 'Content-Length: 10'),
    );
    assert.equal(parseResponse(answer).status, 401);
  });

  it('a bearer token that does not verify, with the challenge of RFC 6750', async (test) => {
    const { send, gateway } = await setUp(test, planOf({ bearer: true }), {
      outcome: () => refusal({ reason: 'InvalidToken' }),
    });
    const answer = await send('GET /', ['Authorization: Bearer a.b.c']);
    assert.equal(answer.status, 401);
    assert.match(answer.head, /\r\nWWW-Authenticate: Bearer [^\r\n]*error="invalid_token"/);
    assert.equal(gateway.asked[0]?.kind, 'bearer');
  });

  it('a bearer token without scope, with the scope that it lacks', async (test) => {
    const require = { scopes: ['write:orders'], scopesClaim: 'scope', claims: [], clients: [] };
    const { send } = await setUp(test, planOf({ bearer: true, require }));
    const answer = await send('GET /', ['Authorization: Bearer a.b.c']);
    assert.equal(answer.status, 403);
    assert.match(answer.head, /error="insufficient_scope"[^\r\n]*scope="write:orders"/);
  });

  it('a policy that is not in the table', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const table = tableFor([upstream.port], { plan: planOf() });
    const gateway = await startGateway(test, { table: { ...table, plans: {} } });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, AUTHORIZATION, CLOSE));
    assert.equal(parseResponse(answer).status, 503);
    assert.equal((await gateway.record()).reason, 'PolicyUnavailable');
  });

  it('a route that refuses, with the policy that would have protected it in the record', async (test) => {
    const action = { kind: 'refuse', reason: 'PolicyUnavailable', cause: 'x', policy: 'shop/gone' } as const;
    const table = {
      ...tableFor([]),
      hosts: { 'shop.example.com': { routes: [{ ...route(undefined), action }] } },
    };
    const gateway = await startGateway(test, { table });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', HOST, CLOSE));
    assert.equal(parseResponse(answer).status, 503);
    const record = await gateway.record();
    assert.equal(record.policy, 'shop/gone');
    assert.equal(record.authOutcome, 'unavailable');
  });

  it('no route at all', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([]) });
    const answer = await exchange(gateway.port, head('GET / HTTP/1.1', 'Host: else.example.com', CLOSE));
    assert.equal(parseResponse(answer).status, 404);
    assert.equal((await gateway.record()).reason, 'NoRoute');
  });
});

describe('what the upstream gets', () => {
  it('is no identity header of the caller, however it is written', async (test) => {
    const plan = planOf({
      upstream: {
        token: { kind: 'header', header: 'x-token' },
        claimHeaders: [
          { header: 'x-client', claim: ['azp'] },
          { header: 'x-tenant', claim: ['absent'] },
        ],
        hideCredentials: true,
      },
    });
    const { send, received } = await setUp(test, plan);
    const forged = ['X-CLIENT: evil', 'x_client: evil', 'X-Tenant: evil', 'x_Token: evil', 'X-Fine: kept'];
    assert.equal((await send('GET /', [AUTHORIZATION, ...forged])).status, 200);
    assert.doesNotMatch(received(), /evil|^authorization:/im);
    assert.match(received(), /\r\nx-token: the\.access\.token\r\nx-client: partner\r\n/);
    assert.match(received(), /\r\nX-Fine: kept\r\n/);
  });

  it('is none on an open route either', async (test) => {
    const upstream = await startFixedUpstream(OK);
    test.after(() => upstream.close());
    const table = tableFor([upstream.port], { identityHeaders: ['x-client'] });
    const gateway = await startGateway(test, { table });
    const lines = ['GET / HTTP/1.1', HOST, CLOSE, 'X_Client: evil', 'Authorization: Bearer of.the.app'];
    await exchange(gateway.port, head(...lines));
    assert.doesNotMatch(upstream.requests().join(''), /evil/);
    assert.match(upstream.requests().join(''), /\r\nAuthorization: Bearer of\.the\.app\r\n/);
    assert.equal((await gateway.record()).authOutcome, 'open');
  });

  it('is the query without the credentials, the rest byte for byte', async (test) => {
    const clientCredentials = credentialsPlan({ sources: ['Query'] });
    const { send, received, gateway } = await setUp(test, planOf({ clientCredentials }));
    const answer = await send('GET /a?b=%7e&client_id=partner&c&client_secret=S3cret&d=1%2B2');
    assert.equal(answer.status, 200);
    assert.match(received(), /^GET \/a\?b=%7e&c&d=1%2B2 HTTP\/1\.1\r\n/);
    const record = await gateway.record();
    assert.doesNotMatch(record.path, /S3cret/);
    assert.equal(record.credentialSource, 'Query');
  });

  it('is the body without the credentials, its length set right', async (test) => {
    const clientCredentials = credentialsPlan({ sources: ['Basic', 'Body'] });
    const { send, received, gateway } = await setUp(test, planOf({ clientCredentials }));
    const body = 'a=1&client_id=partner&client_secret=S3cret&b=2';
    const type = 'Content-Type: application/x-www-form-urlencoded';
    assert.equal((await send('POST /', [type, `Content-Length: ${body.length}`], body)).status, 200);
    assert.match(received(), /\r\nContent-Length: 7\r\n.*\r\n\r\na=1&b=2$/s);
    assert.equal((await gateway.record()).credentialSource, 'Body');
  });

  it('is a body that came in chunks with a length, when it was read for credentials', async (test) => {
    const clientCredentials = credentialsPlan({ sources: ['Body'] });
    const { send, received } = await setUp(test, planOf({ clientCredentials }));
    const body = '{"client_id":"partner","client_secret":"S3cret","n":1}';
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    assert.equal((await send('POST /', headers, chunked)).status, 200);
    assert.doesNotMatch(received(), /S3cret|transfer-encoding/i);
    assert.match(received(), /\r\nContent-Length: \d+\r\n/);
  });

  it('is nothing when the body is too large to be searched', async (test) => {
    const clientCredentials = credentialsPlan({ sources: ['Body'] });
    const { send, upstream } = await setUp(test, planOf({ clientCredentials }));
    const headers = ['Content-Type: application/json', 'Content-Length: 70000'];
    const answer = await send('POST /', headers, 'x'.repeat(70_000));
    assert.equal(answer.status, 413);
    assert.equal(answer.problem['reason'], 'BodyTooLarge');
    assert.equal(upstream.conversations.length, 0);
  });

  it('on an exempt path comes without a token, without identity and without the credentials', async (test) => {
    const exempt = [{ path: '/health', pathType: 'Exact', methods: [] }] as const;
    const { send, received, gateway } = await setUp(test, planOf({ exempt }));
    const answer = await send('GET /health', [AUTHORIZATION, 'X-Client: evil']);
    assert.equal(answer.status, 200);
    assert.doesNotMatch(received(), /evil|^authorization:/im);
    assert.equal(gateway.asked.length, 0);
    assert.equal((await gateway.record()).authOutcome, 'exempt');
  });

  it('tells of the caller by what a trusted proxy said', async (test) => {
    const { send, received, gateway } = await setUp(test, planOf({ transport: 'TlsOnly' }), {
      trusted: ['127.0.0.1'],
    });
    const forwarded = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Request-Id: abc-1'];
    assert.equal((await send('GET /', [AUTHORIZATION, ...forwarded])).status, 200);
    assert.match(received(), /\r\nX-Forwarded-For: 203\.0\.113\.9, 127\.0\.0\.1\r\n/);
    assert.match(received(), /\r\nX-Request-Id: abc-1\r\n/);
    const record = await gateway.record();
    assert.equal(record.clientAddress, '203.0.113.9');
    assert.equal(record.requestId, 'abc-1');
  });
});

describe('a dry run', () => {
  it('lets everything through as it came, but for forged identity, and records what would have been', async (test) => {
    const { send, received, gateway } = await setUp(test, planOf({ mode: 'DryRun' }), {
      outcome: () => refusal({}),
    });
    const answer = await send('GET /?client_id=a&client_secret=S3cret', [AUTHORIZATION, 'X-Client: evil']);
    assert.equal(answer.status, 200);
    assert.match(received(), new RegExp(`\r\nAuthorization: ${BASIC}\r\n`));
    assert.match(received(), /^GET \/\?client_id=a&client_secret=S3cret HTTP/);
    assert.doesNotMatch(received(), /evil/);
    const record = await gateway.record();
    assert.equal(record.status, 200);
    assert.equal(record.authOutcome, 'deny');
    assert.equal(record.reason, 'InvalidClient');
    assert.doesNotMatch(record.path, /S3cret/);
  });

  it('does not wait for the provider, but its record does', async (test) => {
    const pending = Promise.withResolvers<ExchangeOutcome>();
    const { send, gateway } = await setUp(test, planOf({ mode: 'DryRun' }), {
      outcome: () => pending.promise,
    });
    assert.equal((await send('GET /', [AUTHORIZATION])).status, 200);
    assert.equal(gateway.records.length, 0);
    pending.resolve(grantOf());
    assert.equal((await gateway.record()).authOutcome, 'allow');
  });

  it('passes a body on that is too large to be searched for credentials', async (test) => {
    const clientCredentials = credentialsPlan({ sources: ['Body'] });
    const { send, received, gateway } = await setUp(test, planOf({ mode: 'DryRun', clientCredentials }));
    const headers = ['Content-Type: application/json', 'Content-Length: 200000'];
    assert.equal((await send('POST /', headers, 'x'.repeat(200_000))).status, 200);
    await eventually('the whole body', async () => /\r\n\r\nx{200000}$/.test(received()));
    assert.equal((await gateway.record()).reason, 'BodyTooLarge');
  });
});

describe('a fault of the gateway', () => {
  it('opens nothing: 503, logged, and the next request is served', async (test) => {
    let isBroken = true;
    const { send, gateway, upstream } = await setUp(test, planOf(), {
      known: () => {
        if (isBroken) throw new Error('a bug');
        return grantOf();
      },
    });
    const answer = await send('GET /', [AUTHORIZATION]);
    assert.equal(answer.status, 503);
    assert.equal(answer.problem['reason'], 'PolicyUnavailable');
    assert.equal(upstream.conversations.length, 0);
    assert.equal(gateway.logger.lines[0]?.level, 'error');
    isBroken = false;
    assert.equal((await send('GET /', [AUTHORIZATION])).status, 200);
  });
});
