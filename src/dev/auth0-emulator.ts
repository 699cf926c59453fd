/** An Auth0 tenant on a local port: the endpoints of the client-credentials grant, its answers word for word, and faults on demand. */

import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';

import { discoveryDocument } from './auth0/discovery.ts';
import { FaultScript, type EndpointFault, type TokenFault } from './auth0/fault-script.ts';
import { Limits } from './auth0/limits.ts';
import { SigningKeys } from './auth0/signing-keys.ts';
import { Tenant, type TenantConfig } from './auth0/tenant.ts';
import { answerTokenRequest } from './auth0/token-endpoint.ts';
import { TokenLog, type TokenRequestEntry } from './auth0/token-log.ts';
import { parseTokenRequest } from './auth0/token-request.ts';

export interface Auth0EmulatorOptions {
  readonly tenant: TenantConfig;
  /** Default 0: a free port. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** What the tenant calls itself, ending with a slash. Default `http://HOST:PORT/`. */
  readonly issuer?: string;
  /** Milliseconds since the epoch. Default: the clock of the machine. */
  readonly nowMs?: () => number;
}

/** How often each endpoint was called. */
interface EmulatorCalls {
  readonly exchanges: number;
  readonly jwksFetches: number;
  readonly discoveries: number;
}

export interface Auth0Emulator {
  readonly issuer: string;
  readonly port: number;
  /** The calls so far. */
  readonly calls: EmulatorCalls;
  /** The last 1,000 token requests, without secrets. */
  readonly tokenRequests: readonly TokenRequestEntry[];
  /** Secrets and grants, to be changed while the tenant serves. */
  readonly tenant: Tenant;
  readonly keys: SigningKeys;
  readonly limits: Limits;
  readonly faults: {
    readonly token: FaultScript<TokenFault>;
    readonly jwks: FaultScript<EndpointFault>;
    readonly discovery: FaultScript<EndpointFault>;
  };
  close(): Promise<void>;
}

/** @throws when the port is taken */
export async function startAuth0Emulator(options: Auth0EmulatorOptions): Promise<Auth0Emulator> {
  const { tenant: config, host = '127.0.0.1', nowMs = Date.now } = options;
  const algorithms = [...new Set(['RS256' as const, ...config.apis.map((api) => api.signingAlg ?? 'RS256')])];
  const calls = { exchanges: 0, jwksFetches: 0, discoveries: 0 };
  const log = new TokenLog();
  const endpoint = {
    issuer: options.issuer ?? '',
    tenant: new Tenant(config),
    keys: await SigningKeys.generate(algorithms),
    limits: new Limits(),
  };
  const faults: Auth0Emulator['faults'] = {
    token: new FaultScript(),
    jwks: new FaultScript(),
    discovery: new FaultScript(),
  };
  const server = fastify({ logger: false, forceCloseConnections: true });
  readBodiesAsText(server);

  server.get('/.well-known/openid-configuration', async (_request, reply) => {
    calls.discoveries += 1;
    return await respond(reply, faults.discovery.take(), () =>
      Promise.resolve({ status: 200, body: discoveryDocument(endpoint.issuer, algorithms), headers: {} }),
    );
  });
  server.get('/.well-known/jwks.json', async (_request, reply) => {
    calls.jwksFetches += 1;
    return await respond(reply, faults.jwks.take(), () =>
      Promise.resolve({ status: 200, body: { keys: endpoint.keys.publicKeys() }, headers: {} }),
    );
  });
  server.post('/oauth/token', async (request, reply) => {
    calls.exchanges += 1;
    const { headers } = request;
    const body = typeof request.body === 'string' ? request.body : '';
    const parsed = parseTokenRequest(headers['content-type'], body, headers.authorization);
    log.add(parsed, headers, nowMs());
    const fault = faults.token.take();
    void reply.header('Cache-Control', 'no-store').header('Pragma', 'no-cache');
    return await respond(reply, fault, () => answerTokenRequest(endpoint, parsed, nowMs(), fault));
  });

  await server.listen({ host, port: options.port ?? 0 });
  const { port } = server.server.address() as AddressInfo;
  endpoint.issuer ||= `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  return {
    issuer: endpoint.issuer,
    port,
    calls,
    tokenRequests: log.entries,
    tenant: endpoint.tenant,
    keys: endpoint.keys,
    limits: endpoint.limits,
    faults,
    close: () => server.close(),
  };
}

/** The emulator parses bodies itself: its own errors have the words of Auth0. */
function readBodiesAsText(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}

type Reply = Awaited<ReturnType<typeof answerTokenRequest>>;

/** Plays `fault`, and gives the true answer where it leaves one. */
async function respond(
  reply: FastifyReply,
  fault: EndpointFault | undefined,
  answer: () => Promise<Reply>,
): Promise<unknown> {
  if (fault?.delayMs !== undefined) await pause(fault.delayMs);
  await fault?.until;
  if (fault?.hangUp === true) {
    reply.hijack();
    reply.raw.destroy();
    return reply;
  }
  if (fault?.answer !== undefined) {
    const { status, body, headers } = fault.answer;
    return reply
      .code(status)
      .headers({ 'content-type': 'application/json', ...headers })
      .send(body);
  }
  const { status, body, headers } = await answer();
  return reply
    .code(status)
    .headers({ ...headers, ...fault?.headers })
    .send(body);
}
