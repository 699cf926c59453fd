/** `DELETE /v1/tokens`: evicts cached tokens, of one client or all, for whoever may. */

import type { FastifyInstance } from 'fastify';

import type { Logger } from '../telemetry/ports.ts';
import { admit, type PurgeGuard } from './purge-guard.ts';

const PATH = '/v1/tokens';

export interface PurgeOptions {
  readonly guard: PurgeGuard;
  /** Resolves with the number of entries evicted, once no proxy thread holds them any more. */
  readonly purge: (clientId: string | undefined) => Promise<number>;
  readonly logger: Logger;
}

export function registerPurge(server: FastifyInstance, options: PurgeOptions): void {
  const { guard, purge, logger } = options;
  server.delete<{ Querystring: { clientId?: string } }>(PATH, async (request, reply) => {
    const admission = await admit(request.headers.authorization, { path: PATH, verb: 'delete' }, guard);
    if (admission.kind === 'refused') {
      const { status, error } = admission;
      if (status !== 401) logger.warn({ status, error }, 'a purge of tokens was refused');
      if (status === 401) reply.header('www-authenticate', 'Bearer realm="oidc-ingress admin"');
      return reply.code(status).send({ error });
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
    logger.info({ clientId: clientId ?? 'all', purged, by: admission.by }, 'tokens purged');
    return reply.send({ purged });
  });
}
