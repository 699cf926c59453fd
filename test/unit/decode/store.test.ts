/** Which changes of the store count. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { decodeObject, type DecodedObject } from '../../../src/decode/decode-object.ts';
import { createObjectStore } from '../../../src/decode/store.ts';

function object(raw: Readonly<Record<string, unknown>>): DecodedObject {
  const result = decodeObject(raw);
  assert.ok('decoded' in result);
  return result;
}

const service = (port: number, metadata: object = {}): DecodedObject =>
  object({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a', namespace: 'b', ...metadata },
    spec: { ports: [{ port }] },
  });

const secret = (key: string): DecodedObject =>
  object({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: 'a', namespace: 'b' },
    stringData: { 'tls.crt': 'CHAIN', 'tls.key': key },
  });

describe('the object store', () => {
  it('counts what is new, changed and deleted, and nothing else', () => {
    const store = createObjectStore();
    assert.equal(store.set(service(80)), true);
    assert.equal(store.set(service(80)), false);
    assert.equal(store.set(service(80, { resourceVersion: '7', managedFields: [{}] })), false);
    assert.equal(store.set(service(81)), true);
    assert.equal(store.set(service(81, { generation: 2 })), true);
    assert.equal(store.delete('Service', 'b/a'), true);
    assert.equal(store.delete('Service', 'b/a'), false);
  });

  it('sees a renewed private key under the same certificate', () => {
    const store = createObjectStore();
    store.set(secret('old'));
    assert.equal(store.set(secret('old')), false);
    assert.equal(store.set(secret('new')), true);
  });

  it('gives snapshots that later changes do not touch, and copies only what changed', () => {
    const store = createObjectStore();
    store.set(service(80));
    const before = store.snapshot();
    store.delete('Service', 'b/a');
    const after = store.snapshot();
    assert.equal(before.services.size, 1);
    assert.equal(after.services.size, 0);
    assert.equal(after.ingresses, before.ingresses);
  });
});
