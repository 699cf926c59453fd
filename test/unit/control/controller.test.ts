/** The control loop before and after the first table. */

import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';

import { Controller } from '../../../src/control/controller.ts';
import { Readiness } from '../../../src/control/readiness.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { DEFAULT_OPTIONS, ingressOf, OUR_CLASS, ruleOf, snapshotOf } from '../../support/snapshot.ts';

const MANIFESTS = [OUR_CLASS, ingressOf({ spec: { rules: [ruleOf('a.com', 'Prefix /')] } })];
const INGRESSES = Array.from({ length: 7 }, (_, index) => ingressOf({ name: `web-${index}` }));
/** Longer than a burst of changes is waited out. */
const A_SECOND = 1_000;

/** One at which compile throws. */
function brokenSnapshot(manifests: readonly unknown[]) {
  const snapshot = snapshotOf(manifests);
  const ingresses = new Map(snapshot.ingresses);
  ingresses.forEach = () => {
    throw new Error('broken');
  };
  return { ...snapshot, ingresses };
}

/** A controller whose source tells of changes when the test does. */
function start(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const synced = Promise.withResolvers<void>();
  const snapshot = mock.fn(() => snapshotOf(MANIFESTS));
  const publisher = { start: mock.fn(async () => {}), publish: mock.fn(async () => {}) };
  const telemetry = {
    compiled: mock.fn(),
    applied: mock.fn(),
    compileFailed: mock.fn(),
    certificates: mock.fn(),
  };
  const logger = collectingLogger();
  let change = (): void => {};
  const controller = new Controller({
    openSource: (onChange) => {
      change = onChange;
      return { synced: synced.promise, snapshot, faults: () => [], close: async () => {} };
    },
    compileOptions: DEFAULT_OPTIONS,
    publisher,
    readiness: new Readiness(),
    telemetry,
    logger,
    onCompiled: () => {},
    onApplied: () => {},
  });
  t.after(() => controller.close());
  const started = controller.start();
  const { lines } = logger;
  return { controller, change: () => change(), synced, started, snapshot, publisher, telemetry, lines };
}

test('what is listed so far is compiled, and nobody is told', (t) => {
  const { controller, change, snapshot, publisher, telemetry } = start(t);
  change();
  t.mock.timers.tick(A_SECOND);
  assert.equal(snapshot.mock.callCount(), 1);
  assert.equal(controller.current, undefined);
  assert.equal(publisher.start.mock.callCount(), 0);
  assert.equal(telemetry.compiled.mock.callCount(), 0);
});

test('what is listed so far is compiled again once it has doubled', (t) => {
  const { change, snapshot, lines } = start(t);
  const compiles = (objects: number): number => {
    snapshot.mock.mockImplementation(() => snapshotOf([OUR_CLASS, ...INGRESSES.slice(0, objects - 1)]));
    change();
    t.mock.timers.tick(A_SECOND);
    return lines.filter(({ message }) => message === 'compiled what is listed so far').length;
  };
  assert.deepEqual([2, 3, 4, 7, 8].map(compiles), [1, 1, 2, 2, 3]);
});

test('what is listed so far and does not compile is told once, and keeps no table from being served', async (t) => {
  const { change, synced, started, snapshot, publisher, telemetry, lines } = start(t);
  for (const count of [1, 3, 7]) {
    snapshot.mock.mockImplementation(() => brokenSnapshot(INGRESSES.slice(0, count)));
    change();
    t.mock.timers.tick(A_SECOND);
  }
  assert.deepEqual(
    lines.map(({ level, message }) => `${level} ${message}`),
    ['warn what is listed so far does not compile'],
  );
  assert.equal(telemetry.compileFailed.mock.callCount(), 0);
  snapshot.mock.mockImplementation(() => snapshotOf(MANIFESTS));
  synced.resolve();
  await started;
  assert.equal(publisher.start.mock.callCount(), 1);
});

for (const when of ['while the lists come', 'after the first table']) {
  test(`a change ${when} of which a source tells while it closes is not compiled`, async (t) => {
    const { controller, change, synced, started, snapshot } = start(t);
    if (when === 'after the first table') {
      synced.resolve();
      await started;
    }
    const before = snapshot.mock.callCount();
    const closed = controller.close();
    change();
    await closed;
    t.mock.timers.tick(A_SECOND);
    assert.equal(snapshot.mock.callCount(), before);
  });
}

test('a change that the first table holds already makes no second one', async (t) => {
  const { change, synced, started, publisher, telemetry } = start(t);
  change();
  synced.resolve();
  await started;
  t.mock.timers.tick(A_SECOND);
  assert.equal(publisher.start.mock.callCount(), 1);
  assert.equal(telemetry.compiled.mock.callCount(), 1);
  assert.equal(publisher.publish.mock.callCount(), 0);
});

test('a change after the first table is published', async (t) => {
  const { change, synced, started, publisher, telemetry } = start(t);
  synced.resolve();
  await started;
  change();
  t.mock.timers.tick(A_SECOND);
  assert.equal(telemetry.compiled.mock.callCount(), 2);
  assert.equal(publisher.publish.mock.callCount(), 1);
});
