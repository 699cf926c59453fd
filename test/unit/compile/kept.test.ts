/** What stays the same object from one compile to the next, so that neither it nor its difference is made again. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { compile } from '../../../src/compile/compile.ts';
import { decodeObject } from '../../../src/decode/decode-object.ts';
import { createObjectStore } from '../../../src/decode/store.ts';
import {
  DEFAULT_OPTIONS,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
  sliceOf,
} from '../../support/snapshot.ts';

const ingress = (path: string) => ingressOf({ spec: { rules: [ruleOf('a.com', `Prefix ${path}`)] } });

/** Tables before and after `change` is put; `first` and `others`: what is there. */
function tables(change: object, first: object = ingress('/a'), others: readonly object[] = []) {
  const store = createObjectStore();
  const put = (manifest: unknown): void => {
    const object = decodeObject(manifest, 'shop');
    assert.ok('decoded' in object);
    store.set(object);
  };
  for (const manifest of [OUR_CLASS, first, ...others, ...serviceOf('web')]) put(manifest);
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

  it('plans and options of others at a host are the same while only the paths of an Ingress change', () => {
    const others = ['api', 'other'].flatMap((name) => {
      const annotations = { 'oidc-ingress.io/policy': name, 'oidc-ingress.io/timeouts': 'connect=1s' };
      const spec = { rules: [ruleOf('a.com', `Prefix /${name}`)] };
      return [policyOf({}, name), ingressOf({ name, annotations, spec })];
    });
    const { before, after } = tables(ingress('/b'), ingress('/a'), others);
    assert.notDeepEqual(after.hosts, before.hosts);
    assert.equal(Object.keys(after.plans).length, 2);
    assert.equal(after.plans, before.plans);
    assert.equal(Object.keys(after.options).length, 2);
    assert.equal(after.options, before.options);
  });

  it('hosts are the same while only endpoints change', () => {
    const { before, after } = tables(sliceOf('web', { endpoints: [{ addresses: ['10.9.9.9'] }] }));
    assert.notDeepEqual(after.backends, before.backends);
    assert.equal(after.hosts, before.hosts);
  });

  it('so are those with a path that refuses because of its backend', () => {
    const resource = { apiGroup: 'k8s.example.com', kind: 'StorageBucket', name: 'icons' };
    const paths = [{ path: '/icons', pathType: 'Prefix', backend: { resource } }];
    const first = ingressOf({ spec: { rules: [{ host: 'a.com', http: { paths } }] } });
    const { before, after } = tables(sliceOf('web', { endpoints: [{ addresses: ['10.9.9.9'] }] }), first);
    assert.equal(after.hosts, before.hosts);
  });
});
