/** How a proxy thread goes from one table to the next. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { diffTables } from '../../../src/compile/delta.ts';
import type { RoutingTable } from '../../../src/model/table.ts';
import { changedRouting, emptyRouting } from '../../../src/proxy/routing.ts';
import {
  compileManifests,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';

const tableWith = (realm: string, ...hosts: readonly string[]): RoutingTable =>
  compileManifests([
    OUR_CLASS,
    ...serviceOf('web'),
    policyOf({ realm }),
    ingressOf({
      annotations: { 'oidc-ingress.io/policy': 'api' },
      spec: { rules: hosts.map((host) => ruleOf(host, 'Prefix /')) },
    }),
  ]).table;

const first = tableWith('first', 'a.com', 'b.com');
const second = tableWith('second', 'b.com', 'c.com');
const crossed = (from: RoutingTable, to: RoutingTable) => structuredClone(diffTables(from, to));

describe('the routing of a proxy thread', () => {
  it('is that of the next table, with what is new and without what is gone', () => {
    const before = changedRouting(emptyRouting(), crossed(emptyRouting().table, first));
    assert.deepEqual(before.table, first);
    const after = changedRouting(before, crossed(first, second));
    assert.deepEqual(after.table, second);
    assert.equal(after.matcher.match('a.com', '/'), undefined);
    assert.equal(after.matcher.match('c.com', '/')?.host, 'c.com');
  });

  it('leaves the policy of a request under way as it was', () => {
    const before = changedRouting(emptyRouting(), crossed(emptyRouting().table, first));
    const match = before.matcher.match('a.com', '/');
    const after = changedRouting(before, crossed(first, second));
    const action = match?.route.action;
    assert.ok(action?.kind === 'forward' && action.plan !== undefined);
    assert.equal(before.table.plans[action.plan]?.realm, 'first');
    assert.equal(after.table.plans[action.plan]?.realm, 'second');
  });
});
