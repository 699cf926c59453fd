/** A proxy over real sockets with a table made for the test; the answers of the token source are scripted. */

import { BlockList } from 'node:net';

import { createCacheKeys } from '../../../src/authz/cache-key.ts';
import type { ExchangeOutcome, Grant, TokenRequest, TokenSource } from '../../../src/authz/ports.ts';
import { diffTables, type DeltaKeys } from '../../../src/compile/delta.ts';
import { emptyTable, type PolicyPlan, type Route, type RoutingTable } from '../../../src/model/table.ts';
import { DEFAULT_EDGE, type EdgeSettings } from '../../../src/proxy/edge.ts';
import { createProxy, type Proxy, type ProxyLimits } from '../../../src/proxy/proxy.ts';
import type { Limit, RequestRecord } from '../../../src/telemetry/ports.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';

export { credentialsPlan, planOf } from '../../support/plan.ts';

export const BACKEND = 'shop/orders:http';
export const PLAN_KEY = 'shop/orders-api';
export const BASIC = `Basic ${Buffer.from('partner:S3cret').toString('base64')}`;

/** A quick clock: what takes a minute takes a fraction of a second here. */
const LIMITS: Partial<ProxyLimits> = { sweepIntervalMs: 10 };

export interface Gateway {
  readonly proxy: Proxy;
  readonly port: number;
  readonly httpsPort: number;
  readonly records: readonly RequestRecord[];
  readonly asked: readonly TokenRequest[];
  readonly logger: CollectingLogger;
  /** Open connections from callers. */
  readonly connections: () => number;
  /** Limits that were reached. */
  readonly reached: readonly Limit[];
  /** Replaces the table. */
  apply(table: RoutingTable, keys?: Partial<DeltaKeys>): void;
  /** The record of the `count`th request. */
  record(count?: number): Promise<RequestRecord>;
}

export interface GatewayOptions {
  readonly table: RoutingTable;
  readonly keys?: Partial<DeltaKeys>;
  readonly limits?: Partial<ProxyLimits>;
  /** Default: every question is answered with {@link grantOf}. */
  readonly outcome?: (request: TokenRequest) => ExchangeOutcome | Promise<ExchangeOutcome>;
  /** What the thread knows already. */
  readonly known?: () => ExchangeOutcome | undefined;
  readonly trusted?: readonly string[];
  readonly edge?: Partial<EdgeSettings>;
  readonly random?: () => number;
  readonly nowMs?: () => number;
}

/** Starts a proxy; it closes with the test. */
export async function startGateway(
  test: { after(fn: () => Promise<void>): void },
  {
    table,
    keys,
    limits,
    outcome = () => grantOf(),
    known = () => undefined,
    trusted = [],
    edge = {},
    random = () => 0,
    nowMs = Date.now,
  }: GatewayOptions,
): Promise<Gateway> {
  const records: RequestRecord[] = [];
  const asked: TokenRequest[] = [];
  const logger = collectingLogger();
  let connections = 0;
  const reached: Limit[] = [];
  const tokens: TokenSource = {
    lookup: known,
    async obtain(request) {
      asked.push(request);
      return await outcome(request);
    },
  };
  const trustedProxies = new BlockList();
  for (const address of trusted) trustedProxies.addAddress(address);
  const proxy = createProxy({
    tokens,
    cacheKeys: createCacheKeys(Buffer.alloc(32, 7)),
    telemetry: {
      requestFinished: (record) => records.push(record),
      tokenCacheLookup: () => {},
      exchangeSaved: () => {},
      connections: (change) => (connections += change),
      limitReached: (limit) => reached.push(limit),
    },
    logger,
    trustedProxies,
    random,
    now: nowMs,
    edge: { ...DEFAULT_EDGE, ...edge },
    limits: { ...LIMITS, ...limits },
  });
  test.after(() => proxy.close());
  let current = emptyTable();
  const apply: Gateway['apply'] = (next, given) => {
    proxy.apply(diffTables(current, next), { certificateKeys: {}, backendKeys: {}, ...given });
    current = next;
  };
  apply(table, keys);
  const target = { host: '127.0.0.1', port: 0, reusePort: false };
  const { http = 0, https = 0 } = await proxy.listen(target, target);
  return {
    proxy,
    port: http,
    httpsPort: https,
    records,
    asked,
    logger,
    connections: () => connections,
    reached,
    apply,
    record: (count = 1) => eventually(`record ${count}`, async () => records[count - 1]),
  };
}

export function tableFor(
  ports: readonly number[],
  { plan, identityHeaders = [] }: { plan?: PolicyPlan; identityHeaders?: readonly string[] } = {},
): RoutingTable {
  return {
    ...emptyTable(),
    hosts: { 'shop.example.com': { routes: [route(plan === undefined ? undefined : PLAN_KEY)] } },
    plans: plan === undefined ? {} : { [PLAN_KEY]: plan },
    backends: {
      [BACKEND]: {
        service: 'shop/orders',
        endpoints: ports.map((port) => ({ address: '127.0.0.1', port })),
        protocol: 'HTTP',
        tls: undefined,
      },
    },
    identityHeaders,
  };
}

export function route(plan: string | undefined): Route {
  return {
    path: '/',
    pathType: 'Prefix',
    ingress: { namespace: 'shop', name: 'orders' },
    action: { kind: 'forward', backend: BACKEND, plan, canaries: [] },
    options: undefined,
  };
}

export function grantOf(changes: Partial<Grant> = {}): Grant {
  return {
    kind: 'granted',
    token: 'the.access.token',
    claims: { azp: 'partner', aud: 'https://orders.example.com/', scope: 'read:orders', tenant: 'acme' },
    keyId: 'k1',
    issuer: 'https://acme.eu.auth0.com/',
    usableUntilMs: Number.MAX_SAFE_INTEGER,
    refreshFromMs: Number.MAX_SAFE_INTEGER,
    ...changes,
  };
}

/** A request head; each part is a line. */
export function head(...parts: readonly string[]): string {
  return `${parts.join('\r\n')}\r\n\r\n`;
}
