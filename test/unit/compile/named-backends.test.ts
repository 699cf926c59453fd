/** Backends that read alike and are not the same. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { compile } from '../../../src/compile/compile.ts';
import type { CompileResult } from '../../../src/compile/result.ts';
import { decodeObject } from '../../../src/decode/decode-object.ts';
import { createObjectStore } from '../../../src/decode/store.ts';
import {
  compileManifests,
  DEFAULT_OPTIONS,
  ingressOf,
  OUR_CLASS,
  serviceOf,
} from '../../support/snapshot.ts';

const BY_NUMBER = { service: { name: 'web', port: { number: 80 } } };
const BY_NAME = { service: { name: 'web', port: { name: '80' } } };
const NOT_FOUND = 'PortNotFound: Service shop/web has no port "80", only 80 (http)';

/** Each backend at a path of its own: `/0`, `/1` and so on. */
function ingressTo(...backends: readonly object[]) {
  const paths = backends.map((backend, at) => ({ path: `/${at}`, pathType: 'Exact', backend }));
  return ingressOf({ spec: { rules: [{ host: 'a.com', http: { paths } }] } });
}

/** Where each path leads, or why it refuses. */
function targetsOf({ table }: CompileResult): readonly string[] {
  const routes = table.hosts['a.com']?.routes ?? [];
  return routes.map(({ action }) => (action.kind === 'forward' ? action.backend : action.cause));
}

describe('backends of one Ingress that read alike', () => {
  const cases = [
    {
      name: 'a port by number and one whose name is the same digits',
      backends: [BY_NAME, BY_NUMBER],
      want: [NOT_FOUND, 'shop/web:80'],
    },
    {
      name: 'a port of a Service and a resource',
      backends: [{ resource: { kind: 'shop', name: 'web:80' } }, BY_NUMBER],
      want: ['UnsupportedBackend: must be a Service with a port, found shop/web:80', 'shop/web:80'],
    },
  ];
  for (const { name, backends, want } of cases) {
    it(`are two: ${name}`, () => {
      for (const order of [backends, backends.toReversed()]) {
        const result = compileManifests([OUR_CLASS, ...serviceOf('web'), ingressTo(...order)]);
        assert.deepEqual(targetsOf(result).toSorted(), want.toSorted());
      }
    });
  }
});

it('a port that was named wrongly is found as soon as it is named rightly', () => {
  const store = createObjectStore();
  const compileWith = (...manifests: readonly unknown[]): CompileResult => {
    for (const manifest of manifests) {
      const object = decodeObject(manifest, 'shop');
      assert.ok('decoded' in object);
      store.set(object);
    }
    return compile(store.snapshot(), DEFAULT_OPTIONS);
  };
  assert.deepEqual(targetsOf(compileWith(OUR_CLASS, ...serviceOf('web'), ingressTo(BY_NAME))), [NOT_FOUND]);
  assert.deepEqual(targetsOf(compileWith(ingressTo(BY_NUMBER))), ['shop/web:80']);
});
