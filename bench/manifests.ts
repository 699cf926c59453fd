/** What the measured gateway serves: one API behind a policy, and other Ingresses beside it. */

import { tlsSecretOf } from '../test/support/key-pair.ts';
import { ingress, policy, surroundings } from '../test/support/world.ts';
import { AUDIENCE, HOST, SCOPE } from './issuer.ts';
import type { Surroundings } from './surroundings.ts';

/** As `routes.lua` asks them. */
const PATHS_OF_HOST = 10;
const POLICY = 'orders-api';

/** `routes`: one that all workloads ask, and so many beside it behind the same policy, ten on each host. */
export function gatewayManifests({ issuer, upstreamPort, keyPair }: Surroundings, routes: number): string {
  const spec = {
    provider: { issuer: issuer.url },
    clientCredentials: { audience: AUDIENCE },
    bearer: {},
    require: { scopes: [SCOPE] },
  };
  return [
    surroundings(upstreamPort),
    `---\n${JSON.stringify(tlsSecretOf('orders-tls', keyPair))}`,
    policy(POLICY, JSON.stringify(spec)),
    ingress(HOST, POLICY).replace('spec:', `spec:\n  tls: [{ hosts: [${HOST}], secretName: orders-tls }]`),
    ...Array.from({ length: routes / PATHS_OF_HOST }, (_, index) => manyPaths(index)),
  ].join('\n');
}

function manyPaths(index: number): string {
  const backend = { service: { name: 'orders', port: { name: 'http' } } };
  const paths = Array.from({ length: PATHS_OF_HOST }, (_, at) => ({
    path: `/v1/${at}`,
    pathType: 'Prefix',
    backend,
  }));
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: `host-${index}`,
      namespace: 'shop',
      annotations: { 'oidc-ingress.io/policy': POLICY },
    },
    spec: {
      ingressClassName: 'oidc-ingress',
      rules: [{ host: `host-${index}.example.com`, http: { paths } }],
    },
  };
  return `---\n${JSON.stringify(object)}`;
}
