/** `DELETE /v1/tokens`: evicts cached tokens, of one client or all, for whoever holds the token of the operator. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { FastifyInstance } from 'fastify';

import type { Logger } from '../telemetry/ports.ts';

/** Shorter ones could be guessed. */
const MIN_TOKEN_LENGTH = 16;

export interface PurgeOptions {
  /** File with the bearer token, read anew for each call; `undefined`: nobody may purge. */
  readonly tokenFile: string | undefined;
  /** Resolves with the number of entries evicted, once no proxy thread holds them any more. */
  readonly purge: (clientId: string | undefined) => Promise<number>;
  readonly logger: Logger;
}

export function registerPurge(server: FastifyInstance, options: PurgeOptions): void {
  const { tokenFile, purge, logger } = options;
  server.delete<{ Querystring: { clientId?: string } }>('/v1/tokens', async (request, reply) => {
    const expected = await readToken(tokenFile);
    if (expected === undefined) {
      return reply
        .code(403)
        .send({ error: 'no usable --admin-token-file is set, so nobody may purge tokens' });
    }
    if (!isSameToken(request.headers.authorization, expected)) {
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer realm="oidc-ingress admin"')
        .send({ error: 'authorization: must be Bearer with the token of --admin-token-file' });
    }
    const unknown = Object.keys(request.query).filter((name) => name !== 'clientId');
    if (
      unknown.length > 0 ||
      typeof (request.query.clientId ?? '') !== 'string' ||
      request.query.clientId === ''
    ) {
      // A typo in the name of the parameter must not purge everything.
      return reply
        .code(400)
        .send({ error: 'query: only clientId, once and not empty, or nothing for all tokens' });
    }
    const { clientId } = request.query;
    const purged = await purge(clientId);
    logger.info({ clientId: clientId ?? 'all', purged }, 'tokens purged');
    return reply.send({ purged });
  });
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch(() => '');
  const token = text.trim();
  return token.length >= MIN_TOKEN_LENGTH ? token : undefined;
}

/** Compares digests: of one length, and in constant time. */
function isSameToken(authorization: string | undefined, expected: string): boolean {
  const [, given] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}
