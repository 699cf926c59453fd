/** The lines of the access log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createAccessLog } from '../../../src/telemetry/access-log.ts';
import type { RequestRecord } from '../../../src/telemetry/ports.ts';

const RECORD: RequestRecord = {
  requestId: 'r-1',
  clientAddress: '192.0.2.7',
  method: 'GET',
  routeHost: '*.example.com',
  host: 'shop.example.com',
  path: '/v1/orders?page=2',
  status: 200,
  reason: undefined,
  requestBytes: 0,
  responseBytes: 12,
  durationMs: 1.23456,
  upstreamAddress: '10.0.0.1:3000',
  upstreamStatus: 200,
  upstreamDurationMs: 0.98765,
  upstreamTries: 1,
  namespace: 'shop',
  ingress: 'orders',
  service: 'orders',
  policy: 'shop/orders-api',
  authOutcome: 'allow',
  clientId: 'client-1',
  credentialSource: 'Basic',
  cause: undefined,
};

function lineOf(record: RequestRecord): string {
  let written = '';
  const log = createAccessLog({ write: (line) => (written += line) });
  log.record(record);
  log.flush();
  return written;
}

test('a request is one line of JSON with the fields that apply to it', () => {
  const line = lineOf(RECORD);
  assert.ok(line.endsWith('}\n'));
  const { time, ...fields } = JSON.parse(line) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(fields, {
    msg: 'request',
    request_id: 'r-1',
    client_address: '192.0.2.7',
    method: 'GET',
    host: 'shop.example.com',
    path: '/v1/orders?page=2',
    status: 200,
    request_bytes: 0,
    response_bytes: 12,
    duration_ms: 1.235,
    upstream_address: '10.0.0.1:3000',
    upstream_status: 200,
    upstream_duration_ms: 0.988,
    upstream_tries: 1,
    namespace: 'shop',
    ingress: 'orders',
    service: 'orders',
    policy: 'shop/orders-api',
    auth: 'allow',
    client_id: 'client-1',
    credential_source: 'Basic',
  });
});

test('no text that a caller sends can break out of its field or its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (hostile) => {
      const line = lineOf({ ...RECORD, path: hostile, host: hostile, clientId: hostile, cause: hostile });
      assert.equal(line.indexOf('\n'), line.length - 1);
      const fields = JSON.parse(line) as Record<string, unknown>;
      assert.equal(fields['path'], hostile);
      assert.equal(fields['host'], hostile);
      assert.equal(fields['client_id'] ?? '', hostile);
      assert.equal(fields['cause'] ?? '', hostile);
    }),
  );
});

test('lines are written together, in order, and never later than the flush', () => {
  const writes: string[] = [];
  const log = createAccessLog({ write: (lines) => writes.push(lines) });
  for (let index = 0; index < 100; index += 1) log.record({ ...RECORD, requestId: `r-${index}` });
  log.flush();
  assert.ok(writes.length < 30, `${writes.length} writes`);
  assert.ok(writes.every((lines) => lines.length <= 4_096 && lines.endsWith('\n')));
  const ids = writes
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { request_id: string }).request_id);
  assert.deepEqual(
    ids,
    Array.from({ length: 100 }, (_, index) => `r-${index}`),
  );
});
