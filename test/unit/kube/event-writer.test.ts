/** When Events are written: once for each problem, told again while it lasts, never in a flood. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import type { CompileResult } from '../../../src/compile/result.ts';
import { createEventWriter, type EventWriter } from '../../../src/kube/event-writer.ts';
import type { Problem } from '../../../src/model/problems.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { compileResult, objectMeta } from '../../support/compile-results.ts';
import { eventually } from '../../support/eventually.ts';
import { givenLead, type GivenLead } from '../../support/given-lead.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startScriptedApi, type ApiCall, type ScriptedApi } from '../../support/scripted-api.ts';

const MINUTE_MS = 60_000;
const EVENTS = '/apis/events.k8s.io/v1/namespaces/shop/events';

const problem = (name: string, rest: Partial<Problem> = {}): Problem => ({
  reason: 'ServiceNotFound',
  object: { kind: 'Ingress', namespace: 'shop', name },
  field: 'spec.defaultBackend',
  message: 'Service "orders" does not exist',
  ...rest,
});

const withProblems = (...problems: readonly Problem[]): CompileResult => compileResult({ problems });

describe('the writer of Events', () => {
  let api: ScriptedApi;
  let clock: ManualClock;
  let logger: CollectingLogger;
  let lead: GivenLead;
  let events: EventWriter;
  const missing = new Set<string>();

  beforeEach(async () => {
    api = await startScriptedApi();
    clock = manualClock();
    logger = collectingLogger();
    lead = givenLead();
    missing.clear();
    events = createEventWriter({
      access: api.access,
      clock,
      logger,
      instance: 'pod-1',
      lead,
      findMeta: (kind, key) => {
        const [namespace = '', name = key] = key.includes('/') ? key.split('/') : [''];
        return missing.has(key) ? undefined : objectMeta(name, { namespace, uid: `uid-${kind}-${name}` });
      },
    });
  });

  afterEach(async () => {
    await events.close();
    await api.close();
    assert.equal(api.untaken.length, 0, 'a request that nobody expected');
    assert.deepEqual(clock.pending(), [], 'a timer was left behind');
  });

  /** Lets the next write succeed, and gives it. */
  async function accept(method: 'POST' | 'PATCH'): Promise<ApiCall> {
    const call = await api.next();
    assert.equal(call.method, method);
    call.answer(method === 'POST' ? 201 : 200, {});
    return call;
  }

  const idle = (): Promise<unknown> =>
    eventually('nothing left to write', () => Promise.resolve(api.untaken.length === 0 && events.isIdle));

  it('says what is wrong, on the object that it concerns', async () => {
    events.update(withProblems(problem('orders')));
    const call = await accept('POST');
    assert.equal(call.path, EVENTS);
    const { metadata, ...event } = JSON.parse(call.body) as Record<string, unknown>;
    assert.match((metadata as { name: string }).name, /^orders\.[0-9a-f]{20}$/);
    assert.deepEqual(event, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: '2026-01-02T03:04:05.000000Z',
      type: 'Warning',
      reason: 'ServiceNotFound',
      note: 'spec.defaultBackend: Service "orders" does not exist',
      action: 'Compile',
      reportingController: 'oidc-ingress.io/controller',
      reportingInstance: 'pod-1',
      regarding: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        namespace: 'shop',
        name: 'orders',
        uid: 'uid-Ingress-orders',
      },
    });
  });

  it('puts what concerns an object outside of namespaces into default', async () => {
    events.update(
      withProblems(problem('', { object: { kind: 'IngressClass', namespace: '', name: 'oidc-ingress' } })),
    );
    const call = await accept('POST');
    assert.equal(call.path, '/apis/events.k8s.io/v1/namespaces/default/events');
    const { regarding } = JSON.parse(call.body) as { regarding: object };
    assert.deepEqual(Object.keys(regarding), ['apiVersion', 'kind', 'name', 'uid']);
  });

  it('keeps within the bounds that the API server sets', async () => {
    const name = 'n'.repeat(253);
    events.update(withProblems(problem(name, { message: 'm'.repeat(2_000) })));
    const call = await accept('POST');
    const { metadata, note } = JSON.parse(call.body) as { metadata: { name: string }; note: string };
    assert.equal(metadata.name.length, 253);
    assert.equal(note.length, 1_024);
  });

  it('says nothing on an object that does not exist', async () => {
    missing.add('shop/orders');
    events.update(withProblems(problem('orders'), problem('other')));
    assert.match((await accept('POST')).body, /uid-Ingress-other/);
    await idle();
  });

  it('tells a problem again no sooner than after 5 minutes, counting, and by itself after 30', async () => {
    const result = withProblems(problem('orders'));
    events.update(result);
    const first = await accept('POST');
    const { metadata } = JSON.parse(first.body) as { metadata: { name: string } };
    await idle();
    clock.advance(5 * MINUTE_MS - 1);
    events.update(result);
    await idle();
    clock.advance(1);
    events.update(result);
    const again = await accept('PATCH');
    assert.equal(again.path, `${EVENTS}/${metadata.name}`);
    assert.equal(again.headers['content-type'], 'application/merge-patch+json');
    assert.deepEqual(JSON.parse(again.body), {
      series: { count: 2, lastObservedTime: '2026-01-02T03:09:05.000000Z' },
    });
    await idle();
    clock.advance(30 * MINUTE_MS);
    const third = await accept('PATCH');
    assert.equal((JSON.parse(third.body) as { series: { count: number } }).series.count, 3);
    await idle();
  });

  it('makes an Event anew that the API server has forgotten', async () => {
    const result = withProblems(problem('orders'));
    events.update(result);
    await accept('POST');
    await idle();
    clock.advance(30 * MINUTE_MS);
    (await api.next()).answer(404, { message: 'not found' });
    await accept('POST');
    await idle();
  });

  it('continues the Event of an earlier process', async () => {
    events.update(withProblems(problem('orders')));
    (await api.next()).answer(409, { message: 'already exists' });
    const call = await accept('PATCH');
    assert.equal((JSON.parse(call.body) as { series: { count: number } }).series.count, 2);
    await idle();
  });

  it('tells a problem that was mended and came back', async () => {
    events.update(withProblems(problem('orders')));
    await accept('POST');
    await idle();
    events.update(withProblems());
    events.update(withProblems(problem('orders')));
    (await api.next()).answer(409, { message: 'already exists' });
    await accept('PATCH');
    await idle();
  });

  it('says once that an Ingress is programmed, when nothing of it is refused', async () => {
    const ingresses = [objectMeta('orders')];
    events.update(compileResult({ ingresses, problems: [problem('orders')] }));
    assert.match((await accept('POST')).body, /"reason":"ServiceNotFound"/);
    await idle();
    events.update(compileResult({ ingresses, problems: [problem('orders', { reason: 'NoEndpoints' })] }));
    assert.match((await accept('POST')).body, /"reason":"NoEndpoints"/);
    const programmed = await accept('POST');
    assert.match(programmed.body, /"type":"Normal","reason":"Programmed"/);
    await idle();
    events.update(compileResult({ ingresses }));
    await idle();
  });

  it('says again that an Ingress is programmed once it is mended, so that what was wrong is not the last word', async () => {
    const ingresses = [objectMeta('orders')];
    events.update(compileResult({ ingresses }));
    const first = await accept('POST');
    await idle();
    events.update(compileResult({ ingresses, problems: [problem('orders')] }));
    await accept('POST');
    await idle();
    events.update(compileResult({ ingresses }));
    (await api.next()).answer(409, { message: 'already exists' });
    const again = await accept('PATCH');
    const { metadata } = JSON.parse(first.body) as { metadata: { name: string } };
    assert.equal(again.path, `${EVENTS}/${metadata.name}`);
    await idle();
    // Nothing was wrong since: another process has told it already.
    lead.take();
    lead.give();
    (await api.next()).answer(409, { message: 'already exists' });
    await idle();
  });

  it('writes 50 at once and 5 a second after that, what is wrong first', async () => {
    const ingresses = Array.from({ length: 60 }, (_, index) => objectMeta(`i${index}`));
    events.update(compileResult({ ingresses }));
    for (let count = 0; count < 50; count += 1) await accept('POST');
    events.update(compileResult({ ingresses, problems: [problem('bad')] }));
    for (let count = 0; count < 11; count += 1) {
      await clock.scheduled(200);
      assert.equal(api.untaken.length, 0);
      clock.advance(200);
      const { body } = await accept('POST');
      assert.equal(body.includes('ServiceNotFound'), count === 0);
    }
    await idle();
  });

  it('retries what the API server could not take, ever later, and gives up what it refuses', async () => {
    events.update(withProblems(problem('orders')));
    (await api.next()).answer(500, { message: 'not now' });
    await clock.scheduled(800);
    clock.advance(800);
    (await api.next()).cut();
    await clock.scheduled(1_600);
    clock.advance(1_600);
    (await api.next()).answer(403, { message: 'events are forbidden', details: { causes: null } });
    await idle();
    events.update(withProblems(problem('orders')));
    await idle();
    assert.equal(logger.lines.length, 3);
    assert.deepEqual(logger.lines[2]?.fields, {
      cause: 'cannot write an Event: 403: events are forbidden',
      reason: 'ServiceNotFound',
    });
  });

  it('forgets what waits when it is mended, or when it is closed', async () => {
    const many = Array.from({ length: 55 }, (_, index) => problem(`i${index}`));
    events.update(withProblems(...many));
    for (let count = 0; count < 50; count += 1) await accept('POST');
    await clock.scheduled(200);
    events.update(withProblems(problem('i54')));
    clock.advance(200);
    assert.match((await accept('POST')).body, /i54/);
    await idle();
    events.update(withProblems(problem('late')));
    await clock.scheduled(200);
    await events.close();
  });

  it('writes nothing without the lead, and tells of what stands as soon as it has it', async () => {
    lead.take();
    events.update(withProblems(problem('orders')));
    assert.equal(events.isIdle, true);
    assert.deepEqual(clock.pending(), []);
    lead.give();
    await accept('POST');
    await idle();
    // Another may have told it before: that is the same Event, seen again.
    lead.take();
    lead.give();
    const call = await api.next();
    assert.equal(call.method, 'POST');
    call.answer(409, { message: 'exists' });
    await accept('PATCH');
    await idle();
  });

  it('drops what waits, and breaks off what is under way, where the lead is lost', async () => {
    events.update(withProblems(problem('a'), problem('b')));
    const call = await api.next();
    lead.take();
    await call.closed;
    await idle();
    assert.deepEqual(logger.lines, []);
  });
});
