/** Which Secrets and ConfigMaps a snapshot needs beside those of certificates. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { referencedObjects } from '../../../src/compile/referenced-objects.ts';
import { ingressOf, policyOf, snapshotOf } from '../../support/snapshot.ts';

const policyWith = (ca: object, name: string) =>
  policyOf({ provider: { issuer: 'https://acme.eu.auth0.com/', ca } }, name);
const ingressWith = (ca: string, name: string, namespace: string) =>
  ingressOf({ name, namespace, annotations: { 'oidc-ingress.io/backend-tls-ca': ca } });

test('objects that policies and Ingresses name are listed once, in order', () => {
  const snapshot = snapshotOf([
    ingressWith('secret/internal', 'a', 'shop'),
    ingressWith('configmap/internal', 'b', 'shop'),
    ingressWith('secret/internal', 'c', 'other'),
    ingressWith('nonsense', 'd', 'shop'),
    ingressOf({ name: 'e' }),
    policyWith({ secretRef: { name: 'internal', key: 'ca.crt' } }, 'a'),
    policyWith({ configMapRef: { name: 'roots', key: 'ca.crt' } }, 'b'),
    policyOf({}, 'c'),
    policyOf({ nonsense: 1 }, 'd'),
  ]);
  assert.deepEqual(
    referencedObjects(snapshot).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`),
    ['ConfigMap shop/internal', 'ConfigMap shop/roots', 'Secret other/internal', 'Secret shop/internal'],
  );
});
