/** A case for every reason that a caller can be told, and the set-up in which each is provoked. */

import type { Auth0Emulator } from '../../../src/dev/auth0-emulator.ts';
import type { TokenFault } from '../../../src/dev/auth0/fault-script.ts';
import { REASONS, type Reason } from '../../../src/model/reasons.ts';
import { eventually } from '../../support/eventually.ts';
import type { Call } from '../../support/http-client.ts';
import {
  AUDIENCE,
  CLIENT,
  RIGHT,
  WRONG,
  ingress,
  protectedBy,
  surroundings,
  type World,
} from '../../support/world.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const BASIC_CHALLENGE = /^Basic realm="main", charset="UTF-8"/;

/** A call that goes on while the case is looked at. */
interface Pending {
  readonly ended: Promise<unknown>;
}

export interface Case {
  readonly reason: Reason;
  readonly name: string;
  readonly host?: string;
  readonly call?: Omit<Call, 'port' | 'host'>;
  /** Resolves to what has to end before the next case, if anything. */
  readonly prepare?: (auth0: Auth0Emulator, world: World) => void | Promise<Pending | void>;
  /** Over TLS, whose handshake names this host. */
  readonly serverName?: string;
  readonly challenge?: RegExp;
  readonly isRetryAfterWanted?: boolean;
  /** What differs of what the operator sees. */
  readonly seen?: Partial<Seen>;
}

/** Labels of the counters, and fields of the access log. */
export interface Seen {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  /** `namespace/name`; empty where the policy was not asked. */
  readonly policy: string;
  readonly auth: 'allow' | 'deny' | 'unavailable' | 'open';
}

const UNROUTED: Seen = { namespace: '', ingress: '', service: '', policy: '', auth: 'open' };
/** Neither has the policy been asked nor the backend been chosen. */
const ROUTED: Partial<Seen> = { service: '', policy: '', auth: 'open' };
const ALLOWED: Partial<Seen> = { policy: 'shop/main', auth: 'allow' };

/** A refusal by the policy that is named as the host, unless the case says otherwise. */
export function seenOf({ reason, host = 'main', seen }: Case): Seen {
  return {
    namespace: 'shop',
    ingress: `${host}-example-com`,
    service: 'orders',
    policy: `shop/${host}`,
    auth: REASONS[reason].status >= 500 ? 'unavailable' : 'deny',
    ...seen,
  };
}

/** A client of its own for each case that plays a fault: nothing is cached for it. */
export const fresh = (name: string): string => `${name}:${CLIENT.secret}`;

/** A `prepare`: the next token request meets this. */
const playing =
  (fault: TokenFault): NonNullable<Case['prepare']> =>
  (auth0) =>
    auth0.faults.token.next(1, fault);

const answering = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
  playing({ answer: { status, body, headers } });

export const CASES: readonly Case[] = [
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
    prepare: answering(429, '{"error":"too_many_requests"}', {
      'Auth0-Client-Quota-Limit': 'b=per_hour;q=10;r=0;t=120',
      'Retry-After': '120',
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
    prepare: answering(500, '<html>oops</html>', { 'content-type': 'text/html' }),
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
    prepare: playing({ delayMs: 1_500 }),
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
    prepare: answering(400, '{"error":"invalid_request"}'),
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'an empty 200',
    call: { basic: fresh('empty') },
    prepare: answering(200, ''),
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'a 200 with HTML',
    call: { basic: fresh('html') },
    prepare: answering(200, '<html>', { 'content-type': 'text/html' }),
  },
  {
    reason: 'ProviderMisconfigured',
    name: 'a 200 without access_token',
    call: { basic: fresh('no-token') },
    prepare: answering(200, '{"token_type":"Bearer"}'),
  },
  {
    reason: 'TokenRejected',
    name: 'an opaque token',
    call: { basic: RIGHT.replace(CLIENT.id, 'second') },
    prepare: playing({ flaw: 'opaque' }),
  },
  {
    reason: 'TokenRejected',
    name: 'a token with a bad signature',
    host: 'fresh-1',
    call: { basic: RIGHT },
    prepare: playing({ flaw: 'bad-signature' }),
  },
  {
    reason: 'TokenRejected',
    name: 'a token of another issuer',
    host: 'fresh-2',
    call: { basic: RIGHT },
    prepare: playing({ flaw: 'wrong-issuer' }),
  },
  {
    reason: 'TokenRejected',
    name: 'a token bound to another client',
    host: 'fresh-3',
    call: { basic: RIGHT },
    prepare: playing({ flaw: 'wrong-client' }),
  },
  // The last that asks the provider: it asks to be left alone for a while.
  {
    reason: 'ProviderRateLimited',
    name: 'the rate limit of the tenant',
    call: { basic: fresh('rate') },
    isRetryAfterWanted: true,
    prepare: answering(429, '{"error":"too_many_requests"}', {
      'X-RateLimit-Remaining': '0',
      'Retry-After': '2',
    }),
  },
  {
    reason: 'PolicyUnavailable',
    name: 'a policy that does not exist',
    host: 'no-policy',
    call: { basic: RIGHT },
    seen: { policy: 'shop/no-such-policy', service: '' },
  },
  {
    reason: 'PolicyUnavailable',
    name: 'a policy with a typo',
    host: 'typo',
    call: { basic: RIGHT },
    seen: { service: '' },
  },
  {
    reason: 'BadRequest',
    name: 'dot segments in the path',
    call: { basic: RIGHT, path: '/a/%2e%2e/b' },
    seen: UNROUTED,
  },
  {
    reason: 'BadRequest',
    name: 'a path that is another route to who decodes it',
    host: 'ambiguous',
    call: { path: '//admin' },
    seen: ROUTED,
  },
  {
    reason: 'MisdirectedRequest',
    name: 'a connection that was made for another host',
    serverName: 'other.example.com',
    call: { basic: RIGHT },
    seen: ROUTED,
  },
  { reason: 'SourceNotAllowed', name: 'an address that is not on the list', host: 'sources', seen: ROUTED },
  {
    reason: 'RateLimited',
    name: 'one request more than may be',
    host: 'rate',
    isRetryAfterWanted: true,
    prepare: async (_auth0, world) => {
      await world.call({ host: 'rate.example.com' });
    },
    seen: ROUTED,
  },
  {
    reason: 'BodyTooLarge',
    name: 'a body above the limit of the Ingress',
    host: 'size',
    call: { method: 'POST', body: 'x'.repeat(1_025) },
    seen: ROUTED,
  },
  {
    reason: 'Overloaded',
    name: 'a service with as many requests as it may have',
    host: 'busy',
    call: { basic: RIGHT },
    isRetryAfterWanted: true,
    prepare: async (_auth0, world) => {
      const before = world.upstream.requests;
      const ended = world.call({ host: 'busy.example.com', basic: RIGHT, path: '/delay/900' });
      await eventually('the first request', async () => world.upstream.requests > before);
      return { ended };
    },
    seen: { ...ALLOWED, service: 'busy' },
  },
  { reason: 'NoRoute', name: 'a host without a route', host: 'nowhere', seen: UNROUTED },
  {
    reason: 'NoEndpoints',
    name: 'a Service without endpoints',
    host: 'idle',
    call: { basic: RIGHT },
    seen: { ...ALLOWED, service: 'idle' },
  },
  {
    reason: 'UpstreamUnreachable',
    name: 'an endpoint where nobody listens',
    host: 'closed',
    call: { basic: RIGHT },
    seen: { ...ALLOWED, service: 'closed' },
  },
  {
    reason: 'UpstreamTimeout',
    name: 'an endpoint that takes too long',
    host: 'main',
    call: { basic: RIGHT, path: '/delay/5000' },
    seen: ALLOWED,
  },
  {
    reason: 'UpstreamProtocolError',
    name: 'an endpoint that does not speak HTTP',
    host: 'garbage',
    call: { basic: RIGHT },
    seen: { ...ALLOWED, service: 'garbage' },
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

export function manifests(
  issuer: string,
  ports: { upstream: number; garbage: number; closed: number },
): string {
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
