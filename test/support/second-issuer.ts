/** A provider of another make on loopback: `oidc-provider`, with JWT access tokens (RFC 9068) for one API. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

export interface SecondIssuer {
  /** Without a slash at its end. */
  readonly issuer: string;
  /** Registered for `client_secret_post`. */
  readonly clientId: string;
  /** Registered for `client_secret_basic`, with the same secret. */
  readonly basicClientId: string;
  readonly clientSecret: string;
  /** Asked for by the parameter `resource` (RFC 8707). */
  readonly audience: string;
  stop(): Promise<void>;
}

const AUDIENCE = 'https://orders.second.test/';
/** Characters that form-encoding changes. */
const CLIENT_SECRET = 'p%ss:w+rd & more/than=enough';

export async function startSecondIssuer(): Promise<SecondIssuer> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, await configuration());
  server.on('request', provider.callback());
  return {
    issuer,
    clientId: 'post-client',
    basicClientId: 'basic client',
    clientSecret: CLIENT_SECRET,
    audience: AUDIENCE,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function configuration(): Promise<Readonly<Record<string, unknown>>> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const client = (id: string, method: string) => ({
    client_id: id,
    client_secret: CLIENT_SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: method,
  });
  return {
    clients: [client('post-client', 'client_secret_post'), client('basic client', 'client_secret_basic')],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'second', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['only for this test'] },
    scopes: ['read:orders', 'write:orders'],
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => {
          if (resource !== AUDIENCE) throw invalidTarget();
          return {
            scope: 'read:orders',
            audience: AUDIENCE,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
  };
}

/** The shape by which `oidc-provider` knows errors that it may show (RFC 8707, section 2). */
function invalidTarget(): Error {
  return Object.assign(new Error('invalid_target'), {
    error: 'invalid_target',
    status: 400,
    statusCode: 400,
    expose: true,
  });
}
