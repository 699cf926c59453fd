/** A Service to forward to: it answers with the request that reached it, so that one sees what the gateway sent. */

import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { fastify, type FastifyReply, type FastifyRequest } from 'fastify';
import { decodeJwt, type JWTPayload } from 'jose';

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
const STREAM_CHUNKS = 5;
const STREAM_INTERVAL_MS = 100;
const MAX_DELAY_MS = 60_000;

export interface EchoUpstreamOptions {
  /** Default 0: a free port. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
}

export interface EchoUpstream {
  readonly port: number;
  /** How many requests have reached it. */
  readonly requests: number;
  close(): Promise<void>;
}

/** What is shown of a request. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  /** Without `authorization`. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The token itself is never shown: whoever reads it could use it. */
  readonly authorization: EchoedAuthorization | undefined;
  readonly body: string;
}

interface EchoedAuthorization {
  readonly scheme: string;
  /** Claims of a bearer token, unverified. */
  readonly claims: JWTPayload | undefined;
}

/**
 * `/stream` answers in five chunks over half a second, `/status/NNN` with that status, `/delay/MS` after so many
 * milliseconds; everything else at once.
 * @throws when the port is taken
 */
export async function startEchoUpstream(options: EchoUpstreamOptions = {}): Promise<EchoUpstream> {
  let requests = 0;
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: BODY_LIMIT_BYTES });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.addHook('onRequest', (_request, _reply, done) => {
    requests += 1;
    done();
  });
  server.get('/stream', (_request, reply) => reply.type('text/plain').send(Readable.from(ticks())));
  server.all<{ Params: { status: string } }>('/status/:status', (request, reply) => {
    const status = Number(request.params.status);
    return send(request, reply.code(status >= 200 && status <= 599 ? status : 400));
  });
  server.all<{ Params: { ms: string } }>('/delay/:ms', async (request, reply) => {
    await pause(Math.min(Number(request.params.ms) || 0, MAX_DELAY_MS));
    return await send(request, reply);
  });
  server.all('/*', send);
  await server.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return {
    port: (server.server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    close: () => server.close(),
  };
}

function send(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.type('application/json').send(`${JSON.stringify(echoOf(request), undefined, 2)}\n`);
}

function echoOf({ method, url, headers, body }: FastifyRequest): Echo {
  const { authorization, ...rest } = headers;
  return {
    method,
    url,
    headers: rest,
    authorization: authorization === undefined ? undefined : describeAuthorization(authorization),
    body: typeof body === 'string' ? body : '',
  };
}

function describeAuthorization(authorization: string): EchoedAuthorization {
  const [scheme = '', token = ''] = authorization.split(' ');
  return { scheme, claims: claimsOf(token) };
}

function claimsOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

async function* ticks(): AsyncGenerator<string> {
  for (let tick = 1; tick <= STREAM_CHUNKS; tick += 1) {
    yield `tick ${tick}\n`;
    if (tick < STREAM_CHUNKS) await pause(STREAM_INTERVAL_MS);
  }
}
