/** What the matcher does beyond finding the right route: what it costs. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { applyDelta, diffTables } from '../../../src/compile/delta.ts';
import { createMatcher } from '../../../src/match/matcher.ts';
import type { HostRoutes } from '../../../src/model/table.ts';
import {
  backendOf,
  compileManifests,
  ingressOf,
  OUR_CLASS,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';

const tableOf = (...rules: readonly unknown[]) =>
  compileManifests([OUR_CLASS, ...serviceOf('web'), ingressOf({ spec: { rules } })]).table;

describe('the matcher', () => {
  it('keeps the indexes of hosts that a delta left as they were', () => {
    const before = tableOf(ruleOf('a.com', 'Prefix /'), ruleOf('b.com', 'Prefix /'));
    const first = createMatcher(before);
    first.match('a.com', '/');
    first.match('b.com', '/');
    const next = tableOf(ruleOf('a.com', 'Prefix /'), ruleOf('b.com', 'Prefix /', 'Prefix /new'));
    const after = applyDelta(before, diffTables(before, next));
    const second = createMatcher(after, first);
    const indexOf = (routes: HostRoutes | undefined) => routes && second.indexes.get(routes);
    assert.notEqual(indexOf(after.hosts['a.com']), undefined);
    assert.equal(indexOf(after.hosts['b.com']), undefined);
    assert.equal(second.match('b.com', '/new')?.route.path, '/new');
  });

  it('goes on with its own table while the next one is there', () => {
    const first = createMatcher(tableOf(ruleOf('a.com', 'Prefix /')));
    const second = createMatcher(tableOf(ruleOf('b.com', 'Prefix /')), first);
    assert.equal(first.match('a.com', '/')?.host, 'a.com');
    assert.equal(second.match('a.com', '/'), undefined);
  });

  it('gives the default backend no host', () => {
    const spec = { defaultBackend: backendOf('web', 80), rules: [ruleOf('a.com', 'Exact /only')] };
    const { table } = compileManifests([OUR_CLASS, ...serviceOf('web'), ingressOf({ spec })]);
    assert.deepEqual(createMatcher(table).match('a.com', '/other'), { route: table.defaultRoute, host: '' });
  });

  it('looks a path of many elements up no oftener than there are lengths of prefixes', () => {
    const path = '/'.repeat(16_000);
    const matcher = createMatcher(tableOf(ruleOf('a.com', 'Prefix /a/b/c', 'Prefix /a')));
    matcher.match('a.com', '/');
    const startedAt = performance.now();
    for (let round = 0; round < 100; round += 1) assert.equal(matcher.match('a.com', path), undefined);
    // Hashing every prefix of it once takes over 100 ms.
    assert.ok(performance.now() - startedAt < 1_000);
  });
});
