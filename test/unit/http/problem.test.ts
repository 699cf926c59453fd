/** What a caller is told when the gateway answers itself. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { problemResponse, type ProblemInput } from '../../../src/http/problem.ts';
import { REASONS, type Reason } from '../../../src/model/reasons.ts';

const input: ProblemInput = {
  reason: 'NoRoute',
  requestId: 'id-1',
  detail: undefined,
  method: 'GET',
  retryAfterSeconds: undefined,
  challenge: undefined,
  isGrpc: false,
};

const challenge = { realm: 'orders', basic: true, bearer: 'none', scope: undefined } as const;

/** The values of all lines. */
function lines(changes: Partial<ProblemInput>, name: string): readonly string[] {
  const { headers } = problemResponse({ ...input, ...changes });
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1] === name);
}

describe('a problem', () => {
  it('is a document that names reason, status and request', () => {
    const { status, headers, body } = problemResponse({ ...input, detail: 'no host “é”' });
    assert.equal(status, 404);
    assert.deepEqual(JSON.parse(body), {
      type: 'https://oidc-ingress.io/docs/reference/reasons#NoRoute',
      title: 'No route matches this host and path',
      status: 404,
      reason: 'NoRoute',
      detail: 'no host “é”',
      instance: 'id-1',
    });
    assert.deepEqual(headers, [
      'Content-Type',
      'application/problem+json',
      'Content-Length',
      String(Buffer.byteLength(body)),
      'Cache-Control',
      'no-store',
      'X-Request-Id',
      'id-1',
    ]);
  });

  it('holds no detail where there is none', () => {
    assert.equal('detail' in (JSON.parse(problemResponse(input).body) as object), false);
  });

  it('has no body for HEAD, and the length that GET would have', () => {
    const head = problemResponse({ ...input, method: 'HEAD' });
    assert.equal(head.body, '');
    assert.deepEqual(head.headers, problemResponse(input).headers);
  });

  it('asks for a retry after whole seconds, at least one', () => {
    assert.deepEqual(lines({ retryAfterSeconds: 1.2 }, 'Retry-After'), ['2']);
    assert.deepEqual(lines({ retryAfterSeconds: -3 }, 'Retry-After'), ['1']);
  });
});

describe('the challenge', () => {
  const cases: readonly { name: string; given: Partial<ProblemInput>; want: readonly string[] }[] = [
    {
      name: 'offers Basic',
      given: { reason: 'MissingCredentials', challenge },
      want: ['Basic realm="orders", charset="UTF-8"'],
    },
    {
      name: 'offers Bearer beside Basic in a line of its own',
      given: { reason: 'MissingCredentials', challenge: { ...challenge, bearer: 'plain' } },
      want: ['Basic realm="orders", charset="UTF-8"', 'Bearer realm="orders"'],
    },
    {
      name: 'says that a token is invalid',
      given: { reason: 'InvalidToken', challenge: { ...challenge, basic: false, bearer: 'invalid_token' } },
      want: ['Bearer realm="orders", error="invalid_token"'],
    },
    {
      name: 'says which scope would suffice',
      given: {
        reason: 'InsufficientScope',
        challenge: { ...challenge, bearer: 'insufficient_scope', scope: 'a b' },
      },
      want: ['Bearer realm="orders", error="insufficient_scope", scope="a b"'],
    },
    {
      name: 'is not made with other statuses',
      given: { reason: 'BadRequest', challenge: { ...challenge, bearer: 'plain' } },
      want: [],
    },
    {
      name: 'speaks of scopes with 403 only',
      given: { reason: 'BadRequest', challenge: { ...challenge, bearer: 'insufficient_scope' } },
      want: [],
    },
    {
      name: 'cannot be broken out of',
      given: { reason: 'MissingCredentials', challenge: { ...challenge, realm: 'a"\\\r\nX: é' } },
      want: ['Basic realm="a\\"\\\\X: ", charset="UTF-8"'],
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => assert.deepEqual(lines(given, 'WWW-Authenticate'), want));
  }
});

describe('a problem for gRPC', () => {
  const grpc = { isGrpc: true };
  const statuses: readonly { reason: Reason; want: string }[] = [
    { reason: 'MissingCredentials', want: '16' },
    { reason: 'InsufficientScope', want: '7' },
    { reason: 'ProviderUnavailable', want: '14' },
    { reason: 'UpstreamTimeout', want: '14' },
    { reason: 'CallerQuotaExceeded', want: '8' },
    { reason: 'NoRoute', want: '12' },
    { reason: 'BadRequest', want: '13' },
  ];
  for (const { reason, want } of statuses) {
    it(`is status ${want} for ${reason}`, () => {
      assert.equal(problemResponse({ ...input, ...grpc, reason }).status, 200);
      assert.deepEqual(lines({ ...grpc, reason }, 'grpc-status'), [want]);
    });
  }

  it('is trailers alone, with a percent-encoded message', () => {
    const response = problemResponse({ ...input, ...grpc, detail: '100 % “é”\n' });
    assert.equal(response.body, '');
    assert.deepEqual(lines({ ...grpc, detail: '100 % “é”\n' }, 'grpc-message'), [
      'No route matches this host and path: 100 %25 %E2%80%9C%C3%A9%E2%80%9D%0A',
    ]);
    assert.deepEqual(lines(grpc, 'Content-Type'), ['application/grpc']);
  });
});

it('every reason has a problem whose status is that of the table', () => {
  for (const [reason, { status, title }] of Object.entries(REASONS)) {
    const response = problemResponse({ ...input, reason: reason as Reason });
    assert.equal(response.status, status);
    assert.equal((JSON.parse(response.body) as { title: string }).title, title);
  }
});
