/** Who leads, and when: by a Lease whose times nobody trusts. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createLeaderElection, type LeaderElection } from '../../../src/kube/leader-election.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startScriptedApi, type ApiCall, type ScriptedApi } from '../../support/scripted-api.ts';
import { watchCounts, type WatchCounts } from '../../support/watch-counts.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/gateways/leases';
const LEASE = `${LEASES}/edge`;
const RETRY_MS = 2_000;
const RENEW_DEADLINE_MS = 10_000;
const LEASE_MS = 15_000;

interface Spec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

const leaseOf = (holder: string, version: number, rest: Partial<Spec> = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'edge', namespace: 'gateways', resourceVersion: String(version), labels: { a: 'b' } },
  spec: {
    holderIdentity: holder,
    leaseDurationSeconds: 15,
    acquireTime: '2020-01-01T00:00:00.000000Z',
    renewTime: `2020-01-01T00:00:00.00000${version % 10}Z`,
    leaseTransitions: 4,
    ...rest,
  },
});

const NOT_FOUND = { kind: 'Status', code: 404, message: 'leases "edge" not found' };

describe('leader election', () => {
  let api: ScriptedApi;
  let clock: ManualClock;
  let logger: CollectingLogger;
  let telemetry: WatchCounts;
  let election: LeaderElection;
  let changes: boolean[];
  /** What a suspended machine does to the one clock and not to the other. */
  let suspendedMs: number;

  beforeEach(async () => {
    api = await startScriptedApi();
    clock = manualClock();
    logger = collectingLogger();
    telemetry = watchCounts();
    changes = [];
    suspendedMs = 0;
    election = createLeaderElection({
      access: api.access,
      clock: { ...clock, nowMs: () => clock.nowMs() + suspendedMs },
      logger,
      telemetry,
      namespace: 'gateways',
      name: 'edge',
      identity: 'me',
    });
    election.onChange((isHeld) => changes.push(isHeld));
  });

  afterEach(async () => {
    const closing = election.close();
    while (!(await isSettled(closing))) {
      const call = api.untaken.length > 0 ? await api.next() : undefined;
      call?.answer(404, NOT_FOUND);
    }
    await api.close();
    assert.deepEqual(clock.pending(), [], 'a timer was left behind');
  });

  const isSettled = (work: Promise<unknown>): Promise<boolean> =>
    Promise.race([
      work.then(() => true),
      new Promise<boolean>((resolve) => {
        setImmediate(() => resolve(false));
      }),
    ]);

  async function next(method: string, path = LEASE): Promise<ApiCall> {
    const call = await api.next();
    assert.deepEqual([call.method, call.path], [method, path]);
    return call;
  }

  /** Accepts a write, as version `version`. */
  function accept(call: ApiCall, version: number): Spec {
    const body = JSON.parse(call.body) as { readonly metadata: object; readonly spec: Spec };
    const metadata = { ...body.metadata, resourceVersion: String(version) };
    call.answer(call.method === 'POST' ? 201 : 200, { ...body, metadata });
    return body.spec;
  }

  const told = (...want: readonly boolean[]): Promise<unknown> =>
    eventually(`told ${want.join(', ')}`, () => Promise.resolve(changes.join() === want.join()), 5_000);

  /** The next attempt is due. */
  async function retry(): Promise<void> {
    await clock.scheduled(RETRY_MS);
    clock.advance(RETRY_MS);
  }

  async function lead(): Promise<void> {
    election.start();
    (await next('GET')).answer(404, NOT_FOUND);
    accept(await next('POST', LEASES), 1);
    await told(true);
  }

  it('makes the lease where there is none', async () => {
    election.start();
    (await next('GET')).answer(404, NOT_FOUND);
    assert.equal(election.isHeld(), false);
    const call = await next('POST', LEASES);
    assert.deepEqual(JSON.parse(call.body), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'gateways', name: 'edge' },
      spec: {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-02T03:04:05.000000Z',
        renewTime: '2026-01-02T03:04:05.000000Z',
        leaseTransitions: 0,
      },
    });
    accept(call, 1);
    await told(true);
    assert.equal(election.isHeld(), true);
    assert.equal(telemetry.counts.get('leader true'), 1);
  });

  it('renews with one request, bound to the version that it wrote', async () => {
    await lead();
    await retry();
    const call = await next('PUT');
    const { metadata } = JSON.parse(call.body) as { metadata: { resourceVersion: string } };
    assert.equal(metadata.resourceVersion, '1');
    const spec = accept(call, 2);
    assert.equal(spec.acquireTime, '2026-01-02T03:04:05.000000Z');
    assert.equal(spec.renewTime, '2026-01-02T03:04:07.000000Z');
    assert.equal(spec.leaseTransitions, 0);
  });

  it('takes over 15 s after it saw the lease change last, whatever the times in it say', async () => {
    election.start();
    (await next('GET')).answer(200, leaseOf('other', 1));
    for (let seenMs = 0; seenMs + RETRY_MS < LEASE_MS; seenMs += RETRY_MS) {
      await retry();
      // As fresh as can be, by the clock of the other; unchanged as seen from here.
      (await next('GET')).answer(200, leaseOf('other', 1));
    }
    await clock.scheduled(LEASE_MS % RETRY_MS);
    clock.advance(LEASE_MS % RETRY_MS);
    (await next('GET')).answer(200, leaseOf('other', 1));
    const spec = accept(await next('PUT'), 2);
    assert.equal(spec.leaseTransitions, 5);
    assert.equal(spec.acquireTime, '2026-01-02T03:04:20.000000Z');
    await told(true);
  });

  it('leaves the lease to another for as long as it changes', async () => {
    election.start();
    for (let version = 1; version < 20; version += 1) {
      (await next('GET')).answer(200, leaseOf('other', version));
      await retry();
    }
    (await next('GET')).answer(200, leaseOf('other', 20));
    assert.deepEqual(changes, []);
  });

  it('keeps what else stands in the lease', async () => {
    election.start();
    (await next('GET')).answer(200, leaseOf('', 1));
    const call = await next('PUT');
    assert.deepEqual((JSON.parse(call.body) as { metadata: { labels: object } }).metadata.labels, { a: 'b' });
    accept(call, 2);
  });

  it('does not lead where another was faster', async () => {
    election.start();
    (await next('GET')).answer(200, leaseOf('', 1));
    (await next('PUT')).answer(409, { message: 'the object has been modified' });
    await retry();
    (await next('GET')).answer(200, leaseOf('other', 2));
    await clock.scheduled(RETRY_MS);
    assert.deepEqual(changes, []);
    assert.deepEqual(logger.lines, []);
  });

  it('stops leading 10 s after the beginning of its last renewal', async () => {
    await lead();
    await retry();
    const call = await next('PUT');
    // The answer is late: what counts is when it was asked.
    clock.advance(1_000);
    accept(call, 2);
    await clock.scheduled(RENEW_DEADLINE_MS - 1_000);
    for (let waitedMs = 1_000; waitedMs + RETRY_MS < RENEW_DEADLINE_MS; waitedMs += RETRY_MS) {
      await retry();
      (await api.next()).answer(500, { message: 'etcdserver: request timed out' });
    }
    await clock.scheduled(1_000);
    clock.advance(999);
    assert.equal(election.isHeld(), true);
    clock.advance(1);
    assert.equal(election.isHeld(), false);
    assert.deepEqual(changes, [true, false]);
    assert.equal(telemetry.counts.get('leader false'), 2);
    const warnings = logger.lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ fields }) => fields['cause']),
      [
        'cannot renew the lease: 500: etcdserver: request timed out',
        'cannot read the lease: 500: etcdserver: request timed out',
      ],
    );
  });

  it('leads again where nobody took the lease meanwhile', async () => {
    await lead();
    for (let waitedMs = RETRY_MS; waitedMs < RENEW_DEADLINE_MS; waitedMs += RETRY_MS) {
      await retry();
      (await api.next()).answer(503, { message: 'no' });
    }
    await eventually('the next attempt', () => Promise.resolve(clock.pending().length === 2));
    clock.advance(RETRY_MS);
    await told(true, false);
    (await api.next()).answer(503, { message: 'no' });
    await retry();
    (await next('GET')).answer(200, leaseOf('me', 7));
    accept(await next('PUT'), 8);
    await told(true, false, true);
  });

  it('does not hold the lead after the process was stopped for long, before anyone tells it', async () => {
    await lead();
    // Timers have not run yet.
    election.isHeld();
    suspendedMs = RENEW_DEADLINE_MS;
    assert.equal(election.isHeld(), false);
    assert.deepEqual(changes, [true]);
    suspendedMs = 0;
  });

  it('gives way to who took the lease while it was stopped', async () => {
    await lead();
    await retry();
    (await next('PUT')).answer(409, { message: 'the object has been modified' });
    await retry();
    (await next('GET')).answer(200, leaseOf('other', 9));
    await told(true, false);
    assert.equal(election.isHeld(), false);
  });

  it('releases the lease when it is closed, after those who write have been told', async () => {
    await lead();
    const closing = election.close();
    await told(true, false);
    (await next('GET')).answer(200, leaseOf('me', 1));
    const spec = accept(await next('PUT'), 2);
    assert.deepEqual([spec.holderIdentity, spec.leaseDurationSeconds], ['', 1]);
    await closing;
  });

  it('releases nothing that another holds', async () => {
    await lead();
    const closing = election.close();
    (await next('GET')).answer(200, leaseOf('other', 5));
    await closing;
    assert.equal(api.untaken.length, 0);
  });

  it('says which right is missing, once', async () => {
    election.start();
    (await next('GET')).answer(403, { message: 'forbidden' });
    await retry();
    (await next('GET')).answer(403, { message: 'forbidden' });
    await clock.scheduled(RETRY_MS);
    assert.deepEqual(
      logger.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields),
      [
        {
          cause: 'cannot read the lease: 403: the ServiceAccount lacks get, create and update on leases',
          lease: 'gateways/edge',
        },
      ],
    );
  });
});
