/** What the gateway stands between: an emulated Auth0 tenant and the Service of the tutorial, as pods of the same image. */

import { stringify } from 'yaml';

const PORT = 4_000;

/** The namespace of the tutorial, and that of the tenant. */
export const SHOP = 'shop';
export const AUTH0 = 'auth0';

export const ISSUER = `http://tenant.${AUTH0}.svc.cluster.local:${PORT}/`;

export function backingManifests(image: string): string {
  const emulator = ['--only=emulator', `--emulator-address=0.0.0.0:${PORT}`, `--emulator-issuer=${ISSUER}`];
  const upstream = ['--only=upstream', `--upstream-address=0.0.0.0:${PORT}`];
  return [
    namespace(AUTH0),
    namespace(SHOP),
    ...server({ namespace: AUTH0, name: 'tenant', image, port: PORT, args: emulator }),
    ...server({ namespace: SHOP, name: 'orders', image, port: 80, args: upstream }),
  ]
    .map((object) => stringify(object))
    .join('---\n');
}

export function namespace(name: string): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

interface Server {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  /** Of the Service. */
  readonly port: number;
  readonly args: readonly string[];
}

function server({ namespace, name, image, port, args }: Server): readonly object[] {
  const metadata = { name, namespace };
  const labels = { app: name };
  const container = {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['dev', ...args],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 65_532,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { automountServiceAccountToken: false, securityContext, containers: [container] },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 'http', port, targetPort: 'http' }] },
    },
  ];
}
