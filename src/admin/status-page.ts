/** `/`, `/v1/status` and `/assets/`: what a person on call looks at, and the same as data. */

import { readFileSync } from 'node:fs';

import type { FastifyInstance } from 'fastify';

import { renderPage } from './page/page.ts';
import type { Status } from './status/status.ts';

const MAX_FILTER_LENGTH = 100;

const ASSETS = [
  { name: 'status.css', type: 'text/css; charset=utf-8' },
  { name: 'status.js', type: 'text/javascript; charset=utf-8' },
  { name: 'icon.svg', type: 'image/svg+xml' },
] as const;

/** Everything comes from this server, nothing is inline, nobody may frame the page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export function registerStatusPage(server: FastifyInstance, status: () => Status): void {
  server.addHook('onSend', (_request, reply, payload, done) => {
    reply.headers(SECURITY_HEADERS);
    done(null, payload);
  });

  server.get('/v1/status', () => status());

  server.get<{ Querystring: { q?: unknown } }>('/', (request, reply) => {
    const { q } = request.query;
    const filter = typeof q === 'string' ? q.trim().slice(0, MAX_FILTER_LENGTH) : '';
    return reply.type('text/html; charset=utf-8').send(renderPage(status(), filter));
  });

  for (const { name, type } of ASSETS) {
    // Beside this module in the sources, beside the bundle where it is bundled.
    const content = readFileSync(new URL(`./assets/${name}`, import.meta.url));
    server.get(`/assets/${name}`, (_request, reply) => reply.type(type).send(content));
  }
}
