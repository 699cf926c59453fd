/** What callers did lately: counted in a proxy thread, kept for an hour in the control thread. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createActivityLog } from '../../../src/control/activity-log.ts';
import { createActivityRecorder } from '../../../src/control/activity-recorder.ts';
import type { ActivityReport, RefusedRequest } from '../../../src/model/activity.ts';
import type { RequestRecord } from '../../../src/telemetry/ports.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { requestRecord } from '../../support/request-records.ts';

const RECORD = requestRecord();
const REFUSED: RequestRecord = {
  ...RECORD,
  status: 401,
  reason: 'InvalidClient',
  authOutcome: 'deny',
  upstreamTries: 0,
};

function startRecorder() {
  const clock = manualClock();
  const reports: ActivityReport[] = [];
  return { clock, reports, recorder: createActivityRecorder((report) => reports.push(report), clock) };
}

test('a thread reports once a second what it counted, and nothing where nothing happened', () => {
  const { clock, reports, recorder } = startRecorder();
  for (const policy of ['shop/orders-api', 'shop/orders-api', '']) recorder.record({ ...RECORD, policy });
  clock.advance(999);
  assert.deepEqual(reports, []);
  clock.advance(1);
  const passed = (count: number) => ({ passed: count, refused: 0, failed: 0 });
  assert.deepEqual(reports, [{ requests: { 'shop/orders-api': passed(2), '': passed(1) }, refusals: [] }]);
  clock.advance(60_000);
  assert.equal(reports.length, 1);
  recorder.record(RECORD);
  clock.advance(1_000);
  assert.equal(reports.length, 2);
});

const CASES: readonly {
  readonly name: string;
  readonly given: Partial<RequestRecord>;
  readonly want: string;
}[] = [
  { name: 'an answer without a reason was passed on', given: {}, want: 'passed' },
  {
    name: 'a reason with a 4xx status was refused',
    given: { reason: 'InvalidClient', authOutcome: 'deny', upstreamTries: 0 },
    want: 'refused',
  },
  {
    name: 'a reason with a 5xx status failed',
    given: { reason: 'UpstreamTimeout', upstreamTries: 1 },
    want: 'failed',
  },
  {
    name: 'what a dry run would have refused was passed on',
    given: { reason: 'InvalidClient', authOutcome: 'deny', upstreamTries: 1 },
    want: 'passed',
  },
  { name: 'a caller that hung up is not counted', given: { reason: 'ClientClosed', status: 499 }, want: '' },
];
for (const { name, given, want } of CASES) {
  test(name, () => {
    const { clock, reports, recorder } = startRecorder();
    recorder.record({ ...RECORD, ...given });
    clock.advance(1_000);
    const counts = Object.entries(reports[0]?.requests['shop/orders-api'] ?? {});
    assert.deepEqual(
      counts.filter(([, count]) => count > 0),
      want === '' ? [] : [[want, 1]],
    );
  });
}

test('a refusal tells when, why, who, where and under which policy, and nothing else of the request', () => {
  const { clock, reports, recorder } = startRecorder();
  recorder.record({ ...REFUSED, clientId: 'c'.repeat(500), host: 'h'.repeat(500) });
  recorder.record({ ...REFUSED, upstreamTries: 1 });
  const atMs = clock.nowMs();
  clock.advance(1_000);
  const common = { atMs, reason: 'InvalidClient', policy: 'shop/orders-api' } as const;
  assert.deepEqual(reports[0]?.refusals, [
    { ...common, clientId: 'c'.repeat(128), host: 'h'.repeat(253), isDryRun: false },
    { ...common, clientId: 'client-1', host: 'shop.example.com', isDryRun: true },
  ]);
});

test('a flood of refusals is counted whole and told by its newest 200', () => {
  const { clock, reports, recorder } = startRecorder();
  for (let index = 0; index < 1_050; index++) recorder.record({ ...REFUSED, clientId: `client-${index}` });
  clock.advance(1_000);
  assert.equal(reports[0]?.requests['shop/orders-api']?.refused, 1_050);
  const clients = reports[0]?.refusals.map(({ clientId }) => clientId) ?? [];
  assert.deepEqual([clients.length, clients[0], clients.at(-1)], [200, 'client-850', 'client-1049']);
});

const refusal = (atMs: number, clientId: string): RefusedRequest => ({
  atMs,
  reason: 'InvalidClient',
  clientId,
  host: 'shop.example.com',
  policy: 'shop/orders-api',
  isDryRun: false,
});
const report = (passed: number, refusals: readonly RefusedRequest[] = []): ActivityReport => ({
  requests: { 'shop/orders-api': { passed, refused: refusals.length, failed: 0 } },
  refusals,
});

test('reports of threads are summed by minute, by policy and by issuer, for an hour', () => {
  const clock = manualClock();
  const log = createActivityLog(() => clock.nowMs());
  log.add(report(2));
  log.add(report(3));
  log.exchangeFinished('https://a.example.com/', 'granted');
  log.exchangeFinished('https://a.example.com/', 'InvalidClient');
  log.exchangeFinished('https://b.example.com/', 'ProviderUnavailable');
  clock.advance(60_000);
  log.add(report(4));
  const activity = log.read();
  assert.equal(activity.minutes.length, 60);
  assert.deepEqual(
    activity.minutes.slice(-3).map(({ requests, exchanges }) => [requests.passed, exchanges]),
    [
      [0, { granted: 0, refused: 0, failed: 0 }],
      [5, { granted: 1, refused: 1, failed: 1 }],
      [4, { granted: 0, refused: 0, failed: 0 }],
    ],
  );
  assert.deepEqual(activity.requests, { 'shop/orders-api': { passed: 9, refused: 0, failed: 0 } });
  assert.deepEqual(activity.exchanges, {
    'https://a.example.com/': { granted: 1, refused: 1, failed: 0 },
    'https://b.example.com/': { granted: 0, refused: 0, failed: 1 },
  });
  clock.advance(59 * 60_000);
  assert.deepEqual(log.read().requests, { 'shop/orders-api': { passed: 4, refused: 0, failed: 0 } });
  clock.advance(60_000);
  const later = log.read();
  assert.deepEqual([later.requests, later.exchanges], [{}, {}]);
  assert.ok(later.minutes.every(({ requests }) => requests.passed === 0));
});

test('minutes follow one another also where nothing happened in them', () => {
  const clock = manualClock();
  const log = createActivityLog(() => clock.nowMs());
  log.add(report(1));
  clock.advance(10 * 60_000);
  const starts = log.read().minutes.map(({ startMs }) => startMs);
  assert.ok(starts.every((startMs, index) => index === 0 || startMs - (starts[index - 1] ?? 0) === 60_000));
  assert.ok(clock.nowMs() - (starts.at(-1) ?? 0) < 60_000);
});

test('refusals of several threads are told newest first, the latest 200 of them', () => {
  const clock = manualClock();
  const log = createActivityLog(() => clock.nowMs());
  log.add(report(0, [refusal(1_000, 'a'), refusal(3_000, 'c')]));
  log.add(report(0, [refusal(2_000, 'b')]));
  assert.deepEqual(
    log.read().refusals.map(({ clientId }) => clientId),
    ['c', 'b', 'a'],
  );
  log.add(
    report(
      0,
      Array.from({ length: 199 }, (_, index) => refusal(4_000 + index, `d${index}`)),
    ),
  );
  const { refusals } = log.read();
  assert.deepEqual([refusals.length, refusals[0]?.clientId, refusals.at(-1)?.clientId], [200, 'd198', 'c']);
});
