/** What compiling a large cluster costs: at first, again with nothing changed, and after one change of each kind. */

import { loadavg } from 'node:os';

import { compile } from '../src/compile/compile.ts';
import { applyDelta, diffTables } from '../src/compile/delta.ts';
import type { CompileOptions } from '../src/compile/result.ts';
import { decodeObject } from '../src/decode/decode-object.ts';
import { createObjectStore, type ObjectStore } from '../src/decode/store.ts';
import { createMatcher } from '../src/match/matcher.ts';

const INGRESSES = 5_000;
const PATHS = 4;
const ENDPOINTS = 3;
const POLICIES = 200;
const RUNS = 15;

const OPTIONS: CompileOptions = {
  ingressClass: undefined,
  watchIngressWithoutClass: false,
  allowInsecureIssuers: false,
  allowedIssuers: [],
  allowLoopbackEndpoints: false,
  allowExternalNames: false,
  sslRedirectByDefault: false,
  hostOwnership: 'none',
  defaultTlsSecret: undefined,
};

const placeOf = (index: number): string => `team-${index % POLICIES}`;

function put(store: ObjectStore, manifest: object): void {
  const object = decodeObject(manifest);
  if (!('decoded' in object)) throw new Error(JSON.stringify(object));
  store.set(object);
}

function ingress(index: number, path = '/v1'): object {
  const backend = { service: { name: `web-${index}`, port: { number: 80 } } };
  const paths = Array.from({ length: PATHS }, (_, at) => ({
    path: `${path}/${at}`,
    pathType: 'Prefix',
    backend,
  }));
  const annotations = {
    'oidc-ingress.io/policy': 'api',
    ...(index % 10 === 0
      ? { 'oidc-ingress.io/timeouts': 'connect=2s', 'oidc-ingress.io/scopes': 'read' }
      : {}),
  };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: `web-${index}`,
      namespace: placeOf(index),
      annotations,
      creationTimestamp: new Date(1_700_000_000_000 + ((index * 7_919) % INGRESSES) * 1_000).toISOString(),
    },
    spec: {
      ingressClassName: 'oidc-ingress',
      rules: [{ host: `web-${index}.example.com`, http: { paths } }],
    },
  };
}

function slice(index: number, last = 1): object {
  const addresses = Array.from(
    { length: ENDPOINTS },
    (_, at) => `10.${at + last}.${index >> 8}.${index & 255}`,
  );
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `web-${index}-1`,
      namespace: placeOf(index),
      labels: { 'kubernetes.io/service-name': `web-${index}` },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: addresses.map((address) => ({ addresses: [address] })),
  };
}

function service(index: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `web-${index}`, namespace: placeOf(index) },
    spec: { ports: [{ name: 'http', port: 80 }] },
  };
}

function policy(index: number, scope = 'read'): object {
  return {
    apiVersion: 'oidc-ingress.io/v1alpha1',
    kind: 'OIDCPolicy',
    metadata: { name: 'api', namespace: placeOf(index) },
    spec: {
      provider: { issuer: 'https://acme.eu.auth0.com/' },
      clientCredentials: { audience: 'https://api.acme.com/' },
      require: { scopes: [scope] },
    },
  };
}

function cluster(): ObjectStore {
  const store = createObjectStore();
  put(store, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'oidc-ingress' },
    spec: { controller: 'oidc-ingress.io/controller' },
  });
  for (let index = 0; index < POLICIES; index += 1) put(store, policy(index));
  for (let index = 0; index < INGRESSES; index += 1) {
    put(store, ingress(index));
    put(store, service(index));
    put(store, slice(index));
  }
  return store;
}

/** The least of several runs is what it costs; the median also what other processes cost. */
function time(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function report(name: string, ms: readonly number[]): void {
  const sorted = ms.toSorted((a, b) => a - b);
  const [median = 0] = sorted.slice(sorted.length >> 1);
  const round = (value = 0): string => value.toFixed(2).padStart(8);
  console.log(`${name.padEnd(44)} ${round(median)} ms  (${round(sorted[0])} to ${round(sorted.at(-1))})`);
}

const CHANGES: readonly { readonly name: string; readonly change: (run: number) => object }[] = [
  { name: 'an EndpointSlice', change: (run) => slice(run, 100 + run) },
  { name: 'an Ingress', change: (run) => ingress(run, `/changed-${run}`) },
  { name: 'a policy of 25 Ingresses', change: (run) => policy(run, `scope-${run}`) },
];

const store = cluster();
let table = compile(store.snapshot(), OPTIONS).table;
console.log(
  `${INGRESSES} Ingresses of ${PATHS} paths, ${INGRESSES} Services, ${INGRESSES * ENDPOINTS} endpoints, ${POLICIES} policies; medians of ${RUNS} and their range; load average ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
report(
  'compile objects never seen before',
  Array.from({ length: RUNS }, () => {
    const fresh = cluster().snapshot();
    return time(() => compile(fresh, OPTIONS));
  }),
);
report(
  'compile again, nothing changed',
  Array.from({ length: RUNS }, () => time(() => compile(store.snapshot(), OPTIONS))),
);
for (const { name, change } of CHANGES) {
  const compiled: number[] = [];
  const diffed: number[] = [];
  const applied: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    put(store, change(run));
    const snapshot = store.snapshot();
    let next = table;
    compiled.push(time(() => (next = compile(snapshot, OPTIONS).table)));
    let delta = diffTables(table, table);
    diffed.push(time(() => (delta = diffTables(table, next))));
    applied.push(time(() => createMatcher(applyDelta(table, delta))));
    table = next;
  }
  report(`compile after a change of ${name}`, compiled);
  report('  difference to the table before', diffed);
  report('  in a proxy thread', applied);
}
