/** An emulated Auth0 tenant with one client, and the two forms in which that client proves who it is. */

import { startAuth0Emulator } from '../src/dev/auth0-emulator.ts';

export const HOST = 'orders.example.com';
export const AUDIENCE = 'https://orders.example.com/';
export const SCOPE = 'read:orders';
const CLIENT_ID = 'kZ8n2LrXw0bQ7yT4mVvJp3cD6fGhAs9E';
/** Of the length that Auth0 gives to them. */
const SECRET = 'S3cret'.padEnd(64, '-of-the-partner');

export interface Issuer {
  readonly url: string;
  /** Values of `Authorization`. */
  readonly credentials: { readonly basic: string; readonly bearer: string };
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const auth0 = await startAuth0Emulator({
    tenant: {
      clients: [{ clientId: CLIENT_ID, clientSecrets: [SECRET] }],
      apis: [{ identifier: AUDIENCE, scopes: [SCOPE] }],
      grants: [{ clientId: CLIENT_ID, audience: AUDIENCE, scopes: [SCOPE] }],
    },
  });
  const response = await fetch(new URL('oauth/token', auth0.issuer), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: CLIENT_ID,
      client_secret: SECRET,
      audience: AUDIENCE,
    }),
  });
  const { access_token: token } = (await response.json()) as { readonly access_token: string };
  return {
    url: auth0.issuer,
    credentials: {
      basic: `Basic ${Buffer.from(`${CLIENT_ID}:${SECRET}`).toString('base64')}`,
      bearer: `Bearer ${token}`,
    },
    close: () => auth0.close(),
  };
}
