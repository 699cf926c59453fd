/** What stays the same object from one compile to the next, so that neither it nor its difference is made again. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { compile } from '../../../src/compile/compile.ts';
import { decodeObject } from '../../../src/decode/decode-object.ts';
import { createObjectStore } from '../../../src/decode/store.ts';
import { DEFAULT_OPTIONS, ingressOf, OUR_CLASS, ruleOf, serviceOf, sliceOf } from '../../support/snapshot.ts';

const ingress = (path: string) => ingressOf({ spec: { rules: [ruleOf('a.com', `Prefix ${path}`)] } });

/** Tables before and after `change` is put. */
function tables(change: object) {
  const store = createObjectStore();
  const put = (manifest: unknown): void => {
    const object = decodeObject(manifest, 'shop');
    assert.ok('decoded' in object);
    store.set(object);
  };
  for (const manifest of [OUR_CLASS, ingress('/a'), ...serviceOf('web')]) put(manifest);
  const before = compile(store.snapshot(), DEFAULT_OPTIONS).table;
  put(change);
  return { before, after: compile(store.snapshot(), DEFAULT_OPTIONS).table };
}

describe('from one compile to the next', () => {
  it('backends are the same while only an Ingress changes', () => {
    const { before, after } = tables(ingress('/b'));
    assert.notDeepEqual(after.hosts, before.hosts);
    assert.equal(after.backends, before.backends);
  });

  it('hosts are the same while only endpoints change', () => {
    const { before, after } = tables(sliceOf('web', { endpoints: [{ addresses: ['10.9.9.9'] }] }));
    assert.notDeepEqual(after.backends, before.backends);
    assert.equal(after.hosts, before.hosts);
  });
});
