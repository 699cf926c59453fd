/** The lines of the access log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { RequestTrace } from '../../../src/http/trace-context.ts';
import {
  createAccessLog,
  type AccessLog,
  type AccessLogSettings,
} from '../../../src/telemetry/access-log.ts';
import type { RequestRecord } from '../../../src/telemetry/ports.ts';
import { requestRecord } from '../../support/request-records.ts';

const RECORD = requestRecord({ trace: trace('0af7651916cd43dd8448eb211c80319c') });

function trace(traceId: string): RequestTrace {
  return { traceId, callerSpanId: undefined, spans: undefined, traceparent: undefined };
}

function open(write: (lines: string) => void, settings: Partial<AccessLogSettings> = {}): AccessLog {
  const log = createAccessLog((lines) => write(Buffer.from(lines).toString()), {
    mode: 'all',
    oneIn: 1,
    ...settings,
  });
  assert.ok(log !== undefined);
  return log;
}

function lineOf(record: RequestRecord): string {
  let written = '';
  const log = open((line) => (written += line));
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
    trace_id: '0af7651916cd43dd8448eb211c80319c',
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
      assert.match(line, /^[\x20-\x7e]*\n$/);
      const fields = JSON.parse(line) as Record<string, unknown>;
      assert.equal(fields['path'], hostile);
      assert.equal(fields['host'], hostile);
      assert.equal(fields['client_id'] ?? '', hostile);
      assert.equal(fields['cause'] ?? '', hostile);
    }),
    { examples: [['é'], ['\u{1f512}']] },
  );
});

test('lines are written together, in order, and never later than the flush', () => {
  const writes: string[] = [];
  const log = open((lines) => writes.push(lines));
  for (let index = 0; index < 1_000; index += 1) log.record({ ...RECORD, requestId: `r-${index}` });
  log.flush();
  assert.ok(writes.length < 6, `${writes.length} writes`);
  assert.ok(writes.every((lines) => lines.length <= 131_072 && lines.endsWith('\n')));
  const ids = writes
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { request_id: string }).request_id);
  assert.deepEqual(
    ids,
    Array.from({ length: 1_000 }, (_, index) => `r-${index}`),
  );
});

test('a line longer than what is written together is written whole', () => {
  const path = `/${'x'.repeat(200_000)}`;
  assert.equal((JSON.parse(lineOf({ ...RECORD, path })) as { path: string }).path, path);
});

test('what lines have in common is told of the right request, whatever came before it', () => {
  const options = [
    { host: 'a.example.com', method: 'PUT', upstreamAddress: '10.0.0.2:3000' },
    { namespace: 'bank', service: 'bank/orders' },
    { service: 'shop/canary' },
    { policy: 'shop/other' },
    { service: '', policy: '' },
    { namespace: 'bank', service: '', policy: '' },
    { namespace: '', ingress: '', service: '', policy: '' },
    { authOutcome: 'open', upstreamAddress: undefined },
  ] as const;
  const withoutTimes = (lines: string): string => lines.replaceAll(/"time":"[^"]+"/g, '');
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...options)), (given) => {
      const records = given.map((rest) => requestRecord(rest));
      let written = '';
      const log = open((lines) => (written += lines));
      for (const record of records) log.record(record);
      log.flush();
      assert.equal(withoutTimes(written), withoutTimes(records.map(lineOf).join('')));
    }),
  );
});

for (const { name, agoMs } of [
  { name: 'just now', agoMs: 0 },
  { name: 'a while ago', agoMs: 12_345.678 },
]) {
  test(`the time of a request that ended ${name} is that of its end`, () => {
    const { time } = JSON.parse(lineOf({ ...RECORD, endedMs: performance.now() - agoMs })) as {
      time: string;
    };
    assert.ok(Math.abs(Date.parse(time) - (Date.now() - agoMs)) < 500, time);
  });
}

const WELL = RECORD;
const REFUSED = requestRecord({ status: 401, reason: 'InvalidClient', authOutcome: 'deny' });
const TRIED_OUT = requestRecord({ status: 200, reason: 'InvalidClient', authOutcome: 'deny' });
const BROKEN_UPSTREAM = requestRecord({ status: 500 });

for (const { name, given, want } of [
  { name: 'all', given: { mode: 'all', oneIn: 1 }, want: [200, 200, 200, 401, 200, 500] },
  { name: 'one in three that went well', given: { mode: 'all', oneIn: 3 }, want: [200, 401, 200, 500] },
  { name: 'errors', given: { mode: 'errors', oneIn: 1 }, want: [401, 200, 500] },
] as const) {
  test(`lines of ${name}: whatever was refused or failed, also in a dry run, is among them`, () => {
    let written = '';
    const log = open((lines) => (written += lines), given);
    for (const record of [WELL, WELL, WELL, REFUSED, TRIED_OUT, BROKEN_UPSTREAM]) log.record(record);
    log.flush();
    const lines = written.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { status: number }).status),
      want,
    );
  });
}

test('there is no log where it is off', () => {
  assert.equal(
    createAccessLog(() => assert.fail(), { mode: 'off', oneIn: 1 }),
    undefined,
  );
});
