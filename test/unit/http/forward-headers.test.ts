/** What passes the gateway, in both directions. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import {
  headersForCaller,
  headersForUpstream,
  trailersForCaller,
  type ForwardContext,
} from '../../../src/http/forward-headers.ts';
import {
  describeHeaderName,
  nameHeaders,
  normaliseHeaderName,
  type NamedHeaders,
} from '../../../src/http/header-names.ts';

const context: ForwardContext = {
  head: {
    method: 'GET',
    authority: 'shop.example.com',
    host: 'shop.example.com',
    port: undefined,
    path: '/',
    query: undefined,
  },
  peerAddress: '192.0.2.7',
  isPeerTrusted: false,
  writesForwarded: false,
  via: undefined,
  isTls: false,
  requestId: 'id-1',
  identityHeaders: new Set(['x-client-id']),
  dropAuthorization: false,
  dropHeaders: [],
  set: [],
  setNames: [],
  traceparent: undefined,
  contentLength: undefined,
};

const FORWARDING = [
  'X-Forwarded-For',
  '192.0.2.7',
  'X-Forwarded-Proto',
  'http',
  'X-Forwarded-Port',
  '80',
  'X-Real-IP',
  '192.0.2.7',
  'X-Forwarded-Host',
  'shop.example.com',
  'X-Request-Id',
  'id-1',
];

function named(rawHeaders: readonly string[]): NamedHeaders {
  return nameHeaders(rawHeaders, describeHeaderName);
}

function setting(...set: readonly string[]): Pick<ForwardContext, 'set' | 'setNames'> {
  return { set, setNames: set.filter((_, at) => at % 2 === 0).map(normaliseHeaderName) };
}

/** What is sent upstream without the forwarding headers. */
function kept(rawHeaders: readonly string[], changes: Partial<ForwardContext> = {}): readonly string[] {
  const headers = headersForUpstream(named(rawHeaders), { ...context, ...changes });
  const start = headers.indexOf('X-Forwarded-For');
  return [...headers.slice(0, start), ...headers.slice(start + FORWARDING.length)];
}

function forwarding(
  rawHeaders: readonly string[],
  changes: Partial<ForwardContext> = {},
): Record<string, string> {
  const headers = headersForUpstream(named(rawHeaders), { ...context, ...changes });
  const start = headers.indexOf('X-Forwarded-For');
  const pairs: Record<string, string> = {};
  for (let at = start; at < start + FORWARDING.length; at += 2)
    pairs[headers[at] ?? ''] = headers[at + 1] ?? '';
  return pairs;
}

describe('headers for the upstream', () => {
  it('keep case, order and duplicates, and end with the forwarding headers and those of the gateway', () => {
    const given = [
      'hOST',
      'Shop.example.com',
      'user-agent',
      'curl',
      'Cookie',
      'a=1',
      'COOKIE',
      'b=2',
      'Content-Length',
      '5',
    ];
    assert.deepEqual(
      headersForUpstream(named(given), { ...context, ...setting('Authorization', 'Bearer t') }),
      [...given, ...FORWARDING, 'Authorization', 'Bearer t'],
    );
  });

  const cases: readonly {
    name: string;
    given: readonly string[];
    changes?: Partial<ForwardContext>;
    want: readonly string[];
  }[] = [
    {
      name: 'hop-by-hop headers',
      given: [
        'Connection',
        'keep-alive',
        'Keep-Alive',
        '5',
        'Proxy-Connection',
        'x',
        'Proxy-Authorization',
        'x',
        'Transfer-Encoding',
        'chunked',
        'Upgrade',
        'h2c',
        'HTTP2-Settings',
        'x',
        'Expect',
        '100-continue',
        'TE',
        'gzip',
      ],
      want: [],
    },
    {
      name: 'headers that Connection names',
      given: ['connection', 'close, X-Hop ,x_other', 'x-hop', '1', 'X-Other', '2', 'X-Stays', '3'],
      want: ['X-Stays', '3'],
    },
    {
      name: 'headers that a second Connection line names',
      given: ['Connection', 'close', 'Connection', 'X-Hop', 'X-Hop', '1'],
      want: [],
    },
    {
      name: 'framing written for CGI',
      given: ['Content_Length', '5', 'Transfer_Encoding', 'chunked'],
      want: [],
    },
    {
      name: 'identity headers',
      given: ['X-Client-Id', 'a', 'x_client_id', 'b', 'X-CLIENT_ID', 'c'],
      want: [],
    },
    {
      name: 'the Authorization of the caller, where the gateway owns it',
      given: ['authorization', 'Basic x'],
      changes: { dropAuthorization: true },
      want: [],
    },
    {
      name: 'headers that the proxy names',
      given: ['X-Api_Key', 'x'],
      changes: { dropHeaders: ['x-api-key'] },
      want: [],
    },
    {
      name: 'forwarding headers of an untrusted peer',
      given: [
        'Forwarded',
        'for=x',
        'X-Forwarded-For',
        '1.1.1.1',
        'X-Forwarded-Prefix',
        '/x',
        'X_Real_IP',
        '1.1.1.1',
        'X-Request-Id',
        'mine',
      ],
      want: [],
    },
  ];
  for (const { name, given, changes, want } of cases) {
    it(`hold no ${name}`, () => assert.deepEqual(kept(given, changes), want));
  }

  it('keep TE for trailers only', () => {
    assert.deepEqual(kept(['te', 'gzip;q=0.5, Trailers', 'Connection', 'TE']), ['te', 'trailers']);
  });

  it('keep Host and Content-Length whatever Connection says', () => {
    const given = ['Host', 'a', 'Content-Length', '5'];
    assert.deepEqual(kept(['Connection', 'host, content-length', ...given]), given);
  });

  it('hold what the gateway sets exactly once', () => {
    assert.deepEqual(
      kept(['authorization', 'Basic x', 'X_Token', 'y'], {
        ...setting('Authorization', 'Bearer t', 'X-Token', 't'),
      }),
      ['Authorization', 'Bearer t', 'X-Token', 't'],
    );
  });

  it('state the new length of a body that was rewritten', () => {
    assert.deepEqual(kept(['content-length', '50', 'Accept', '*/*'], { contentLength: 5 }), [
      'content-length',
      '5',
      'Accept',
      '*/*',
    ]);
    assert.deepEqual(kept(['Transfer-Encoding', 'chunked'], { contentLength: 0 }), ['Content-Length', '0']);
  });

  it('never hold anything hop-by-hop, named by Connection or of identity, however it is written', () => {
    const spelt = (name: string): fc.Arbitrary<string> =>
      fc
        .array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: name.length, maxLength: name.length })
        .map((flips) =>
          Array.from(name)
            .map((character, at) => {
              const [isUpper, isUnderscore] = flips[at] ?? [false, false];
              if (character === '-') return isUnderscore ? '_' : '-';
              return isUpper ? character.toUpperCase() : character;
            })
            .join(''),
        );
    const gone = [
      'connection',
      'keep-alive',
      'proxy-connection',
      'transfer-encoding',
      'upgrade',
      'x-client-id',
      'x-hop',
      'forwarded',
      'authorization',
    ];
    const name = fc.oneof(fc.constantFrom(...gone).chain(spelt), fc.constantFrom('Accept', 'X-Other'));
    fc.assert(
      fc.property(
        fc.array(name, { maxLength: 12 }),
        spelt('connection').map((text) => text.replaceAll('_', '-')),
        (names, connection) => {
          const raw = [connection, 'close, x-hop', ...names.flatMap((each) => [each, 'v'])];
          const headers = kept(raw, { dropAuthorization: true });
          const left = headers.filter((_, at) => at % 2 === 0).map(normaliseHeaderName);
          assert.deepEqual(
            left.filter((each) => gone.includes(each)),
            [],
          );
          assert.equal(left.length, names.filter((each) => each === 'Accept' || each === 'X-Other').length);
        },
      ),
    );
  });
});

describe('forwarding headers', () => {
  const trusted = { isPeerTrusted: true };

  it('tell an untrusted peer, whatever it says of itself', () => {
    const lies = [
      'X-Forwarded-For',
      '1.1.1.1',
      'X-Forwarded-Proto',
      'https',
      'X-Forwarded-Host',
      'evil',
      'X-Forwarded-Port',
      '1',
      'X-Real-IP',
      '1.1.1.1',
      'X-Request-Id',
      'x',
    ];
    assert.deepEqual(Object.entries(forwarding(lies)).flat(), FORWARDING);
  });

  it('add the peer to what a trusted proxy sent', () => {
    const given = [
      'X-Forwarded-For',
      '198.51.100.1',
      'x-forwarded-for',
      '198.51.100.2',
      'X-Forwarded-Proto',
      'HTTPS',
      'X-Forwarded-Host',
      'www.example.com',
      'X-Forwarded-Port',
      '8443',
      'X-Real-IP',
      '198.51.100.9',
    ];
    assert.deepEqual(forwarding(given, trusted), {
      'X-Forwarded-For': '198.51.100.1, 198.51.100.2, 192.0.2.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'www.example.com',
      'X-Forwarded-Port': '8443',
      'X-Real-IP': '198.51.100.9',
      'X-Request-Id': 'id-1',
    });
  });

  const ports: readonly {
    name: string;
    given: readonly string[];
    changes: Partial<ForwardContext>;
    want: string;
  }[] = [
    { name: 'the port in Host', given: [], changes: { head: { ...context.head, port: 8080 } }, want: '8080' },
    { name: 'the port of https over TLS', given: [], changes: { isTls: true }, want: '443' },
    {
      name: 'the port of the protocol that a trusted proxy names',
      given: ['X-Forwarded-Proto', 'https'],
      changes: trusted,
      want: '443',
    },
    {
      name: 'the port in the host that a trusted proxy names',
      given: ['X-Forwarded-Host', 'a:8443'],
      changes: trusted,
      want: '8443',
    },
  ];
  for (const { name, given, changes, want } of ports) {
    it(`name ${name}`, () => assert.equal(forwarding(given, changes)['X-Forwarded-Port'], want));
  }

  it('take what no proxy would send for not sent', () => {
    const junk = ['X-Forwarded-Proto', 'gopher', 'X-Forwarded-Port', '0', 'X-Real-IP', 'x'];
    assert.deepEqual(Object.entries(forwarding(junk, trusted)).flat(), FORWARDING);
  });

  it('name the least secure protocol of several hops', () => {
    assert.equal(forwarding(['X-Forwarded-Proto', 'https, http'], trusted)['X-Forwarded-Proto'], 'http');
    assert.equal(forwarding(['X-Forwarded-Proto', 'https, https'], trusted)['X-Forwarded-Proto'], 'https');
  });

  it('name the hop that a trusted proxy added where it sends no X-Real-IP', () => {
    assert.equal(
      forwarding(['X-Forwarded-For', '1.1.1.1, 198.51.100.2'], trusted)['X-Real-IP'],
      '198.51.100.2',
    );
  });

  it('name an IPv4 peer of a dual-stack socket by its IPv4 address', () => {
    assert.equal(forwarding([], { peerAddress: '::ffff:192.0.2.7' })['X-Real-IP'], '192.0.2.7');
  });

  it('of a trusted peer count only in their own spelling', () => {
    assert.equal(forwarding(['X_Forwarded_Proto', 'https'], trusted)['X-Forwarded-Proto'], 'http');
    assert.deepEqual(
      kept(['X_Forwarded_Proto', 'https', 'Forwarded', 'for=x', 'X-Forwarded-Prefix', '/x'], trusted),
      ['Forwarded', 'for=x', 'X-Forwarded-Prefix', '/x'],
    );
  });
});

describe('headers for the caller', () => {
  it('keep case, order and duplicates, with a Server of their own', () => {
    const given = [
      'date',
      'x',
      'Set-Cookie',
      'a',
      'Set-Cookie',
      'b',
      'SERVER',
      'nginx',
      'Content-Length',
      '5',
      'Trailer',
      'x',
    ];
    assert.deepEqual(headersForCaller(named(given)), given);
  });

  it('name the gateway where the upstream names no server', () => {
    assert.deepEqual(headersForCaller(named(['Date', 'x'])), ['Date', 'x', 'Server', 'oidc-ingress']);
  });

  it('hold nothing hop-by-hop, but Content-Length whatever Connection says', () => {
    const given = [
      'connection',
      'close, x-hop, Content-Length',
      'Keep-Alive',
      '5',
      'Transfer-Encoding',
      'chunked',
      'Upgrade',
      'x',
      'Proxy-Authenticate',
      'x',
      'X_Hop',
      'x',
      'Content-Length',
      '5',
      'Server',
      's',
    ];
    assert.deepEqual(headersForCaller(named(given)), ['Content-Length', '5', 'Server', 's']);
  });
});

describe('trailers for the caller', () => {
  it('hold nothing about the connection or the framing, in any case and with _ for -', () => {
    const kept = ['Grpc-Status', '0', 'X-Sum', '1', 'x-sum', '2'];
    const names = [
      'Connection',
      'keep-alive',
      'Proxy-Connection',
      'TE',
      'Transfer_Encoding',
      'UPGRADE',
      'Content-Length',
      'Trailer',
      'HTTP2-Settings',
    ];
    assert.deepEqual(trailersForCaller([...names.flatMap((name) => [name, 'x']), ...kept]), kept);
  });
});
