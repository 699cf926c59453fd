/** Which single objects are watched for policies, and how long. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

import { decodeAs } from '../../../src/decode/decode-object.ts';
import {
  createNamedWatches,
  selectionOf,
  type NamedObject,
  type NamedWatches,
} from '../../../src/kube/named-watches.ts';
import type { Decoded, PolicyObject } from '../../../src/model/objects.ts';

const secret = (name: string) => ({ secretRef: { name, key: 'ca.pem' } });
const configMap = (name: string) => ({ configMapRef: { name, key: 'ca.pem' } });

function policy(name: string, ca?: object): Decoded<PolicyObject> {
  const provider = { issuer: 'https://acme.eu.auth0.com/', ...(ca !== undefined && { ca }) };
  const raw = { metadata: { name, namespace: 'shop' }, spec: { provider, clientCredentials: {} } };
  const object = decodeAs('OIDCPolicy', raw);
  assert.ok(object.kind === 'OIDCPolicy');
  return object.decoded;
}

describe('watches on what policies name', () => {
  let log: string[];
  let watches: NamedWatches;

  beforeEach(() => {
    log = [];
    watches = createNamedWatches(start, 2);
  });

  const idOf = ({ kind, namespace, name }: NamedObject): string => `${kind} ${namespace}/${name}`;

  function start(object: NamedObject) {
    log.push(`+ ${idOf(object)}`);
    return {
      answered: Promise.resolve(),
      stop: () => {
        log.push(`- ${idOf(object)}`);
      },
    };
  }

  const follow = (name: string, ca?: object): void => watches.follow(`shop/${name}`, policy(name, ca));

  it('start and end with the reference', () => {
    follow('a', secret('ca'));
    follow('a', secret('ca'));
    follow('a', configMap('ca'));
    follow('a');
    assert.deepEqual(log, [
      '+ Secret shop/ca',
      '+ ConfigMap shop/ca',
      '- Secret shop/ca',
      '- ConfigMap shop/ca',
    ]);
  });

  it('are shared, and end with the last policy that needs them', () => {
    follow('a', secret('ca'));
    follow('b', secret('ca'));
    watches.follow('shop/a', undefined);
    assert.deepEqual(log, ['+ Secret shop/ca']);
    watches.follow('shop/b', undefined);
    assert.deepEqual(log, ['+ Secret shop/ca', '- Secret shop/ca']);
  });

  it('end where the policy becomes invalid', () => {
    follow('a', secret('ca'));
    follow('a', { secretRef: { name: 7 } });
    assert.deepEqual(log, ['+ Secret shop/ca', '- Secret shop/ca']);
  });

  it('are bounded; what is beyond the bound is reported, and watched as soon as there is room', () => {
    follow('a', secret('1'));
    follow('b', secret('2'));
    follow('c', secret('3'));
    assert.deepEqual(watches.unwatched().map(idOf), ['Secret shop/3']);
    follow('a');
    assert.deepEqual(watches.unwatched(), []);
    assert.deepEqual(log, ['+ Secret shop/1', '+ Secret shop/2', '- Secret shop/1', '+ Secret shop/3']);
  });

  it('select one object by its name, and leave TLS Secrets to the watch on all of them', () => {
    assert.deepEqual(selectionOf({ kind: 'Secret', namespace: 'shop', name: 'ca' }), {
      kind: 'Secret',
      namespace: 'shop',
      fieldSelector: 'metadata.name=ca,type!=kubernetes.io/tls',
    });
    assert.deepEqual(selectionOf({ kind: 'ConfigMap', namespace: 'shop', name: 'ca' }), {
      kind: 'ConfigMap',
      namespace: 'shop',
      fieldSelector: 'metadata.name=ca',
    });
  });
});
