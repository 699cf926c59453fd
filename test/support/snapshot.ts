/** Snapshots from manifests, decoded as in production; and objects to put into them. */

import assert from 'node:assert/strict';

import { compile } from '../../src/compile/compile.ts';
import type { CompileOptions, CompileResult } from '../../src/compile/result.ts';
import { decodeObject } from '../../src/decode/decode-object.ts';
import { createObjectStore } from '../../src/decode/store.ts';
import type { Snapshot } from '../../src/model/objects.ts';

/** What the gateway compiles with when no flag says otherwise. */
export const DEFAULT_OPTIONS: CompileOptions = {
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

/** In the order given: whoever depends on it is wrong. */
export function snapshotOf(manifests: readonly unknown[]): Snapshot {
  const store = createObjectStore();
  for (const manifest of manifests) {
    const object = decodeObject(manifest, 'shop');
    assert.ok('decoded' in object, `not an object that is read: ${JSON.stringify(object)}`);
    store.set(object);
  }
  return store.snapshot();
}

export function compileManifests(
  manifests: readonly unknown[],
  options: Partial<CompileOptions> = {},
): CompileResult {
  return compile(snapshotOf(manifests), { ...DEFAULT_OPTIONS, ...options });
}

export const OUR_CLASS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'oidc-ingress' },
  spec: { controller: 'oidc-ingress.io/controller' },
};

export interface IngressParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly createdAt?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function ingressOf({ name = 'web', namespace = 'shop', createdAt, annotations, spec }: IngressParts) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, annotations, creationTimestamp: createdAt },
    spec: { ingressClassName: 'oidc-ingress', ...spec },
  };
}

/** A rule of `spec.rules`; a path is `Exact /a` or `Prefix /a`, all to port 80 of the Service `web`. */
export function ruleOf(host: string | undefined, ...paths: readonly string[]) {
  return {
    host,
    http: {
      paths: paths.map((text) => {
        const [pathType, path] = text.split(' ', 2);
        return { pathType, path, backend: backendOf('web', 80) };
      }),
    },
  };
}

export function backendOf(name: string, port: number | string) {
  return { service: { name, port: typeof port === 'number' ? { number: port } : { name: port } } };
}

/** A Service with one port, 80 named `http`, and one ready endpoint. */
export function serviceOf(name: string, namespace = 'shop'): readonly unknown[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { ports: [{ name: 'http', port: 80 }] },
    },
    sliceOf(name, { namespace, endpoints: [{ addresses: ['10.0.0.1'] }] }),
  ];
}

export function sliceOf(
  service: string,
  parts: {
    readonly name?: string;
    readonly namespace?: string;
    readonly addressType?: string;
    readonly ports?: readonly unknown[];
    readonly endpoints: readonly unknown[];
  },
) {
  const { name = `${service}-1`, namespace = 'shop', addressType = 'IPv4', endpoints } = parts;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': service } },
    addressType,
    ports: parts.ports ?? [{ name: 'http', port: 8080 }],
    endpoints,
  };
}

export function policyOf(spec: Readonly<Record<string, unknown>> = {}, name = 'api', namespace = 'shop') {
  return {
    apiVersion: 'oidc-ingress.io/v1alpha1',
    kind: 'OIDCPolicy',
    metadata: { name, namespace },
    spec: {
      provider: { issuer: 'https://acme.eu.auth0.com/' },
      clientCredentials: { audience: 'https://api.acme.com/' },
      ...spec,
    },
  };
}
