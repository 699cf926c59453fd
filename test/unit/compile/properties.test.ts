/** What holds of compile whatever the objects are. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { compile } from '../../../src/compile/compile.ts';
import { applyDelta, diffTables } from '../../../src/compile/delta.ts';
import { createMatcher } from '../../../src/match/matcher.ts';
import { objectKey, type Snapshot } from '../../../src/model/objects.ts';
import type { Route, RoutingTable } from '../../../src/model/table.ts';
import { naiveMatch } from '../../support/naive-matcher.ts';
import { snapshotOf } from '../../support/snapshot.ts';
import { compileOptions, manifests, slotOf, slotText, type Manifest } from './arbitrary-objects.ts';

const shuffled = manifests.chain((objects) =>
  fc.tuple(fc.constant(objects), fc.shuffledSubarray([...objects], { minLength: objects.length })),
);
const request = fc.tuple(
  fc.constantFrom('a.com', 'b.a.com', 'x.a.com', 'c.b.a.com', 'other', 'constructor', ''),
  fc.oneof(fc.constantFrom('/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '//', '/a//', '*'), fc.webPath()),
);

describe('compile', () => {
  it('gives the same bytes for the same objects in any order, and never throws', () => {
    fc.assert(
      fc.property(shuffled, compileOptions, ([objects, others], options) => {
        const result = compile(snapshotOf(objects), options);
        assert.equal(JSON.stringify(compile(snapshotOf(others), options)), JSON.stringify(result));
      }),
      { numRuns: 300 },
    );
  });

  it('gives a host to one namespace only, where hosts belong to namespaces', () => {
    fc.assert(
      fc.property(manifests, compileOptions, (objects, options) => {
        const snapshot = snapshotOf(objects);
        const { table } = compile(snapshot, { ...options, hostOwnership: 'namespace' });
        for (const [host, { routes }] of Object.entries(table.hosts)) {
          // Canaries claim no host: without a route to serve beside, those of several namespaces refuse.
          const claiming = routes.filter(
            ({ ingress, action }) => action.kind === 'forward' || !isCanary(snapshot, ingress),
          );
          const places = new Set(claiming.map(({ ingress }) => ingress.namespace));
          assert.ok(places.size <= 1, `${host}: ${[...places].join(', ')}`);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives a table that can be cloned to another thread as it is', () => {
    fc.assert(
      fc.property(manifests, compileOptions, (objects, options) => {
        const { table } = compile(snapshotOf(objects), options);
        assert.deepEqual(structuredClone(table), table);
      }),
      { numRuns: 50 },
    );
  });

  it('refers to no plan, options and backend that is not in the table, and keeps none that nothing refers to', () => {
    fc.assert(
      fc.property(manifests, compileOptions, (objects, options) => {
        const { table } = compile(snapshotOf(objects), options);
        const actions = routesOf(table).map(({ action }) => action);
        const forwards = actions.filter((action) => action.kind === 'forward');
        const plans = forwards.flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
        const backends = forwards.flatMap(({ backend, canaries }) =>
          [backend].concat(canaries.map((canary) => canary.backend)),
        );
        assert.deepEqual(new Set(backends), new Set(Object.keys(table.backends)));
        assert.deepEqual(new Set(plans), new Set(Object.keys(table.plans)));
        const asked = routesOf(table).flatMap(({ options: key }) => (key === undefined ? [] : [key]));
        assert.deepEqual(new Set(asked), new Set(Object.keys(table.options)));
      }),
      { numRuns: 100 },
    );
  });

  it('serves no route of an Ingress that names a policy without a plan, and none of one that cannot be decoded', () => {
    fc.assert(
      fc.property(manifests, compileOptions, (objects, options) => {
        const snapshot = snapshotOf(objects);
        for (const { ingress, action } of routesOf(compile(snapshot, options).table)) {
          const found = snapshot.ingresses.get(`${ingress.namespace}/${ingress.name}`);
          const named = annotationsOf(snapshot, ingress)['oidc-ingress.io/policy'] ?? 'none';
          if (found?.kind === 'invalid') assert.equal(action.kind, 'refuse');
          if (named !== 'none' && action.kind === 'forward') assert.notEqual(action.plan, undefined);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a canary', () => {
  it('never takes a route, and runs beside an Ingress of its own namespace under no weaker policy', () => {
    fc.assert(
      fc.property(manifests, compileOptions, (objects, options) => {
        const snapshot = snapshotOf(objects);
        const { table } = compile(snapshot, options);
        const annotationsOf = (key: string): Readonly<Record<string, string>> => {
          const found = snapshot.ingresses.get(key);
          return found?.kind === 'valid' ? found.value.annotations : assert.fail();
        };
        for (const { ingress, action } of routesOf(table)) {
          if (action.kind === 'refuse') continue;
          const own = annotationsOf(`${ingress.namespace}/${ingress.name}`);
          assert.equal(Object.hasOwn(own, 'oidc-ingress.io/canary'), false);
          for (const canary of action.canaries) {
            assert.equal(canary.ingress.split('/')[0], ingress.namespace);
            const named = annotationsOf(canary.ingress)['oidc-ingress.io/policy'] ?? 'none';
            if (named !== 'none') assert.notEqual(action.plan, undefined);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a delta', () => {
  it('turns the one table into the other, and what did not change stays the same object', () => {
    fc.assert(
      fc.property(manifests, manifests, compileOptions, (first, second, options) => {
        const a = compile(snapshotOf(first), options).table;
        const b = compile(snapshotOf([...first.slice(1), ...onlyNew(first, second)]), options).table;
        const delta = diffTables(a, b);
        const applied = applyDelta(a, delta);
        assert.deepEqual(applied, b);
        for (const host of Object.keys(b.hosts)) {
          if (!Object.hasOwn(delta.hosts.set, host)) assert.equal(applied.hosts[host], a.hosts[host]);
        }
        assert.deepEqual(diffTables(b, structuredClone(b)), diffTables(b, b));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the matcher', () => {
  it('finds what the naive one finds', () => {
    fc.assert(
      fc.property(
        manifests,
        compileOptions,
        fc.array(request, { minLength: 5 }),
        (objects, options, requests) => {
          const { table } = compile(snapshotOf(objects), options);
          const matcher = createMatcher(table);
          for (const [host, path] of requests) {
            assert.deepEqual(matcher.match(host, path), naiveMatch(table, host, path), `${host} ${path}`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

function annotationsOf({ ingresses }: Snapshot, ingress: Route['ingress']): Readonly<Record<string, string>> {
  const found = ingresses.get(objectKey(ingress));
  const value = found?.kind === 'valid' ? found.value : found?.salvaged;
  return value?.annotations ?? assert.fail(`${objectKey(ingress)} serves, and cannot be read`);
}

function isCanary(snapshot: Snapshot, ingress: Route['ingress']): boolean {
  return Object.hasOwn(annotationsOf(snapshot, ingress), 'oidc-ingress.io/canary');
}

function routesOf({ hosts, defaultRoute }: RoutingTable) {
  const routes = Object.values(hosts).flatMap((host) => host.routes);
  return defaultRoute === undefined ? routes : [...routes, defaultRoute];
}

/** A cluster has one object of a name; a second one would replace the first. */
function onlyNew(known: readonly Manifest[], more: readonly Manifest[]): readonly Manifest[] {
  const names = new Set(known.map((object) => slotText(slotOf(object))));
  return more.filter((object) => !names.has(slotText(slotOf(object))));
}
