/** `oidc-ingress serve` with one proxy thread, as users run it: metrics on, an emulated Auth0 behind it. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { startAuth0Emulator } from '../src/dev/auth0-emulator.ts';

export const HOST = 'orders.example.com';
const AUDIENCE = 'https://orders.example.com/';
const CLIENT_ID = 'kZ8n2LrXw0bQ7yT4mVvJp3cD6fGhAs9E';
/** Of the length that Auth0 gives to them. */
const SECRET = 'S3cret'.padEnd(64, '-of-the-partner');
export const CREDENTIALS = `${CLIENT_ID}:${SECRET}`;

const MAIN = fileURLToPath(new URL('../cmd/oidc-ingress/main.ts', import.meta.url));

export interface RunningServe {
  readonly port: number;
  readonly process: ChildProcess;
  close(): Promise<void>;
}

export async function startServe(upstreamPort: number, accessLog: 'all' | 'off'): Promise<RunningServe> {
  const auth0 = await startAuth0Emulator({
    tenant: {
      clients: [{ clientId: CLIENT_ID, clientSecrets: [SECRET] }],
      apis: [{ identifier: AUDIENCE, scopes: ['read:orders'] }],
      grants: [{ clientId: CLIENT_ID, audience: AUDIENCE, scopes: ['read:orders'] }],
    },
  });
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-bench-'));
  writeFileSync(join(directory, 'all.yaml'), manifests(auth0.issuer, upstreamPort));
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'serve',
      `--manifests=${directory}`,
      '--allow-insecure-issuers',
      '--workers=1',
      '--http-address=127.0.0.1:0',
      '--https-address=off',
      '--admin-address=off',
      `--access-log=${accessLog}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const port = await httpPort(child);
  return {
    port,
    process: child,
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await auth0.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** From the line that says `ready`; what follows, the access log, is read and thrown away. */
async function httpPort(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"msg":"ready"')) continue;
    child.stdout.resume();
    return (JSON.parse(line) as { readonly http: number }).http;
  }
  throw new Error('the gateway did not become ready');
}

function manifests(issuer: string, upstreamPort: number): string {
  const others = Array.from({ length: 50 }, (_, index) => ingress(`host-${index}.example.com`, ''));
  return [
    `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: oidc-ingress }
spec: { controller: oidc-ingress.io/controller }`,
    `apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: orders-api, namespace: shop }
spec:
  provider: { issuer: "${issuer}" }
  clientCredentials: { audience: "${AUDIENCE}" }
  require: { scopes: ["read:orders"] }`,
    `apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }`,
    `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: orders-1, namespace: shop, labels: { kubernetes.io/service-name: orders } }
addressType: IPv4
ports: [{ name: http, port: ${upstreamPort} }]
endpoints: [{ addresses: [127.0.0.1] }]`,
    ingress(HOST, 'oidc-ingress.io/policy: orders-api'),
    ...others,
  ].join('\n---\n');
}

function ingress(host: string, annotations: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${host.replaceAll('.', '-')}, namespace: shop, annotations: { ${annotations} } }
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: ${host}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: orders, port: { name: http } } } }] }`;
}
