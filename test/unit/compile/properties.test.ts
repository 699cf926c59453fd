/** What holds of compile whatever the objects are. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { compile } from '../../../src/compile/compile.ts';
import { applyDelta, diffTables } from '../../../src/compile/delta.ts';
import { decodeObject, type DecodedObject } from '../../../src/decode/decode-object.ts';
import { createObjectStore } from '../../../src/decode/store.ts';
import { createMatcher } from '../../../src/match/matcher.ts';
import { objectKey } from '../../../src/model/objects.ts';
import type { RoutingTable } from '../../../src/model/table.ts';
import { naiveMatch } from '../../support/naive-matcher.ts';
import { snapshotOf } from '../../support/snapshot.ts';
import { compileOptions, manifests } from './arbitrary-objects.ts';

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

  it('remembers nothing of what came before: not of other objects, nor of those that were deleted or made anew', () => {
    const step = fc.tuple(fc.nat(), fc.constantFrom('put', 'put', 'delete'));
    fc.assert(
      fc.property(
        manifests,
        compileOptions,
        fc.array(step, { minLength: 5, maxLength: 40 }),
        (objects, options, steps) => {
          const store = createObjectStore();
          const present = new Map<string, object>();
          for (const [at, action] of steps) {
            const object = objects[at % (objects.length || 1)];
            if (object === undefined) return;
            const { kind, decoded } = decode(object);
            const key = objectKey(decoded.meta);
            if (action === 'delete') {
              store.delete(kind, key);
              present.delete(`${kind} ${key}`);
            } else {
              store.set({ kind, decoded } as DecodedObject);
              present.set(`${kind} ${key}`, object);
            }
            compile(store.snapshot(), options);
          }
          assert.equal(
            JSON.stringify(compile(store.snapshot(), options)),
            JSON.stringify(compile(snapshotOf([...present.values()]), options)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives a host to one namespace only, where hosts belong to namespaces', () => {
    fc.assert(
      fc.property(manifests, compileOptions, (objects, options) => {
        const { table } = compile(snapshotOf(objects), { ...options, hostOwnership: 'namespace' });
        for (const [host, { routes }] of Object.entries(table.hosts)) {
          const places = new Set(routes.map(({ ingress }) => ingress.namespace));
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
          const value = found?.kind === 'valid' ? found.value : found?.salvaged;
          const named = value?.annotations['oidc-ingress.io/policy'] ?? 'none';
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

function decode(object: object): DecodedObject {
  const decoded = decodeObject(object, 'shop');
  return 'decoded' in decoded ? decoded : assert.fail(JSON.stringify(decoded));
}

function routesOf({ hosts, defaultRoute }: RoutingTable) {
  const routes = Object.values(hosts).flatMap((host) => host.routes);
  return defaultRoute === undefined ? routes : [...routes, defaultRoute];
}

/** A cluster has one object of a name; a second one would replace the first. */
function onlyNew(known: readonly object[], more: readonly object[]): readonly object[] {
  const identity = (object: object): string => {
    const { kind, metadata } = object as { kind: string; metadata: { name: string; namespace?: string } };
    return JSON.stringify([kind, metadata.namespace, metadata.name]);
  };
  const names = new Set(known.map(identity));
  return more.filter((object) => !names.has(identity(object)));
}
