/** To whom hosts belong with `--host-ownership=namespace`. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  backendOf,
  compileManifests,
  ingressOf,
  OUR_CLASS,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';
import { createKeyPair, tlsSecretOf } from '../../support/key-pair.ts';

const CANARY = { 'oidc-ingress.io/canary': 'weight=10' };

/** An Ingress of a namespace, the older the lower its `age`. */
function claim(namespace: string, age: number, host: string | undefined, rest: object = {}) {
  const createdAt = new Date(Date.UTC(2026, 0, 1 + age)).toISOString();
  return ingressOf({
    name: `i${age}`,
    namespace,
    createdAt,
    spec: { rules: [ruleOf(host, 'Prefix /')] },
    ...rest,
  });
}

function compileOwned(...ingresses: readonly unknown[]) {
  const services = ['a', 'b', 'c'].flatMap((namespace) => serviceOf('web', namespace));
  const { table, problems } = compileManifests([OUR_CLASS, ...services, ...ingresses], {
    hostOwnership: 'namespace',
  });
  const owners = Object.entries(table.hosts).map(
    ([host, { routes }]) => `${host} ${routes[0]?.ingress.namespace}`,
  );
  const told = problems.map(
    ({ object, field, reason, message }) =>
      `${object.namespace}/${object.name} ${field} ${reason}: ${message}`,
  );
  return { owners, told, table };
}

describe('a host', () => {
  it('belongs to the namespace of its oldest Ingress', () => {
    const { owners, told } = compileOwned(claim('b', 2, 'x.com'), claim('a', 1, 'x.com'));
    assert.deepEqual(owners, ['x.com a']);
    assert.deepEqual(told, ['b/i2 spec.rules[0].host HostOwnedByOther: x.com belongs to namespace a']);
  });

  it('is served by several Ingresses of its namespace', () => {
    const spec = { rules: [ruleOf('x.com', 'Prefix /b')] };
    const { told } = compileOwned(claim('a', 1, 'x.com'), claim('a', 2, 'x.com', { spec }));
    assert.deepEqual(told, []);
  });

  it('under a wildcard belongs to whoever had the wildcard first', () => {
    const { owners, told } = compileOwned(claim('a', 1, '*.x.com'), claim('b', 2, 'login.x.com'));
    assert.deepEqual(owners, ['*.x.com a']);
    assert.deepEqual(told, ['b/i2 spec.rules[0].host HostOwnedByOther: login.x.com belongs to namespace a']);
  });

  it('keeps its owner when the wildcard over it comes later', () => {
    const { owners, told } = compileOwned(claim('a', 2, '*.x.com'), claim('b', 1, 'shop.x.com'));
    assert.deepEqual(owners, ['*.x.com a', 'shop.x.com b']);
    assert.deepEqual(told, []);
  });

  it('of another level is not under the wildcard', () => {
    assert.deepEqual(
      compileOwned(claim('a', 1, '*.x.com'), claim('b', 2, 'a.b.x.com'), claim('c', 3, 'x.com')).told,
      [],
    );
  });

  it('is not claimed by a rule for any host, which has an owner too', () => {
    const fallback = { spec: { defaultBackend: backendOf('web', 80) } };
    const { owners, told, table } = compileOwned(
      claim('a', 1, undefined),
      claim('b', 2, 'x.com'),
      claim('c', 3, undefined, fallback),
    );
    assert.deepEqual(owners, [' a', 'x.com b']);
    assert.equal(table.defaultRoute, undefined);
    assert.deepEqual(told, [
      'c/i3 spec.defaultBackend HostOwnedByOther: requests for any host belong to namespace a',
    ]);
  });

  it('is not claimed by a canary', () => {
    const { owners, told } = compileOwned(
      claim('b', 1, 'x.com', { annotations: CANARY }),
      claim('a', 2, 'x.com'),
    );
    assert.deepEqual(owners, ['x.com a']);
    assert.deepEqual(told, ['b/i1 spec.rules[0].host HostOwnedByOther: x.com belongs to namespace a']);
  });

  it('is claimed as it is meant, where it is written wrongly', () => {
    const { told } = compileOwned(claim('a', 1, 'x.com:443'), claim('b', 2, 'x.com'));
    assert.ok(told.includes('b/i2 spec.rules[0].host HostOwnedByOther: x.com belongs to namespace a'));
  });

  it('gets no certificate from another namespace', () => {
    const pair = createKeyPair('x.com', 'y.com');
    const tls = [{ hosts: ['x.com', 'y.com'], secretName: 'tls' }];
    const secret = Object.assign(tlsSecretOf('tls', pair), { metadata: { name: 'tls', namespace: 'b' } });
    const { table, told } = compileOwned(
      secret,
      claim('a', 1, 'x.com'),
      claim('b', 2, 'y.com', { spec: { rules: [ruleOf('y.com', 'Prefix /')], tls } }),
    );
    assert.deepEqual(table.certificates['b/tls']?.hosts, ['y.com']);
    assert.deepEqual(told, ['b/i2 spec.tls[0].hosts[0] HostOwnedByOther: x.com belongs to namespace a']);
  });
});
