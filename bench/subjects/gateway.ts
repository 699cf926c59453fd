/** One proxy thread of the gateway with a cached token: all checks, metrics and the access log. Argument: upstream port. */

import { BlockList } from 'node:net';

import { createCacheKeys } from '../../src/authz/cache-key.ts';
import type { Grant } from '../../src/authz/ports.ts';
import { diffTables } from '../../src/compile/delta.ts';
import { emptyTable } from '../../src/model/table.ts';
import { createTokenSource } from '../../src/oauth/thread-token-source.ts';
import { createProxy } from '../../src/proxy/proxy.ts';
import { createAccessLog } from '../../src/telemetry/access-log.ts';
import { createLogger, standardOutput } from '../../src/telemetry/logger.ts';
import { createProxyMetrics } from '../../src/telemetry/proxy-metrics.ts';
import { benchTable } from '../table.ts';
import { announcePort } from './announce.ts';

/** As long as a token of Auth0 with a few scopes. */
const TOKEN = 'e'.repeat(900);
const DAY_MS = 86_400_000;

const output = standardOutput();
const accessLog = createAccessLog(output, { mode: 'all', oneIn: 1 });
const metrics = createProxyMetrics((record) => accessLog?.record(record));
const grant: Grant = {
  kind: 'granted',
  token: TOKEN,
  claims: {
    sub: 'partner@clients',
    azp: 'partner',
    aud: 'https://orders.example.com/',
    scope: 'read:orders',
  },
  keyId: 'k',
  issuer: 'https://acme.eu.auth0.com/',
  usableUntilMs: Date.now() + DAY_MS,
  refreshFromMs: Date.now() + DAY_MS,
};
const proxy = createProxy({
  tokens: createTokenSource({
    broker: { obtain: () => Promise.resolve(grant) },
    telemetry: metrics.telemetry,
    maxTokens: 100_000,
    maxRefusals: 10_000,
  }),
  cacheKeys: createCacheKeys(Buffer.alloc(32, 1)),
  telemetry: metrics.telemetry,
  logger: createLogger({ level: 'info', destination: output }),
  trustedProxies: new BlockList(),
});
proxy.apply(diffTables(emptyTable(), benchTable(Number(process.argv[2]))), {});
const { http } = await proxy.listen({ host: '127.0.0.1', port: 0, reusePort: false }, undefined);
announcePort(http ?? 0);
