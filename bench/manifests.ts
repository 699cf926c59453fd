/** What the measured gateway serves: one API behind a policy, and other Ingresses beside it. */

import type { TestKeyPair } from '../test/support/key-pair.ts';
import { tlsSecretOf } from '../test/support/key-pair.ts';
import { ingress, policy, surroundings } from '../test/support/world.ts';
import { AUDIENCE, HOST, SCOPE } from './issuer.ts';

export interface ManifestOptions {
  readonly issuer: string;
  readonly upstreamPort: number;
  readonly keyPair: TestKeyPair;
  /** Open routes on hosts of their own, beside the measured one. Default 50. */
  readonly otherRoutes?: number;
}

export function gatewayManifests(options: ManifestOptions): string {
  const { issuer, upstreamPort, keyPair, otherRoutes = 50 } = options;
  const spec = {
    provider: { issuer },
    clientCredentials: { audience: AUDIENCE },
    bearer: {},
    require: { scopes: [SCOPE] },
  };
  const protectedIngress = ingress(HOST, 'orders-api').replace(
    'spec:',
    `spec:\n  tls: [{ hosts: [${HOST}], secretName: orders-tls }]`,
  );
  return [
    surroundings(upstreamPort),
    `---\n${JSON.stringify(tlsSecretOf('orders-tls', keyPair))}`,
    policy('orders-api', JSON.stringify(spec)),
    protectedIngress,
    ...Array.from({ length: otherRoutes }, (_, index) => ingress(`host-${index}.example.com`)),
  ].join('\n');
}
