/** Objects of a large cluster, decoded: Ingresses of several paths with what belongs to them, over many namespaces. */

import { decodeObject } from '../src/decode/decode-object.ts';
import { createObjectStore, type ObjectStore } from '../src/decode/store.ts';

export const PATHS = 4;
export const ENDPOINTS = 3;
export const POLICIES = 200;
/** Ingresses are as old as each other, give or take. */
const AGES = 5_000;

const placeOf = (index: number): string => `team-${index % POLICIES}`;

export function put(store: ObjectStore, manifest: object): void {
  const object = decodeObject(manifest);
  if (!('decoded' in object)) throw new Error(JSON.stringify(object));
  store.set(object);
}

export function ingress(index: number, path = '/v1'): object {
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
      creationTimestamp: new Date(1_700_000_000_000 + ((index * 7_919) % AGES) * 1_000).toISOString(),
    },
    spec: {
      ingressClassName: 'oidc-ingress',
      rules: [{ host: `web-${index}.example.com`, http: { paths } }],
    },
  };
}

export function slice(index: number, last = 1): object {
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

export function policy(index: number, scope = 'read'): object {
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

export function cluster(ingresses: number): ObjectStore {
  const store = createObjectStore();
  put(store, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'oidc-ingress' },
    spec: { controller: 'oidc-ingress.io/controller' },
  });
  for (let index = 0; index < POLICIES; index += 1) put(store, policy(index));
  for (let index = 0; index < ingresses; index += 1) {
    put(store, ingress(index));
    put(store, service(index));
    put(store, slice(index));
  }
  return store;
}
