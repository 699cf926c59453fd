/** Every reason that a caller can be told, provoked through the whole gateway: status, headers, body, and the upstream untouched. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';

import type { Auth0Emulator } from '../../../src/dev/auth0-emulator.ts';
import { REASONS, type Reason } from '../../../src/model/reasons.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { call as plainCall, type Call } from '../../support/http-client.ts';
import {
  AUDIENCE,
  CLIENT,
  RIGHT,
  WRONG,
  ingress,
  protectedBy,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const BASIC_CHALLENGE = /^Basic realm="main", charset="UTF-8"/;

interface Case {
  readonly reason: Reason;
  readonly name: string;
  readonly host?: string;
  readonly call?: Omit<Call, 'port' | 'host'>;
  readonly prepare?: (auth0: Auth0Emulator, world: World) => void | Promise<void>;
  /** Over TLS, whose handshake names this host. */
  readonly serverName?: string;
  readonly challenge?: RegExp;
  readonly isRetryAfterWanted?: boolean;
}

/** A client of its own for each case that plays a fault: nothing is cached for it. */
const fresh = (name: string): string => `${name}:${CLIENT.secret}`;

const CASES: readonly Case[] = [
  { reason: 'MissingCredentials', name: 'no credentials', challenge: BASIC_CHALLENGE },
  {
    reason: 'MalformedCredentials',
    name: 'Basic that is not base64',
    call: { headers: { authorization: 'Basic %%%' } },
    challenge: BASIC_CHALLENGE,
  },
  {
    reason: 'MalformedCredentials',
    name: 'Basic without a colon',
    call: { headers: { authorization: `Basic ${btoa('justname')}` } },
  },
  { reason: 'MalformedCredentials', name: 'an empty client ID', call: { basic: ':secret' } },
  {
    reason: 'MalformedCredentials',
    name: 'a control character in the client ID',
    call: { basic: 'a\u0007b:secret' },
  },
  {
    reason: 'AmbiguousCredentials',
    name: 'header and query that disagree',
    call: { basic: RIGHT, path: '/?client_id=other&client_secret=x' },
  },
  {
    reason: 'BodyTooLarge',
    name: 'a form above 64 KiB',
    call: { method: 'POST', headers: FORM, body: `a=${'x'.repeat(70_000)}` },
  },
  {
    reason: 'MalformedBody',
    name: 'a JSON body that is not JSON',
    call: { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"client_id":' },
  },
  { reason: 'InvalidClient', name: 'a wrong secret', call: { basic: WRONG }, challenge: BASIC_CHALLENGE },
  {
    reason: 'InvalidClient',
    name: 'an unknown client',
    call: { basic: 'nobody:secret' },
    challenge: BASIC_CHALLENGE,
  },
  {
    reason: 'GrantMissing',
    name: 'a client without a grant for the API',
    call: { basic: fresh('without-grant') },
  },
  { reason: 'GrantMissing', name: 'a scope that is not granted', host: 'ask-scope', call: { basic: RIGHT } },
  {
    reason: 'ClientNotAllowed',
    name: 'a client that the policy does not list',
    host: 'clients',
    call: { basic: RIGHT },
  },
  {
    reason: 'InsufficientScope',
    name: 'a token without a required scope',
    host: 'scope',
    call: { basic: RIGHT },
  },
  {
    reason: 'InsufficientScope',
    name: 'a rule for the method that asks for more',
    host: 'rules',
    call: { basic: RIGHT, method: 'POST', body: '' },
  },
  {
    reason: 'AudienceMismatch',
    name: 'a token for another audience than required',
    host: 'audience',
    call: { basic: RIGHT },
  },
  {
    reason: 'ClaimMismatch',
    name: 'a token without a required claim',
    host: 'claim',
    call: { basic: RIGHT },
  },
  {
    reason: 'InvalidToken',
    name: 'a bearer that is no token',
    call: { headers: { authorization: 'Bearer abc.def.ghi' } },
    challenge: /Bearer realm="main", error="invalid_token"/,
  },
  {
    reason: 'TlsRequired',
    name: 'credentials in clear text under TlsOnly',
    host: 'tls',
    call: { basic: RIGHT },
  },
  {
    reason: 'CallerQuotaExceeded',
    name: 'the quota of the client at Auth0',
    call: { basic: fresh('quota') },
    isRetryAfterWanted: true,
    prepare: (auth0) =>
      auth0.faults.token.next(1, {
        answer: {
          status: 429,
          body: '{"error":"too_many_requests"}',
          headers: { 'Auth0-Client-Quota-Limit': 'b=per_hour;q=10;r=0;t=120', 'Retry-After': '120' },
        },
      }),
  },
  {
    reason: 'CallerQuotaExceeded',
    name: 'exchanges per minute of the policy',
    host: 'exchanges',
    call: { basic: fresh('without-grant') },
    isRetryAfterWanted: true,
  },
  {
    reason: 'TooManyFailures',
    name: 'one wrong secret after another',
    host: 'failures',
    call: { basic: `${CLIENT.id}:third` },
    isRetryAfterWanted: true,
  },
  {
    reason: 'ProviderUnavailable',
    name: 'a token endpoint that answers 500',
    host: 'faulty',
    call: { basic: fresh('five-hundred') },
    isRetryAfterWanted: true,
    prepare: (auth0) =>
      auth0.faults.token.next(1, {
        answer: { status: 500, body: '<html>oops</html>', headers: { 'content-type': 'text/html' } },
      }),
  },
  {
    reason: 'ProviderUnavailable',
    name: 'a token endpoint that hangs up',
    host: 'faulty',
    call: { basic: fresh('hang-up') },
    isRetryAfterWanted: true,
    prepare: (auth0) => auth0.faults.token.next(2, { hangUp: true }),
  },
  {
    reason: 'ProviderUnavailable',
    name: 'a token endpoint slower than the timeout',
    host: 'faulty',
    call: { basic: fresh('slow') },
    isRetryAfterWanted: true,
    prepare: (auth0) => auth0.faults.token.next(1, { delayMs: 1_500 }),
  },
  {
    reason: 'ProviderUnavailable',
    name: 'a provider that is not there',
    host: 'gone',
    call: { basic: RIGHT },
    isRetryAfterWanted: true,
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'an unknown audience',
    host: 'unknown-api',
    call: { basic: RIGHT },
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'invalid_request',
    call: { basic: fresh('invalid-request') },
    prepare: (auth0) =>
      auth0.faults.token.next(1, { answer: { status: 400, body: '{"error":"invalid_request"}' } }),
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'an empty 200',
    call: { basic: fresh('empty') },
    prepare: (auth0) => auth0.faults.token.next(1, { answer: { status: 200, body: '' } }),
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'a 200 with HTML',
    call: { basic: fresh('html') },
    prepare: (auth0) =>
      auth0.faults.token.next(1, {
        answer: { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } },
      }),
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'a 200 without access_token',
    call: { basic: fresh('no-token') },
    prepare: (auth0) =>
      auth0.faults.token.next(1, { answer: { status: 200, body: '{"token_type":"Bearer"}' } }),
  },
  {
    reason: 'TokenRejected',
    name: 'an opaque token',
    call: { basic: RIGHT.replace(CLIENT.id, 'second') },
    prepare: (auth0) => auth0.faults.token.next(1, { flaw: 'opaque' }),
  },
  {
    reason: 'TokenRejected',
    name: 'a token with a bad signature',
    host: 'fresh-1',
    call: { basic: RIGHT },
    prepare: (auth0) => auth0.faults.token.next(1, { flaw: 'bad-signature' }),
  },
  {
    reason: 'TokenRejected',
    name: 'a token of another issuer',
    host: 'fresh-2',
    call: { basic: RIGHT },
    prepare: (auth0) => auth0.faults.token.next(1, { flaw: 'wrong-issuer' }),
  },
  {
    reason: 'TokenRejected',
    name: 'a token bound to another client',
    host: 'fresh-3',
    call: { basic: RIGHT },
    prepare: (auth0) => auth0.faults.token.next(1, { flaw: 'wrong-client' }),
  },
  // The last that asks the provider: it asks to be left alone for a while.
  {
    reason: 'ProviderRateLimited',
    name: 'the rate limit of the tenant',
    call: { basic: fresh('rate') },
    isRetryAfterWanted: true,
    prepare: (auth0) =>
      auth0.faults.token.next(1, {
        answer: {
          status: 429,
          body: '{"error":"too_many_requests"}',
          headers: { 'X-RateLimit-Remaining': '0', 'Retry-After': '2' },
        },
      }),
  },
  {
    reason: 'PolicyUnavailable',
    name: 'a policy that does not exist',
    host: 'no-policy',
    call: { basic: RIGHT },
  },
  { reason: 'PolicyUnavailable', name: 'a policy with a typo', host: 'typo', call: { basic: RIGHT } },
  { reason: 'BadRequest', name: 'dot segments in the path', call: { basic: RIGHT, path: '/a/%2e%2e/b' } },
  {
    reason: 'BadRequest',
    name: 'a path that is another route to who decodes it',
    host: 'ambiguous',
    call: { path: '//admin' },
  },
  {
    reason: 'MisdirectedRequest',
    name: 'a connection that was made for another host',
    serverName: 'other.example.com',
    call: { basic: RIGHT },
  },
  { reason: 'SourceNotAllowed', name: 'an address that is not on the list', host: 'sources' },
  {
    reason: 'RateLimited',
    name: 'one request more than may be',
    host: 'rate',
    isRetryAfterWanted: true,
    prepare: async (_auth0, world) => {
      await world.call({ host: 'rate.example.com' });
    },
  },
  {
    reason: 'BodyTooLarge',
    name: 'a body above the limit of the Ingress',
    host: 'size',
    call: { method: 'POST', body: 'x'.repeat(1_025) },
  },
  {
    reason: 'Overloaded',
    name: 'a service with as many requests as it may have',
    host: 'busy',
    call: { basic: RIGHT },
    isRetryAfterWanted: true,
    prepare: async (_auth0, world) => {
      const before = world.upstream.requests;
      void world.call({ host: 'busy.example.com', basic: RIGHT, path: '/delay/900' });
      await eventually('the first request', async () => world.upstream.requests > before);
    },
  },
  { reason: 'NoRoute', name: 'a host without a route', host: 'nowhere' },
  { reason: 'NoEndpoints', name: 'a Service without endpoints', host: 'idle', call: { basic: RIGHT } },
  {
    reason: 'UpstreamUnreachable',
    name: 'an endpoint where nobody listens',
    host: 'closed',
    call: { basic: RIGHT },
  },
  {
    reason: 'UpstreamTimeout',
    name: 'an endpoint that takes too long',
    host: 'main',
    call: { basic: RIGHT, path: '/delay/5000' },
  },
  {
    reason: 'UpstreamProtocolError',
    name: 'an endpoint that does not speak HTTP',
    host: 'garbage',
    call: { basic: RIGHT },
  },
];

/** Service and EndpointSlice of that name; without a port there are no endpoints. */
function service(name: string, port?: number): string {
  const endpoints = port === undefined ? '[]' : '[{ addresses: [127.0.0.1] }]';
  return `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: ${port ?? 1} }]
endpoints: ${endpoints}
`;
}

function manifests(issuer: string, ports: { upstream: number; garbage: number; closed: number }): string {
  const provider = `provider: { issuer: "${issuer}" }`;
  const grant = `clientCredentials: { audience: "${AUDIENCE}" }`;
  const on = (name: string, backend: string): string =>
    ingress(`${name}.example.com`, 'main').replace('service: { name: orders', `service: { name: ${backend}`);
  return [
    surroundings(ports.upstream),
    protectedBy(
      'main',
      `{ ${provider}, bearer: {}, limits: { failuresPerMinute: 1000 }, clientCredentials: { audience: "${AUDIENCE}", sources: [Basic, Query, Body] } }`,
    ),
    protectedBy(
      'ask-scope',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", scopes: ["delete:orders"] } }`,
    ),
    protectedBy('clients', `{ ${provider}, ${grant}, require: { clients: [somebody-else] } }`),
    protectedBy('scope', `{ ${provider}, ${grant}, require: { scopes: ["admin"] } }`),
    protectedBy(
      'rules',
      `{ ${provider}, ${grant}, rules: [{ methods: [POST], require: { scopes: ["write:orders"] } }] }`,
    ),
    protectedBy(
      'audience',
      `{ ${provider}, ${grant}, require: { audiences: ["https://other.example.com/"] } }`,
    ),
    protectedBy(
      'claim',
      `{ ${provider}, ${grant}, require: { claims: [{ path: [azp], operator: Equals, values: [somebody-else] }] } }`,
    ),
    protectedBy('tls', `{ ${provider}, ${grant}, transport: TlsOnly }`),
    protectedBy(
      'exchanges',
      `{ ${provider}, ${grant}, realm: exchanges, cache: { forbiddenTtl: 0s }, limits: { exchangesPerMinute: 1, failuresPerMinute: 1000 } }`,
    ),
    protectedBy(
      'failures',
      `{ ${provider}, ${grant}, cache: { rejectedTtl: 0s }, limits: { failuresPerMinute: 2 } }`,
    ),
    protectedBy('faulty', `{ provider: { issuer: "${issuer}", timeout: 500ms }, ${grant} }`),
    protectedBy('gone', `{ provider: { issuer: "http://127.0.0.1:${ports.closed}/" }, ${grant} }`),
    protectedBy(
      'unknown-api',
      `{ ${provider}, clientCredentials: { audience: "https://no-such-api.example.com/" } }`,
    ),
    ...['fresh-1', 'fresh-2', 'fresh-3'].map((name) =>
      protectedBy(
        name,
        `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", parameters: [{ name: once, value: ${name} }] } }`,
      ),
    ),
    ingress('no-policy.example.com', 'no-such-policy'),
    ingress('ambiguous.example.com'),
    ingress('ambiguous.example.com', 'main')
      .replace('path: /,', 'path: /admin,')
      .replace('name: ambiguous-example-com', 'name: ambiguous-admin'),
    ingress('sources.example.com', undefined, { 'allow-source-ranges': '192.0.2.0/24' }),
    ingress('rate.example.com', undefined, { 'rate-limit': '1/1h' }),
    ingress('size.example.com', undefined, { 'max-body-size': '1k' }),
    protectedBy('typo', `{ ${provider}, clientCredential: {} }`),
    on('busy', 'busy'),
    service('busy', ports.upstream),
    on('idle', 'idle'),
    service('idle'),
    on('closed', 'closed'),
    service('closed', ports.closed),
    on('garbage', 'garbage'),
    service('garbage', ports.garbage),
  ].join('\n');
}

describe('what a caller is told', () => {
  let world: World;
  const garbage = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  });

  before(async () => {
    garbage.listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    const { port: garbagePort } = garbage.address() as AddressInfo;
    const closed = await freePort();
    world = await startWorld({
      flags: ['--workers=1', '--upstream-first-byte-timeout=1s', '--max-upstream-requests=1'],
      tenant: {
        clients: ['without-grant', 'second', CLIENT.id].map((clientId) => ({
          clientId,
          clientSecrets: [CLIENT.secret],
        })),
        apis: [{ identifier: AUDIENCE, scopes: ['read:orders'] }],
        grants: [CLIENT.id, 'second'].map((clientId) => ({
          clientId,
          audience: AUDIENCE,
          scopes: ['read:orders'],
        })),
      },
      manifests: ({ issuer, upstreamPort }) =>
        manifests(issuer, { upstream: upstreamPort, garbage: garbagePort, closed }),
    });
    // What the limits of two cases count.
    await world.call({ host: 'exchanges.example.com', basic: fresh('without-grant') });
    await world.call({ host: 'failures.example.com', basic: `${CLIENT.id}:first` });
    await world.call({ host: 'failures.example.com', basic: `${CLIENT.id}:second` });
  });
  after(async () => {
    await world?.close();
    garbage.close();
  });

  for (const {
    reason,
    name,
    host = 'main',
    call = {},
    prepare,
    serverName,
    challenge,
    isRetryAfterWanted = false,
  } of CASES) {
    test(`${REASONS[reason].status} ${reason}: ${name}`, async () => {
      await prepare?.(world.auth0, world);
      const before = world.upstream.requests;
      const given = { host: `${host}.example.com`, ...call };
      const answer =
        serverName === undefined
          ? await world.call(given)
          : await plainCall({ port: world.gateway.ports.https, serverName, ...given });
      const problem = answer.json();
      assert.equal(problem['reason'], reason, answer.text);
      assert.equal(answer.status, REASONS[reason].status);
      assert.equal(problem['status'], answer.status);
      assert.equal(problem['title'], REASONS[reason].title);
      assert.equal(problem['type'], `https://oidc-ingress.io/docs/reference/reasons#${reason}`);
      assert.equal(problem['instance'], answer.headers['x-request-id']);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(
        answer.headers['www-authenticate'] !== undefined,
        answer.status === 401,
        'a challenge on 401 only',
      );
      if (challenge !== undefined) assert.match(String(answer.headers['www-authenticate']), challenge);
      if (isRetryAfterWanted) assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
      const isSentUpstream = reason === 'UpstreamTimeout';
      assert.equal(
        world.upstream.requests,
        before + (isSentUpstream ? 1 : 0),
        'requests that reached the upstream',
      );
    });
  }

  test('every reason of the table is provoked', () => {
    const provoked = new Set(CASES.map(({ reason }) => reason));
    assert.deepEqual(
      Object.keys(REASONS).filter((reason) => !provoked.has(reason as Reason)),
      [],
    );
  });

  test('the upstream serves who may after all of these', async () => {
    const answer = await world.call({ host: 'main.example.com', basic: RIGHT });
    assert.equal(answer.status, 200, answer.text);
  });
});
