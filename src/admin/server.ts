/** The admin server: probes, metrics and debug pages, for operators and machines inside the cluster only. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { fastify } from 'fastify';

import { CannotListen } from '../config/cannot-listen.ts';
import type { ListenAddress } from '../config/values.ts';
import type { Problem } from '../model/problems.ts';
import type { RoutingTable } from '../model/table.ts';
import { registerPurge, type PurgeOptions } from './purge.ts';
import { redactTable } from './redact-table.ts';
import { registerStatusPage } from './status-page.ts';
import type { Status } from './status/status.ts';

/** What the admin server shows; each is asked anew for each request. */
export interface AdminSources {
  /** Empty: ready. Otherwise what is still missing, in words. */
  readonly notReadyBecause: () => readonly string[];
  /** Whether the event loop of every proxy thread turns. */
  readonly isAlive: () => Promise<boolean>;
  /** Prometheus text exposition. */
  readonly metrics: () => Promise<string>;
  readonly table: () => RoutingTable;
  readonly problems: () => readonly Problem[];
  /** Plain text. */
  readonly explain: (url: URL, method: string) => string;
  readonly purge: PurgeOptions;
  readonly status: () => Status;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

const PAGES = [
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/v1/status',
  '/debug/table',
  '/debug/problems',
  '/debug/explain?url=',
];

export async function startAdmin(sources: AdminSources, address: ListenAddress): Promise<AdminServer> {
  const server = fastify({ logger: false, forceCloseConnections: true });

  server.get('/healthz', async (_request, reply) => {
    const isAlive = await sources.isAlive();
    return reply
      .code(isAlive ? 200 : 503)
      .send({ status: isAlive ? 'ok' : 'a proxy thread does not answer' });
  });

  server.get('/readyz', (_request, reply) => {
    const missing = sources.notReadyBecause();
    return reply.code(missing.length === 0 ? 200 : 503).send({ ready: missing.length === 0, missing });
  });

  server.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await sources.metrics()),
  );

  server.get('/debug/table', () => redactTable(sources.table()));

  server.get('/debug/problems', () => sources.problems());

  server.get<{ Querystring: { url?: string; method?: string } }>('/debug/explain', (request, reply) => {
    const { url, method = 'GET' } = request.query;
    const parsed = URL.parse(url ?? '');
    if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
      return reply
        .code(400)
        .send({ error: 'url: must be an absolute URL such as https://shop.example.com/v1/orders' });
    }
    return reply.type('text/plain; charset=utf-8').send(sources.explain(parsed, method));
  });

  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: `no such page; there are ${PAGES.join(', ')} and DELETE /v1/tokens` }),
  );

  registerPurge(server, sources.purge);
  registerStatusPage(server, sources.status);

  await server.ready();
  // Without a host Node takes every address of the machine, also where it has no IPv6; fastify would take localhost.
  server.server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) });
  await once(server.server, 'listening').catch((error: unknown) => {
    throw new CannotListen('admin-address', address, error);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => server.close(),
  };
}
