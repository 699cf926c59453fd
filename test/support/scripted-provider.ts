/** An OpenID provider on loopback that does as it is told: real signed tokens, and every fault of a real one. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { SignJWT, exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';

export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly alg: string;
}

/** What a provider answers. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
  /** Sent after this promise; for slow providers. */
  readonly after?: Promise<unknown>;
  /** `reset`: the connection breaks instead. */
  readonly break?: 'reset';
}

export interface TokenCall {
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

interface TokenOptions {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: SigningKey;
  /** Seconds since the epoch; `undefined` leaves it out. */
  readonly exp?: number | undefined;
}

export interface ScriptedProvider {
  /** Ends with `/`, as that of Auth0 does. */
  readonly issuer: string;
  readonly origin: string;
  /** The token requests so far. */
  readonly calls: TokenCall[];
  /** How often the other documents were asked for. */
  readonly fetches: { discovery: number; jwks: number };
  /** How the token endpoint answers; default: a token for any client. */
  onToken: (call: TokenCall) => ScriptedAnswer | Promise<ScriptedAnswer>;
  /** Default: a good document. */
  onDiscovery: () => ScriptedAnswer;
  /** Default: the keys. */
  onJwks: () => ScriptedAnswer;
  /** What is published. */
  keys: SigningKey[];
  /** A token of this provider for the client of a call, as Auth0 issues it. */
  token(clientId: string, options?: TokenOptions): Promise<string>;
  /** A good answer with such a token. */
  grant(call: TokenCall, options?: TokenOptions): Promise<ScriptedAnswer>;
  stop(): Promise<void>;
}

/** @param kid empty: none */
export async function createSigningKey(alg = 'RS256', kid = 'k1'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), alg, use: 'sig', ...(kid !== '' && { kid }) };
  return { privateKey, publicJwk, alg };
}

/** @param nowMs the time at which tokens are issued */
export async function startScriptedProvider(nowMs: () => number = Date.now): Promise<ScriptedProvider> {
  const server = createServer((request, response) => {
    void route(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const provider: ScriptedProvider = {
    issuer: `${origin}/`,
    origin,
    calls: [],
    fetches: { discovery: 0, jwks: 0 },
    onToken: (call) => provider.grant(call),
    onDiscovery: () => ({
      body: {
        issuer: provider.issuer,
        token_endpoint: `${origin}/oauth/token`,
        jwks_uri: `${origin}/.well-known/jwks.json`,
        grant_types_supported: ['authorization_code', 'client_credentials'],
      },
    }),
    onJwks: () => ({ body: { keys: provider.keys.map(({ publicJwk }) => publicJwk) } }),
    keys: [await createSigningKey()],
    async token(clientId, options = {}) {
      const key = options.key ?? provider.keys[0];
      if (key === undefined) throw new Error('the provider has no key');
      const issuedAt = Math.floor(nowMs() / 1_000);
      const { kid } = key.publicJwk;
      const payload = {
        iss: provider.issuer,
        sub: `${clientId}@clients`,
        aud: 'https://api.test/',
        iat: issuedAt,
        azp: clientId,
        gty: 'client-credentials',
        ...('exp' in options ? options.exp !== undefined && { exp: options.exp } : { exp: issuedAt + 3_600 }),
        ...options.claims,
      };
      return await new SignJWT(payload)
        .setProtectedHeader({
          alg: key.alg,
          typ: 'JWT',
          ...(kid !== undefined && { kid }),
          ...options.header,
        })
        .sign(key.privateKey);
    },
    async grant(call, options) {
      const clientId = call.form.get('client_id') ?? basicClientId(call.headers.authorization);
      const token = await provider.token(clientId, options);
      return { body: { access_token: token, token_type: 'Bearer', expires_in: 3_600 } };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (path.endsWith('/.well-known/openid-configuration')) {
      provider.fetches.discovery += 1;
      await answer(response, provider.onDiscovery());
    } else if (path === '/.well-known/jwks.json') {
      provider.fetches.jwks += 1;
      await answer(response, provider.onJwks());
    } else if (path === '/oauth/token') {
      const call = { form: new URLSearchParams(body), headers: request.headers };
      provider.calls.push(call);
      await answer(response, await provider.onToken(call));
    } else {
      await answer(response, { status: 404, body: 'not found' });
    }
  }

  return provider;
}

async function answer(response: ServerResponse, scripted: ScriptedAnswer): Promise<void> {
  await scripted.after;
  if (scripted.break === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const { body = '' } = scripted;
  const isText = typeof body === 'string';
  response.writeHead(scripted.status ?? 200, {
    'content-type': isText ? 'text/html' : 'application/json; charset=utf-8',
    ...scripted.headers,
  });
  response.end(isText ? body : JSON.stringify(body));
}

function basicClientId(authorization: string | undefined): string {
  const text = Buffer.from((authorization ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
  return decodeURIComponent((text.split(':', 1)[0] ?? '').replaceAll('+', ' '));
}
