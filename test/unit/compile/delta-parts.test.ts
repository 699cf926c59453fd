/** How a large delta crosses in parts. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createDeltaAssembly, splitDelta } from '../../../src/compile/delta-parts.ts';
import { applyDelta, diffTables, type TableDelta } from '../../../src/compile/delta.ts';
import { emptyTable } from '../../../src/model/table.ts';
import {
  compileManifests,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';

const ingresses = Array.from({ length: 10 }, (_, index) =>
  ingressOf({
    name: `web-${index}`,
    annotations: { 'oidc-ingress.io/policy': 'api', 'oidc-ingress.io/timeouts': 'connect=1s' },
    spec: { rules: [ruleOf(`${index}.example.com`, 'Prefix /a', 'Prefix /b', 'Prefix /c')] },
  }),
);
const { table } = compileManifests([OUR_CLASS, ...serviceOf('web'), policyOf(), ...ingresses]);
const first = diffTables(emptyTable(), table);
const countOf = ({ hosts, plans, options, backends, certificates }: TableDelta): number =>
  [hosts, plans, options, backends, certificates].reduce((sum, { set }) => sum + Object.keys(set).length, 0);

function join(parts: readonly TableDelta[], last: TableDelta): TableDelta {
  const assembly = createDeltaAssembly();
  for (const part of parts) assembly.add(structuredClone(part));
  return assembly.finish(structuredClone(last));
}

describe('a delta in parts', () => {
  it('is the same delta when it is joined again', () => {
    for (const weight of [1, 4, 9, 50]) {
      const { parts, last } = splitDelta(first, weight);
      assert.ok(parts.length > 1);
      assert.deepEqual(join(parts, last), first);
      assert.deepEqual(applyDelta(emptyTable(), join(parts, last)), table);
    }
  });

  it('has no part with more routes than it may weigh', () => {
    const { parts } = splitDelta(first, 9);
    const routes = parts.map(({ hosts }) => Object.values(hosts.set).flatMap((host) => host.routes).length);
    assert.equal(Math.max(...routes), 6);
    assert.equal(
      parts.reduce((sum, part) => sum + countOf(part), 0),
      countOf(first),
    );
  });

  it('removes nothing before its last part', () => {
    const removal = diffTables(table, {
      ...emptyTable(),
      hosts: { ...table.hosts, 'new.com': { routes: [] } },
    });
    const { parts, last } = splitDelta({ ...removal, hosts: { ...first.hosts, removed: ['gone.com'] } }, 9);
    for (const { hosts, plans, backends } of parts) {
      assert.deepEqual([hosts.removed, plans.removed, backends.removed], [[], [], []]);
    }
    assert.deepEqual(last.hosts, { set: {}, removed: ['gone.com'] });
    assert.deepEqual(last.plans, removal.plans);
  });

  it('stays in one piece where it is small', () => {
    assert.deepEqual(splitDelta(first, 10_000).parts, []);
    assert.equal(splitDelta(first, 10_000).last, first);
  });

  it('begins anew after the last part', () => {
    const { parts, last } = splitDelta(first, 9);
    const assembly = createDeltaAssembly();
    for (const part of parts) assembly.add(part);
    assembly.finish(last);
    assert.deepEqual(assembly.finish(last), last);
  });
});
