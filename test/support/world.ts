/** A whole set-up on loopback: an Auth0 tenant, an upstream, manifests in a directory, and the gateway as its users start it. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startAuth0Emulator, type Auth0Emulator } from '../../src/dev/auth0-emulator.ts';
import type { TenantConfig } from '../../src/dev/auth0/tenant.ts';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../../src/dev/echo-upstream.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { call, type Answer, type Call } from './http-client.ts';

export const AUDIENCE = 'https://orders.example.com/';
export const CLIENT = { id: 'partner-batch', secret: 'S3cret-of:the-partner/ü' } as const;
/** As a caller sends them by HTTP Basic. */
export const RIGHT = `${CLIENT.id}:${CLIENT.secret}`;
export const WRONG = `${CLIENT.id}:wrong-S3cret`;

const TENANT: TenantConfig = {
  clients: [{ clientId: CLIENT.id, clientSecrets: [CLIENT.secret] }],
  apis: [{ identifier: AUDIENCE, scopes: ['read:orders', 'write:orders'] }],
  grants: [{ clientId: CLIENT.id, audience: AUDIENCE, scopes: ['read:orders'] }],
};

/** What the writers of manifests need to know of the set-up. */
export interface Places {
  readonly issuer: string;
  readonly upstreamPort: number;
}

export interface World {
  readonly auth0: Auth0Emulator;
  readonly upstream: EchoUpstream;
  readonly gateway: Gateway;
  /** Flags that make another gateway read the same manifests. */
  readonly flags: readonly string[];
  /** Calls the gateway in clear text. */
  call(options: Omit<Call, 'port'>): Promise<Answer>;
  /** Replaces the manifests; the gateway follows. */
  write(manifests: string): void;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly manifests: (places: Places) => string;
  readonly tenant?: TenantConfig;
  readonly flags?: readonly string[];
  /** Beside that of the test. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const { manifests, tenant = TENANT, flags = [], environment } = options;
  const auth0 = await startAuth0Emulator({ tenant });
  const upstream = await startEchoUpstream();
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-world-'));
  const write = (text: string): void => {
    // As editors and mounted ConfigMaps do: no reader meets half a file.
    writeFileSync(join(directory, '.all.yaml'), text);
    renameSync(join(directory, '.all.yaml'), join(directory, 'all.yaml'));
  };
  write(manifests({ issuer: auth0.issuer, upstreamPort: upstream.port }));
  const allFlags = [`--manifests=${directory}`, '--allow-insecure-issuers', ...flags];
  const gateway = await startGateway(allFlags, environment).catch(async (error: unknown) => {
    // Open listeners would keep the test process alive, and its failure unseen.
    await Promise.all([auth0.close(), upstream.close()]);
    throw error;
  });
  return {
    auth0,
    upstream,
    gateway,
    flags: allFlags,
    write,
    call: (options) => call({ port: gateway.ports.http, ...options }),
    async close() {
      await gateway.stop();
      await Promise.all([auth0.close(), upstream.close()]);
      rmSync(directory, { recursive: true });
    },
  };
}

/** The answer of the upstream: the request that reached it. */
export function echoOf(answer: Answer): Echo {
  return answer.json() as unknown as Echo;
}

/** IngressClass, Service and EndpointSlice: what a cluster has beside Ingress and policy. */
export function surroundings(upstreamPort: number, upstreamAddress = '127.0.0.1'): string {
  return `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: oidc-ingress }
spec: { controller: oidc-ingress.io/controller }
---
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: orders-1, namespace: shop, labels: { kubernetes.io/service-name: orders } }
addressType: IPv4
ports: [{ name: http, port: ${upstreamPort} }]
endpoints: [{ addresses: [${upstreamAddress}] }]
`;
}

/**
 * An Ingress for `host` with the policy of that name; without one the route is open. `options`: further annotations, without
 * their prefix.
 */
export function ingress(
  host: string,
  policy?: string,
  options: Readonly<Record<string, string>> = {},
): string {
  const values = policy === undefined ? options : { policy, ...options };
  const annotations = JSON.stringify(
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`oidc-ingress.io/${name}`, value])),
  );
  return `
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${host.replaceAll('.', '-')}, namespace: shop, annotations: ${annotations} }
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: ${host}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: orders, port: { name: http } } } }] }
`;
}

/** An OIDCPolicy; `spec` is YAML in flow style. */
export function policy(name: string, spec: string): string {
  return `
---
apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
`;
}

/** The spec of a policy that gets its tokens for {@link AUDIENCE} from `issuer`; `further` fields are YAML in flow style. */
export function specFor(issuer: string, ...further: readonly string[]): string {
  const fields = [`provider: { issuer: "${issuer}" }`, `clientCredentials: { audience: "${AUDIENCE}" }`];
  return `{ ${[...fields, ...further].join(', ')} }`;
}

/** A policy, and an Ingress under it. */
export function protectedBy(name: string, spec: string, host = `${name}.example.com`): string {
  return policy(name, spec) + ingress(host, name);
}
