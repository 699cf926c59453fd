/** The tenant that `dev` emulates: the API of the sample manifests and three applications. */

import type { TenantConfig } from './auth0/tenant.ts';

const AUDIENCE = 'https://orders.example.com/';

export interface DemoClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly name: string;
}

export const DEMO_CLIENTS = {
  /** May do everything. */
  writer: { clientId: 'demo', clientSecret: 'demo-secret', name: 'Nightly import' },
  /** May read. */
  reader: { clientId: 'reader', clientSecret: 'reader-secret', name: 'Dashboard' },
  /** Is not authorised for the API. */
  stranger: { clientId: 'stranger', clientSecret: 'stranger-secret', name: 'Some other application' },
} as const satisfies Readonly<Record<string, DemoClient>>;

export const DEMO_TENANT: TenantConfig = {
  clients: Object.values(DEMO_CLIENTS).map(({ clientId, clientSecret, name }) => ({
    clientId,
    clientSecrets: [clientSecret],
    name,
  })),
  apis: [{ identifier: AUDIENCE, scopes: ['read:orders', 'write:orders'] }],
  grants: [
    {
      clientId: DEMO_CLIENTS.writer.clientId,
      audience: AUDIENCE,
      scopes: ['read:orders', 'write:orders'],
    },
    { clientId: DEMO_CLIENTS.reader.clientId, audience: AUDIENCE, scopes: ['read:orders'] },
  ],
};
