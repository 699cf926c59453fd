/** When statuses are written, and what happens when they cannot be. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import type { IssuerState } from '../../../src/model/conditions.ts';
import type { LiveObject } from '../../../src/kube/live-object.ts';
import { createStatusWriter, type StatusWriter } from '../../../src/kube/status-writer.ts';
import type { CompileResult } from '../../../src/compile/result.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { compileResult, objectMeta } from '../../support/compile-results.ts';
import { eventually } from '../../support/eventually.ts';
import { givenLead, type GivenLead } from '../../support/given-lead.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startScriptedApi, type ApiCall, type ScriptedApi } from '../../support/scripted-api.ts';
import { watchCounts, type WatchCounts } from '../../support/watch-counts.ts';

const PUBLISHED = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } };
const RECHECK_MS = 60_000;
const READY: IssuerState = { status: 'True', reason: 'Ready', message: '', warnings: [] };

describe('the writer of statuses', () => {
  let api: ScriptedApi;
  let clock: ManualClock;
  let logger: CollectingLogger;
  let lead: GivenLead;
  let telemetry: WatchCounts;
  let writer: StatusWriter;
  let live: Map<string, LiveObject>;
  let addresses: readonly string[] | undefined;

  beforeEach(async () => {
    api = await startScriptedApi();
    clock = manualClock();
    logger = collectingLogger();
    lead = givenLead();
    telemetry = watchCounts();
    live = new Map();
    addresses = ['203.0.113.9'];
    writer = createStatusWriter({
      access: api.access,
      clock,
      logger,
      telemetry,
      addresses: { read: () => Promise.resolve(addresses) },
      findLive: (_kind, key) => live.get(key),
      lead,
    });
  });

  afterEach(async () => {
    await writer.close();
    await api.close();
    assert.equal(api.untaken.length, 0, 'a request that nobody expected');
    assert.deepEqual(clock.pending(), [], 'a timer was left behind');
  });

  /** Ingresses of ours, as the source has seen them. */
  function ingresses(...names: readonly string[]): CompileResult {
    for (const name of names) stands(name, {}, 1);
    return compileResult({ ingresses: names.map((name) => objectMeta(name)) });
  }

  function stands(name: string, status: object, version: number): void {
    live.set(`shop/${name}`, {
      uid: `uid-${name}`,
      resourceVersion: String(version),
      status,
      isOurs: true,
    });
  }

  const update = (result: CompileResult): void => writer.update({ result, issuerState: () => READY });

  function accept(call: ApiCall, version = 2): string {
    const body = JSON.parse(call.body) as { metadata: { name: string; uid: string }; status: object };
    const { name, uid } = body.metadata;
    const managedFields = [{ manager: 'oidc-ingress', subresource: 'status' }];
    const metadata = { name, uid, resourceVersion: String(version), managedFields };
    call.answer(200, { metadata, status: body.status });
    return name;
  }

  const counted = (what: string, count: number): Promise<boolean> =>
    eventually(`${count} times: ${what}`, () => Promise.resolve(telemetry.counts.get(what) === count));

  /** Both a and b are written; then another writes to b, so that it is no longer ours. */
  async function publishThenLoseB(): Promise<void> {
    update(ingresses('a', 'b'));
    accept(await api.next());
    accept(await api.next());
    await counted('ok Ingress', 2);
    stands('a', PUBLISHED, 3);
    live.set('shop/b', { uid: 'uid-b', resourceVersion: '3', status: PUBLISHED, isOurs: false });
  }

  it('applies the status with its own field manager, bound to the UID of the object', async () => {
    update(ingresses('a'));
    const call = await api.next();
    assert.equal(call.method, 'PATCH');
    assert.equal(call.path, '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/a/status');
    assert.deepEqual(call.query, { fieldManager: 'oidc-ingress', force: 'true' });
    assert.equal(call.headers['content-type'], 'application/apply-patch+yaml');
    assert.deepEqual(JSON.parse(call.body), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { namespace: 'shop', name: 'a', uid: 'uid-a' },
      status: PUBLISHED,
    });
    accept(call);
    await counted('ok Ingress', 1);
  });

  it('writes at most eight at a time', async () => {
    update(ingresses(...Array.from({ length: 20 }, (_, index) => `i${index}`)));
    const first: ApiCall[] = [];
    for (let count = 0; count < 8; count += 1) first.push(await api.next());
    assert.equal(api.untaken.length, 0);
    for (const call of first) {
      accept(call);
      accept(await api.next());
      assert.equal(api.untaken.length, 0);
    }
    for (let count = 0; count < 4; count += 1) accept(await api.next());
    await counted('ok Ingress', 20);
  });

  it('leaves the rest of an older wish for the newest', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `i${index}`);
    update(ingresses(...names));
    const calls: ApiCall[] = [];
    for (let count = 0; count < 8; count += 1) calls.push(await api.next());
    update(ingresses('last'));
    for (const call of calls) accept(call);
    assert.equal(accept(await api.next()), 'last');
    // Those that were ours a moment ago, and had been written, are taken back.
    const released = new Set<string>();
    for (let count = 0; count < 8; count += 1) released.add(accept(await api.next(), 3));
    assert.deepEqual([...released].sort(), names.slice(0, 8));
    await clock.scheduled(RECHECK_MS);
  });

  it('retries what a conflict, a limit or a server in trouble hindered, ever later', async () => {
    update(ingresses('a'));
    let waitMs = 800;
    for (const status of [500, 409, 429, 503]) {
      (await api.next()).answer(status, { message: 'not now' });
      await clock.scheduled(waitMs);
      clock.advance(waitMs);
      waitMs *= 2;
    }
    accept(await api.next());
    await counted('ok Ingress', 1);
    await counted('failed Ingress', 4);
    assert.deepEqual(logger.lines[0]?.fields, {
      cause: 'cannot write the status of ingresses: 500: not now',
      failures: 1,
    });
  });

  it('waits a minute before it asks again for a right that it lacks', async () => {
    update(ingresses('a'));
    (await api.next()).answer(403, { message: 'forbidden' });
    await clock.scheduled(RECHECK_MS);
    clock.advance(RECHECK_MS);
    accept(await api.next());
    await counted('ok Ingress', 1);
  });

  it('takes it well that an object is gone', async () => {
    update(ingresses('a'));
    (await api.next()).answer(404, { message: 'not found' });
    await clock.scheduled(RECHECK_MS);
    assert.deepEqual(logger.lines, []);
  });

  it('mends within a minute what others overwrite, and writes nothing while it stands', async () => {
    update(ingresses('a'));
    accept(await api.next(), 5);
    await clock.scheduled(RECHECK_MS);
    clock.advance(RECHECK_MS);
    await counted('unchanged Ingress', 1);
    stands('a', { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } }, 6);
    await clock.scheduled(RECHECK_MS);
    clock.advance(RECHECK_MS);
    accept(await api.next(), 7);
    await counted('ok Ingress', 2);
  });

  it('takes back a status only where this product wrote it last', async () => {
    await publishThenLoseB();
    update(compileResult());
    const call = await api.next();
    assert.equal(accept(call, 4), 'a');
    assert.deepEqual(JSON.parse(call.body).status, { loadBalancer: {} });
    await clock.scheduled(RECHECK_MS);
  });

  it('gives up a write under way when it is closed', async () => {
    update(ingresses('a'));
    const call = await api.next();
    await writer.close();
    await call.closed;
    update(ingresses('b'));
    assert.deepEqual(logger.lines, []);
  });

  describe('without the lead', () => {
    it('writes nothing, and everything that is wished for as soon as it has it', async () => {
      lead.take();
      update(ingresses('a'));
      assert.deepEqual(clock.pending(), []);
      lead.give();
      assert.equal(accept(await api.next()), 'a');
      await counted('ok Ingress', 1);
    });

    it('breaks off what is under way, and counts it as no failure', async () => {
      update(ingresses('a'));
      const call = await api.next();
      lead.take();
      await call.closed;
      await eventually('the end of the round', () => Promise.resolve(clock.pending().length === 0));
      assert.equal(telemetry.counts.get('failed Ingress'), undefined);
      assert.deepEqual(logger.lines, []);
    });

    it('sends nothing in the moment in which it knows that the lead is gone', async () => {
      update(ingresses('a'));
      accept(await api.next());
      await clock.scheduled(RECHECK_MS);
      stands('a', {}, 9);
      lead.expire();
      clock.advance(RECHECK_MS);
      assert.deepEqual(clock.pending(), []);
      lead.give();
      accept(await api.next(), 10);
      await counted('ok Ingress', 2);
    });

    it('remembers what was ours, to take it back when it leads', async () => {
      lead.take();
      update(ingresses('a'));
      stands('a', PUBLISHED, 2);
      update(compileResult());
      lead.give();
      const call = await api.next();
      assert.equal(accept(call, 3), 'a');
      assert.deepEqual(JSON.parse(call.body).status, { loadBalancer: {} });
      await counted('ok Ingress', 1);
    });
  });

  it('leaves Ingresses as they are while no address is known, and writes when there is one', async () => {
    addresses = undefined;
    update(ingresses('a'));
    await clock.scheduled(RECHECK_MS);
    addresses = ['203.0.113.9'];
    writer.recheck();
    accept(await api.next());
    await counted('ok Ingress', 1);
  });

  it('takes back what is published where there is no address any more', async () => {
    update(ingresses('a'));
    accept(await api.next());
    await clock.scheduled(RECHECK_MS);
    stands('a', PUBLISHED, 2);
    addresses = [];
    clock.advance(RECHECK_MS);
    const call = await api.next();
    accept(call, 3);
    assert.deepEqual(JSON.parse(call.body).status, { loadBalancer: {} });
    await counted('ok Ingress', 2);
  });

  it('withdraws from every Ingress that is ours, and writes nothing after that', async () => {
    await publishThenLoseB();
    const withdrawn = writer.withdraw();
    const call = await api.next();
    assert.equal(accept(call, 4), 'a');
    assert.deepEqual(JSON.parse(call.body).status, { loadBalancer: {} });
    await withdrawn;
    assert.deepEqual(clock.pending(), []);
    writer.recheck();
    assert.deepEqual(clock.pending(), []);
  });
});
