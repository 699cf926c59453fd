/** What the gateway says of itself, as data. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { renderPage } from '../../../src/admin/page/page.ts';
import { filterStatus } from '../../../src/admin/status/filter.ts';
import { describeStatus, type StatusSources } from '../../../src/admin/status/status.ts';
import type { CompileResult } from '../../../src/compile/result.ts';
import { createActivityLog } from '../../../src/control/activity-log.ts';
import {
  emptyTable,
  type Backend,
  type Certificate,
  type Route,
  type RoutingTable,
} from '../../../src/model/table.ts';
import type { IssuerState } from '../../../src/model/conditions.ts';
import { compileResult, objectMeta, policyVerdict } from '../../support/compile-results.ts';
import { planOf } from '../../support/plan.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const DAY_MS = 86_400_000;
const READY: IssuerState = { status: 'True', reason: 'Ready', message: 'the keys are known', warnings: [] };
const INGRESS = { namespace: 'shop', name: 'orders' };

function sources(result: Partial<CompileResult>, rest: Partial<StatusSources> = {}): StatusSources {
  return {
    version: '1.2.3',
    instance: 'pod-1',
    nowMs: NOW,
    notReadyBecause: [],
    result: compileResult(result),
    appliedAtMs: NOW - 1_000,
    sourceFaults: [],
    issuerState: () => READY,
    activity: createActivityLog(() => NOW).read(),
    ...rest,
  };
}

function route(path: string, action: Route['action']): Route {
  return { path, pathType: 'Prefix', ingress: INGRESS, action, options: undefined };
}

function forward(backend: string, plan: string | undefined): Extract<Route['action'], { kind: 'forward' }> {
  return { kind: 'forward', backend, plan, canaries: [] };
}

function backend(service: string, ...addresses: readonly string[]): Backend {
  const endpoints = addresses.map((address) => ({ address, port: 80 }));
  return { service, endpoints, protocol: 'HTTP', tls: undefined };
}

function tableOf(hosts: Readonly<Record<string, readonly Route[]>>): RoutingTable {
  return {
    ...emptyTable(),
    hosts: Object.fromEntries(Object.entries(hosts).map(([host, routes]) => [host, { routes }])),
    plans: {
      strict: planOf({ policy: 'shop/orders-api' }),
      tried: planOf({ policy: 'shop/reports-api', mode: 'DryRun' }),
    },
    backends: {
      'shop/orders:http': backend('shop/orders', '10.0.0.1'),
      'shop/empty:http': backend('shop/empty'),
    },
  };
}

function tableWithClientCertificate(notBeforeMs: number, notAfterMs: number): RoutingTable {
  const clientCertificate = { secret: 'shop/client', chain: 'PEM', digest: 'd', notBeforeMs, notAfterMs };
  const tls = { ca: undefined, serverName: undefined, clientCertificate };
  const backends = {
    'shop/orders:http @shop/orders': { ...backend('shop/orders', '10.0.0.1'), tls },
    'shop/orders:http @shop/other': { ...backend('shop/orders', '10.0.0.1'), tls },
    'shop/items:http @shop/items': { ...backend('shop/items', '10.0.0.2'), tls },
    'shop/open:http': backend('shop/open', '10.0.0.3'),
  };
  return { ...emptyTable(), backends };
}

function certificate(notBeforeMs: number, notAfterMs: number): Certificate {
  return { hosts: ['shop.example.com'], chain: 'PEM', digest: 'd', notBeforeMs, notAfterMs };
}

describe('the state of a route', () => {
  const CASES: readonly {
    readonly name: string;
    readonly action: Route['action'];
    readonly want: readonly unknown[];
  }[] = [
    {
      name: 'is protected under a policy',
      action: forward('shop/orders:http', 'strict'),
      want: ['Protected', 'shop/orders-api', 'shop/orders:http', 1, undefined],
    },
    {
      name: 'is a dry run where the policy is tried out',
      action: forward('shop/orders:http', 'tried'),
      want: ['DryRun', 'shop/reports-api', 'shop/orders:http', 1, undefined],
    },
    {
      name: 'is open without a policy',
      action: forward('shop/orders:http', undefined),
      want: ['Open', undefined, 'shop/orders:http', 1, undefined],
    },
    {
      name: 'says that no endpoint can serve',
      action: forward('shop/empty:http', 'strict'),
      want: ['NoEndpoints', 'shop/orders-api', 'shop/empty:http', 0, undefined],
    },
    {
      name: 'is refused with its cause',
      action: {
        kind: 'refuse',
        reason: 'PolicyUnavailable',
        cause: 'PolicyNotFound: gone',
        policy: 'shop/x',
      },
      want: ['Refused', 'shop/x', undefined, 0, 'PolicyNotFound: gone'],
    },
  ];
  for (const { name, action, want } of CASES) {
    test(name, () => {
      const { hosts } = describeStatus(
        sources({ table: tableOf({ 'a.example.com': [route('/', action)] }) }),
      );
      const [found] = hosts[0]?.routes ?? [];
      assert.deepEqual([found?.state, found?.policy, found?.backend, found?.endpoints, found?.cause], want);
      assert.equal(found?.ingress, 'shop/orders');
    });
  }
});

test('hosts with a route that is not served go first, the others by name', () => {
  const served: Route['action'] = forward('shop/orders:http', undefined);
  const refused: Route['action'] = { kind: 'refuse', reason: 'NoEndpoints', cause: 'c', policy: undefined };
  const table = tableOf({
    'b.example.com': [route('/', served)],
    'a.example.com': [route('/', served)],
    'z.example.com': [route('/', served), route('/x', refused)],
  });
  assert.deepEqual(
    describeStatus(sources({ table })).hosts.map(({ host }) => host),
    ['z.example.com', 'a.example.com', 'b.example.com'],
  );
});

describe('a certificate', () => {
  const CASES = [
    {
      name: 'with a month left is valid',
      from: -30,
      to: 30,
      state: 'Valid',
      daysLeft: 30,
      problem: undefined,
    },
    {
      name: 'with 14 days left is valid',
      from: -30,
      to: 14,
      state: 'Valid',
      daysLeft: 14,
      problem: undefined,
    },
    {
      name: 'with less than 14 days left expires soon',
      from: -30,
      to: 13.9,
      state: 'ExpiresSoon',
      daysLeft: 13,
      problem:
        'warning CertificateExpiresSoon Secret shop/tls: the certificate for shop.example.com expires on 2026-03-15: see why it was not renewed',
    },
    {
      name: 'at its end is expired',
      from: -30,
      to: 0,
      state: 'Expired',
      daysLeft: 0,
      problem:
        'error CertificateExpired Secret shop/tls: the certificate for shop.example.com expired on 2026-03-01: callers refuse the connection',
    },
    {
      name: 'of tomorrow is not yet valid',
      from: 1,
      to: 90,
      state: 'NotYetValid',
      daysLeft: 90,
      problem:
        'error CertificateNotYetValid Secret shop/tls: the certificate for shop.example.com is not valid before 2026-03-02: callers refuse the connection',
    },
  ];
  for (const { name, from, to, state, daysLeft, problem } of CASES) {
    test(name, () => {
      const certificates = { 'shop/tls': certificate(NOW + from * DAY_MS, NOW + to * DAY_MS) };
      const status = describeStatus(sources({ table: { ...emptyTable(), certificates } }));
      assert.deepEqual([status.certificates[0]?.state, status.certificates[0]?.daysLeft], [state, daysLeft]);
      const told = status.problems.map(
        ({ severity, reason, object, message }) => `${severity} ${reason} ${object}: ${message}`,
      );
      assert.deepEqual(told, problem === undefined ? [] : [problem]);
    });
  }
});

test('a client certificate is told once, with the Services that it is for', () => {
  const table = tableWithClientCertificate(NOW - 30 * DAY_MS, NOW - DAY_MS);
  const status = describeStatus(sources({ table }));
  assert.deepEqual(status.certificates, [
    {
      secret: 'shop/client',
      kind: 'client',
      names: ['shop/orders', 'shop/items'],
      state: 'Expired',
      notBefore: '2026-01-30T12:00:00.000Z',
      notAfter: '2026-02-28T12:00:00.000Z',
      daysLeft: -1,
    },
  ]);
  assert.deepEqual(
    status.problems.map(({ reason, object, message }) => `${reason} ${object}: ${message}`),
    [
      'CertificateExpired Secret shop/client: the client certificate for shop/orders, shop/items expired on 2026-02-28: requests there fail',
    ],
  );
  assert.equal(filterStatus(status, 'shop/items').certificates.length, 1);
  assert.match(renderPage(status, ''), /shop\/orders, shop\/items/);
});

test('problems of sources, providers and objects are told with their object, errors first', () => {
  const status = describeStatus(
    sources(
      {
        policies: {
          'shop/orders-api': policyVerdict(objectMeta('orders-api')),
          'shop/reports-api': policyVerdict(objectMeta('reports-api')),
        },
        problems: [
          {
            reason: 'NoAudience',
            object: { kind: 'OIDCPolicy', namespace: 'shop', name: 'orders-api' },
            field: 'spec.clientCredentials',
            message: 'no audience is set',
          },
          {
            reason: 'PolicyNotFound',
            object: { kind: 'Ingress', namespace: 'shop', name: 'orders' },
            field: 'metadata.annotations',
            message: 'OIDCPolicy shop/x does not exist',
          },
        ],
      },
      {
        sourceFaults: [{ location: 'orders.yaml:12', message: 'not YAML' }],
        issuerState: (policy) =>
          policy === 'shop/orders-api'
            ? { status: 'False', reason: 'DiscoveryFailed', message: 'no answer', warnings: [] }
            : { ...READY, warnings: [{ reason: 'TokenRejected', message: 'set an audience' }] },
      },
    ),
  );
  assert.deepEqual(
    status.problems.map(({ severity, reason, object }) => `${severity} ${reason} ${object}`),
    [
      'error Unreadable orders.yaml:12',
      'error DiscoveryFailed OIDCPolicy shop/orders-api',
      'error PolicyNotFound Ingress shop/orders',
      'warning TokenRejected OIDCPolicy shop/reports-api',
      'warning NoAudience OIDCPolicy shop/orders-api',
    ],
  );
});

test('before the first table there is nothing but what is missing', () => {
  const status = describeStatus(
    sources({}, { result: undefined, appliedAtMs: undefined, notReadyBecause: ['objects listed'] }),
  );
  assert.deepEqual(
    [status.isReady, status.notReadyBecause, status.hosts, status.policies, status.appliedAt],
    [false, ['objects listed'], [], [], undefined],
  );
});

describe('a filter', () => {
  const action = forward('shop/orders:http', 'strict');
  const status = describeStatus(
    sources({
      table: {
        ...tableOf({
          'a.example.com': [route('/v1/orders', action), route('/v1/bills', action)],
          'b.example.com': [route('/', { ...action, plan: 'tried' })],
        }),
        certificates: { 'shop/tls': certificate(NOW - DAY_MS, NOW + 90 * DAY_MS) },
      },
      policies: { 'shop/orders-api': policyVerdict(objectMeta('orders-api')) },
    }),
  );
  const CASES = [
    { name: 'keeps everything where it is empty', text: '', want: [2, 3, 1, 1] },
    { name: 'keeps all routes of a host that it names', text: 'A.EXAMPLE', want: [1, 2, 0, 0] },
    { name: 'keeps the routes that it names', text: '/v1/bills', want: [1, 1, 0, 0] },
    { name: 'follows a policy to its routes', text: 'shop/reports-api', want: [1, 1, 0, 0] },
    { name: 'keeps nothing where nothing is meant', text: 'no such thing', want: [0, 0, 0, 0] },
    { name: 'finds a certificate by its host', text: 'shop.example.com', want: [0, 0, 0, 1] },
  ];
  for (const { name, text, want } of CASES) {
    test(name, () => {
      const { hosts, policies, certificates } = filterStatus(status, text);
      const routes = hosts.flatMap(({ routes }) => routes);
      assert.deepEqual([hosts.length, routes.length, policies.length, certificates.length], want);
    });
  }
});
