/** What a change costs on its way to the proxy threads. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { applyDelta, diffTables, type TableDelta } from '../../../src/compile/delta.ts';
import { isSameJson } from '../../../src/compile/same-json.ts';
import { emptyTable } from '../../../src/model/table.ts';
import {
  backendOf,
  compileManifests,
  ingressOf,
  OUR_CLASS,
  ruleOf,
  serviceOf,
  sliceOf,
} from '../../support/snapshot.ts';

const service = serviceOf('web').slice(0, 1);
const hosts = [ingressOf({ spec: { rules: ['a.com', 'b.com'].map((host) => ruleOf(host, 'Prefix /')) } })];
const tableWith = (addresses: readonly string[], ...more: readonly unknown[]) => {
  const endpoints = addresses.map((address) => ({ addresses: [address] }));
  return compileManifests([OUR_CLASS, ...service, sliceOf('web', { endpoints }), ...hosts, ...more]).table;
};

const NOTHING: TableDelta = {
  hosts: { set: {}, removed: [] },
  plans: { set: {}, removed: [] },
  options: { set: {}, removed: [] },
  backends: { set: {}, removed: [] },
  certificates: { set: {}, removed: [] },
  defaultRoute: undefined,
  defaultCertificate: undefined,
  identityHeaders: undefined,
};

describe('a delta', () => {
  it('is empty between two compilations of the same objects', () => {
    assert.deepEqual(diffTables(tableWith(['10.0.0.1']), tableWith(['10.0.0.1'])), NOTHING);
  });

  it('of a pod that comes holds one backend and nothing else', () => {
    const delta = diffTables(tableWith(['10.0.0.1']), tableWith(['10.0.0.1', '10.0.0.2']));
    const endpoints = ['10.0.0.1', '10.0.0.2'].map((address) => ({ address, port: 8080 }));
    const set = { 'shop/web:80': { service: 'shop/web', endpoints, protocol: 'HTTP', tls: undefined } };
    assert.deepEqual(delta, { ...NOTHING, backends: { set, removed: [] } });
    assert.ok(JSON.stringify(delta).length < 500);
  });

  it('removes a default route by saying that there is none', () => {
    const fallback = ingressOf({ name: 'fallback', spec: { defaultBackend: backendOf('web', 80) } });
    const before = tableWith(['10.0.0.1'], fallback);
    const delta = diffTables(before, tableWith(['10.0.0.1']));
    assert.deepEqual(delta.defaultRoute, { route: undefined });
    assert.equal(applyDelta(before, structuredClone(delta)).defaultRoute, undefined);
  });

  it('to the empty table removes everything', () => {
    const table = tableWith(['10.0.0.1']);
    assert.deepEqual(applyDelta(table, diffTables(table, emptyTable())), emptyTable());
  });

  it('leaves sections alone in which nothing changed', () => {
    const table = tableWith(['10.0.0.1']);
    const applied = applyDelta(table, diffTables(table, tableWith(['10.0.0.2'])));
    assert.equal(applied.hosts, table.hosts);
    assert.notEqual(applied.backends, table.backends);
  });
});

describe('equality of plain data', () => {
  const cases: readonly { name: string; given: readonly [unknown, unknown]; want: boolean }[] = [
    { name: 'equal objects', given: [{ a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }], want: true },
    {
      name: 'another order of fields',
      given: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      want: true,
    },
    { name: 'absent and undefined', given: [{ a: 1, b: undefined }, { a: 1 }], want: true },
    { name: 'undefined and absent', given: [{ a: 1 }, { a: 1, b: undefined }], want: true },
    { name: 'a field more', given: [{ a: 1 }, { a: 1, b: 2 }], want: false },
    { name: 'a field less', given: [{ a: 1, b: 2 }, { a: 1 }], want: false },
    { name: 'another value deep down', given: [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }], want: false },
    { name: 'a longer list', given: [[1], [1, 2]], want: false },
    {
      name: 'another order of a list',
      given: [
        [1, 2],
        [2, 1],
      ],
      want: false,
    },
    { name: 'a list and an object', given: [[], {}], want: false },
    { name: 'an object and nothing', given: [{}, undefined], want: false },
  ];
  for (const { name, given, want } of cases) {
    it(`takes ${name} as ${want ? 'the same' : 'different'}`, () => {
      assert.equal(isSameJson(given[0], given[1]), want);
      assert.equal(isSameJson(given[1], given[0]), want);
    });
  }
});
