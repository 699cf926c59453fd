/** Records of finished requests. */

import type { RequestRecord } from '../../src/telemetry/ports.ts';

const RECORD: RequestRecord = {
  requestId: 'r-1',
  trace: undefined,
  clientAddress: '192.0.2.7',
  method: 'GET',
  scheme: 'https',
  routeHost: '*.example.com',
  routePath: '/v1',
  host: 'shop.example.com',
  path: '/v1/orders?page=2',
  status: 200,
  reason: undefined,
  requestBytes: 0,
  responseBytes: 12,
  durationMs: 1.23456,
  endedMs: 0,
  upstreamAddress: '10.0.0.1:3000',
  upstreamStatus: 200,
  upstreamAfterMs: 0.1,
  upstreamDurationMs: 0.98765,
  upstreamTries: 1,
  likeness: {},
  namespace: 'shop',
  ingress: 'orders',
  service: 'shop/orders',
  policy: 'shop/orders-api',
  authOutcome: 'allow',
  clientId: 'client-1',
  credentialSource: 'Basic',
  cause: undefined,
};

/** A request that went well, unless `rest` says otherwise. */
export function requestRecord(rest: Partial<RequestRecord> = {}): RequestRecord {
  return { ...RECORD, ...rest };
}
