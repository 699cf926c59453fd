/** When series of metrics go whose subject is gone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SeriesUpkeep } from '../../../src/control/series-upkeep.ts';
import type { SeriesNames } from '../../../src/telemetry/samples.ts';
import { compileResult, objectMeta, policyVerdict } from '../../support/compile-results.ts';
import { backendOf, compileManifests, ingressOf, OUR_CLASS, serviceOf } from '../../support/snapshot.ts';

const MINUTE_MS = 60_000;

function start() {
  const forgotten: SeriesNames[] = [];
  let nowMs = 0;
  const upkeep = new SeriesUpkeep(
    (names) => forgotten.push(names),
    () => nowMs,
  );
  return {
    upkeep,
    forgotten,
    after: (minutes: number): void => {
      nowMs += minutes * MINUTE_MS;
    },
  };
}

const withPolicy = compileResult({
  ingresses: [objectMeta('orders'), objectMeta('public')],
  policies: { 'shop/orders-api': policyVerdict(objectMeta('orders-api')) },
});
const without = compileResult({ ingresses: [objectMeta('public')] });

test('what has been gone for ten minutes is forgotten, once', () => {
  const { upkeep, forgotten, after } = start();
  upkeep.applied(withPolicy);
  upkeep.applied(without);
  after(9);
  upkeep.sweep();
  assert.deepEqual(forgotten, []);
  after(1);
  upkeep.sweep();
  upkeep.sweep();
  assert.deepEqual(forgotten, [
    { ingresses: ['shop/orders'], services: [], policies: ['shop/orders-api'], issuers: [] },
  ]);
});

test('what comes back in time is not forgotten', () => {
  const { upkeep, forgotten, after } = start();
  upkeep.applied(withPolicy);
  upkeep.applied(without);
  after(9);
  upkeep.applied(withPolicy);
  after(60);
  upkeep.sweep();
  assert.deepEqual(forgotten, []);
});

test('the next table forgets as well, for a gateway whose metrics nobody reads', () => {
  const { upkeep, forgotten, after } = start();
  upkeep.applied(withPolicy);
  upkeep.applied(without);
  after(10);
  upkeep.applied(without);
  assert.deepEqual(
    forgotten.map(({ ingresses }) => ingresses),
    [['shop/orders']],
  );
});

test('the Service of a default backend counts, though no host changes with it', () => {
  const { upkeep, forgotten, after } = start();
  const resultOf = (name: string) =>
    compileManifests([
      OUR_CLASS,
      ...serviceOf(name),
      ingressOf({ spec: { defaultBackend: backendOf(name, 80) } }),
    ]);
  const { table, ...rest } = resultOf('web');
  upkeep.applied({ table, ...rest });
  upkeep.applied({ ...rest, table: { ...resultOf('api').table, hosts: table.hosts } });
  after(10);
  upkeep.sweep();
  assert.deepEqual(
    forgotten.map(({ services }) => services),
    [['shop/web']],
  );
});
