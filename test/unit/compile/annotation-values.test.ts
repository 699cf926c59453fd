/** What the values of annotations mean, and which are refused. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readAnnotations } from '../../../src/compile/annotations/read-annotations.ts';
import type { AnnotationValues } from '../../../src/compile/annotations/values.ts';
import type { AnnotationName } from '../../../src/model/annotations.ts';

type Cases = {
  readonly [N in AnnotationName]?: {
    readonly accepted: readonly (readonly [given: string, want: AnnotationValues[N]])[];
    readonly refused: readonly string[];
  };
};

const NO_TIMES = { connectMs: undefined, firstByteMs: undefined, idleMs: undefined };

const CASES: Cases = {
  scopes: {
    accepted: [
      ['read:orders', ['read:orders']],
      ['read:orders write:orders', ['read:orders', 'write:orders']],
      ['urn:a,b', ['urn:a,b']],
    ],
    refused: ['', ' read', 'read  write', 'read, write', 'read,', 'read:"orders"'],
  },
  'ssl-redirect': {
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', 'True', ' true', '1'],
  },
  'backend-protocol': {
    accepted: [
      ['HTTP', 'HTTP'],
      ['HTTPS', 'HTTPS'],
      ['H2C', 'H2C'],
    ],
    refused: ['https', 'GRPC', 'HTTP ', 'constructor'],
  },
  'backend-tls-ca': {
    accepted: [
      ['secret/ca', { kind: 'Secret', name: 'ca' }],
      ['configmap/internal.ca', { kind: 'ConfigMap', name: 'internal.ca' }],
    ],
    refused: ['ca', 'Secret/ca', 'secret/', 'secret/other/ca', 'secret/-ca', 'secret/ca\n', 'secret/../ca'],
  },
  'backend-tls-server-name': {
    accepted: [
      ['orders.internal', 'orders.internal'],
      ['Orders.Internal', 'orders.internal'],
    ],
    refused: ['*.internal', '10.0.0.1', 'a b', 'a.com:443', 'a.com\r\n'],
  },
  'backend-tls-client-certificate': {
    accepted: [
      ['client', 'client'],
      ['orders.client-2', 'orders.client-2'],
    ],
    refused: ['', 'secret/client', 'other/client', 'Client', '-client', 'client\n', '../client', '*'],
  },
  timeouts: {
    accepted: [
      ['connect=2s,first-byte=30s,idle=5m', { connectMs: 2_000, firstByteMs: 30_000, idleMs: 300_000 }],
      ['idle=24h', { ...NO_TIMES, idleMs: 86_400_000 }],
      [' first-byte=1ms , connect=1h ', { ...NO_TIMES, firstByteMs: 1, connectMs: 3_600_000 }],
    ],
    refused: [
      'connect',
      'connect=',
      'connect=2',
      'connect=0s',
      'connect=2h',
      'idle=25h',
      'read=2s',
      'connect=2s,connect=3s',
      'connect=2s;idle=3s',
      'connect=2s=3s',
      'connect=2s,',
      'toString=2s',
    ],
  },
  'max-body-size': {
    accepted: [
      ['1', 1],
      ['500000', 500_000],
      ['512Ki', 524_288],
      ['512k', 524_288],
      ['8m', 8_388_608],
      ['8M', 8_388_608],
      ['8Mi', 8_388_608],
      ['1g', 1_073_741_824],
      ['1024Gi', 1_099_511_627_776],
    ],
    refused: ['0', '-1', '8mb', '8 m', '1.5m', '1025g', '08m', '1e6', '8t'],
  },
  'rewrite-prefix': {
    accepted: [
      ['/', '/'],
      ['/api', '/api'],
      ['/api/', '/api/'],
      ['/a%20b', '/a%20b'],
    ],
    refused: ['api', '//api', '/a/../b', '/%2e%2e', '/a?b', '/a#b', '/a b', '/^a', 'https://a.com/', '/a\n'],
  },
  redirect: {
    accepted: [
      ['https://www.example.com/', { status: 302, location: 'https://www.example.com/' }],
      ['301 https://www.example.com', { status: 301, location: 'https://www.example.com' }],
      ['308 /new?a=b#c', { status: 308, location: '/new?a=b#c' }],
      ['http://a.com:8080/x', { status: 302, location: 'http://a.com:8080/x' }],
    ],
    refused: [
      'www.example.com',
      '//example.com/',
      '/\\example.com',
      '304 https://a.com/',
      '200 /a',
      '301',
      '301  /a',
      'javascript:alert(1)',
      'https://',
      'https://user@a.com/',
      'https://user:pw@a.com/',
      '/a\r\nSet-Cookie: x',
      '/a b',
      '/ä',
    ],
  },
  'cors-allow-origins': {
    accepted: [
      ['*', ['*']],
      ['https://app.example.com', ['https://app.example.com']],
      ['http://localhost:3000, https://*.example.com', ['http://localhost:3000', 'https://*.example.com']],
      ['https://*.example.com:8443', ['https://*.example.com:8443']],
    ],
    refused: [
      'example.com',
      'https://example.com/',
      'https://example.com:443',
      'https://Example.com',
      'https://*',
      'https://a.*.com',
      'https://*example.com',
      '*, https://a.com',
      'null',
      'https://a.com,',
      'https://a.com b',
      'ftp://a.com',
      'https://user@a.com',
    ],
  },
  'allow-source-ranges': {
    accepted: [
      ['10.0.0.0/8', ['10.0.0.0/8']],
      ['10.0.0.1 ,2001:db8::/32,::1', ['10.0.0.1', '2001:db8::/32', '::1']],
      ['0.0.0.0/0', ['0.0.0.0/0']],
    ],
    refused: [
      ',',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0',
      '010.0.0.1',
      'fe80::1%eth0',
      'a.com',
      '10.0.0.0/-1',
      '10.0.0.0 10.0.0.1',
      Array.from({ length: 257 }, () => '10.0.0.1').join(','),
    ],
  },
  'rate-limit': {
    accepted: [
      ['100/1m', { requests: 100, windowMs: 60_000, by: 'address' }],
      ['100/1m address', { requests: 100, windowMs: 60_000, by: 'address' }],
      ['1/1s client', { requests: 1, windowMs: 1_000, by: 'client' }],
    ],
    refused: [
      '100',
      '100/m',
      '0/1m',
      '1/0s',
      '1/500ms',
      '1/2h',
      '1.5/1m',
      '100/1m user',
      '100 / 1m',
      '-1/1m',
    ],
  },
  'session-affinity': {
    accepted: [
      ['route', { cookie: 'route', maxAgeSeconds: undefined }],
      ['route max-age=1h', { cookie: 'route', maxAgeSeconds: 3_600 }],
    ],
    refused: [
      'a b',
      'a;b',
      'a=b',
      'route max-age=',
      'route max-age=1d',
      'route  max-age=1h',
      'route max-age=500ms',
      'ü',
    ],
  },
  canary: {
    accepted: [
      ['weight=0', { kind: 'weight', percent: 0 }],
      ['weight=100', { kind: 'weight', percent: 100 }],
      ['header=X-Canary', { kind: 'header', name: 'x-canary', value: undefined }],
      ['header=X-Canary:always', { kind: 'header', name: 'x-canary', value: 'always' }],
      ['header=X-Canary: a:b', { kind: 'header', name: 'x-canary', value: 'a:b' }],
    ],
    refused: [
      'weight=101',
      'weight=-1',
      'weight=1.5',
      'weight=010',
      'weight=',
      'header=',
      'header=X Canary',
      'header=X-Canary:',
      'header=X-Canary:a\nb',
      'cookie=a',
      'true',
    ],
  },
};

for (const [name, { accepted, refused }] of Object.entries(CASES)) {
  describe(`the annotation ${name}`, () => {
    const read = (text: string) => readAnnotations({ [`oidc-ingress.io/${name}`]: text }, 'shop');
    for (const [given, want] of accepted) {
      it(`takes ${JSON.stringify(given)}`, () => {
        const { values, faults } = read(given);
        assert.deepEqual(faults, []);
        assert.deepEqual(values[name as AnnotationName], want);
      });
    }
    for (const given of refused) {
      it(`refuses ${JSON.stringify(given.slice(0, 60))}`, () => {
        const { values, faults } = read(given);
        assert.equal(values[name as AnnotationName], undefined);
        assert.deepEqual(
          faults.map(({ annotation, cause }) => [annotation, cause.reason]),
          [[`oidc-ingress.io/${name}`, 'InvalidAnnotation']],
        );
      });
    }
  });
}

for (const name of ['request-headers', 'response-headers'] as const) {
  describe(`the annotation ${name}`, () => {
    const read = (text: string) => readAnnotations({ [`oidc-ingress.io/${name}`]: text }, 'shop');

    it('takes one edit a line', () => {
      const { values, faults } = read('set X-Tenant: acme: eu\n\n  remove X-Debug\r\nset X-B:1\n');
      assert.deepEqual(faults, []);
      assert.deepEqual(values[name], {
        set: [
          { name: 'X-Tenant', value: 'acme: eu' },
          { name: 'X-B', value: '1' },
        ],
        remove: ['x-debug'],
      });
    });

    const refused: readonly { readonly name: string; readonly given: string; readonly want: string }[] = [
      { name: 'no edit', given: ' \n', want: 'must have a line' },
      { name: 'another verb', given: 'add X-A: 1', want: 'must be set NAME: VALUE or remove NAME' },
      { name: 'set without a value', given: 'set X-A:', want: 'must set 1-1024 characters' },
      { name: 'set without a colon', given: 'set X-A 1', want: 'must be set NAME: VALUE or remove NAME' },
      { name: 'a carriage return', given: 'set X-A: 1\rX-B: 2', want: 'must be set NAME: VALUE' },
      { name: 'a NUL', given: 'set X-A: 1\u00002', want: 'must set 1-1024 characters' },
      { name: 'a value that is not ASCII', given: 'set X-A: ä', want: 'must set 1-1024 characters' },
      { name: 'a value that is too long', given: `set X-A: ${'a'.repeat(1_025)}`, want: 'must set 1-1024' },
      { name: 'underscores', given: 'set X_A: 1', want: 'must name a header' },
      { name: 'a pseudo-header', given: 'remove :path', want: 'must be set NAME: VALUE or remove NAME' },
      { name: 'a header of the gateway', given: 'set X-Forwarded-For: 1', want: 'owns' },
      { name: 'the token', given: 'remove Authorization', want: 'owns' },
      { name: 'the framing', given: 'set TRANSFER-ENCODING: chunked', want: 'owns' },
      { name: 'a header twice', given: 'set X-A: 1\nremove x-a', want: 'second time' },
      {
        name: 'too many lines',
        given: Array.from({ length: 33 }, (_, index) => `remove X-${index}`).join('\n'),
        want: 'must have at most 32 lines',
      },
    ];
    for (const { name: what, given, want } of refused) {
      it(`refuses ${what}`, () => {
        const { values, faults } = read(given);
        assert.equal(values[name], undefined);
        assert.ok(faults[0]?.cause.message.includes(want) ?? false, JSON.stringify(faults));
      });
    }
  });
}

describe('annotations together', () => {
  const read = (annotations: Readonly<Record<string, string>>) =>
    readAnnotations(
      Object.fromEntries(
        Object.entries(annotations).map(([name, text]) => [`oidc-ingress.io/${name}`, text]),
      ),
      'shop',
    ).faults.map(({ annotation, cause }) => `${annotation} ${cause.message}`);

  it('refuse credentials for every origin', () => {
    assert.deepEqual(read({ 'cors-allow-origins': '*', 'cors-allow-credentials': 'true' }), [
      'oidc-ingress.io/cors-allow-credentials must not be true while every origin is allowed',
    ]);
    assert.deepEqual(read({ 'cors-allow-origins': '*', 'cors-allow-credentials': 'false' }), []);
  });

  it('refuse what is about TLS beside a protocol without it', () => {
    assert.deepEqual(read({ 'backend-protocol': 'H2C', 'backend-tls-ca': 'secret/ca' }), [
      'oidc-ingress.io/backend-tls-ca has no effect with oidc-ingress.io/backend-protocol H2C',
    ]);
    assert.deepEqual(read({ 'backend-protocol': 'HTTP', 'backend-tls-client-certificate': 'client' }), [
      'oidc-ingress.io/backend-tls-client-certificate has no effect with oidc-ingress.io/backend-protocol HTTP',
    ]);
    // The port of the Service may say HTTPS.
    assert.deepEqual(read({ 'backend-tls-server-name': 'a.internal' }), []);
  });
});
