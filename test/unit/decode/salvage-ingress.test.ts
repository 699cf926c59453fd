/** What is saved of an Ingress that cannot be decoded. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeObject } from '../../../src/decode/decode-object.ts';
import type { IngressObject } from '../../../src/model/objects.ts';

function salvage(spec: unknown, metadata: object = {}): IngressObject | undefined {
  const object = decodeObject({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'a', namespace: 'shop', ...metadata },
    spec,
  });
  assert.ok('decoded' in object && object.kind === 'Ingress');
  return object.decoded.kind === 'invalid' ? object.decoded.salvaged : assert.fail('it was decoded');
}

const CASES: readonly { readonly name: string; readonly spec: unknown; readonly want: readonly string[] }[] =
  [
    {
      name: 'hosts and paths where a backend is broken',
      spec: {
        rules: [
          {
            host: 'a.com',
            http: {
              paths: [
                { path: '/x', pathType: 'Exact', backend: { service: { name: 5 } } },
                { path: '/y', pathType: 'Prefix' },
              ],
            },
          },
        ],
      },
      want: ['a.com Exact /x', 'a.com Prefix /y'],
    },
    {
      name: 'the whole host where its paths are no list',
      spec: { rules: [{ host: 'a.com', http: { paths: 5 } }] },
      want: ['a.com Prefix /'],
    },
    {
      name: 'the whole host where http is no object',
      spec: { rules: [{ host: 'a.com', http: 'x' }] },
      want: ['a.com Prefix /'],
    },
    {
      name: 'the whole host where a path is no text',
      spec: { rules: [{ host: 'a.com', http: { paths: [{ path: 5 }, 'x'] } }] },
      want: ['a.com Prefix /', 'a.com Prefix /'],
    },
    {
      name: 'the rules beside one without a readable host',
      spec: { rules: [{ host: 5 }, 'x', { host: 'b.com' }] },
      want: ['b.com'],
    },
    {
      name: 'a Prefix where the type is not readable',
      spec: { rules: [{ host: 'a.com', http: { paths: [{ path: '/x', pathType: 5 }] } }] },
      want: ['a.com Prefix /x'],
    },
  ];
for (const { name, spec, want } of CASES) {
  test(`saves ${name}`, () => {
    const rules = salvage(spec)?.rules ?? [];
    const found = rules.flatMap(({ host, paths }) =>
      paths === undefined ? [`${host}`] : paths.map(({ path, pathType }) => `${host} ${pathType} ${path}`),
    );
    assert.deepEqual(found, want);
  });
}

test('saves the class, ours among the annotations, and that there is a default backend', () => {
  const annotations = { 'oidc-ingress.io/policy': 'api', other: 'x' };
  const saved = salvage(
    { ingressClassName: 'ours', defaultBackend: 5, tls: [{ hosts: 'x' }] },
    { annotations },
  );
  assert.deepEqual(saved, {
    annotations: { 'oidc-ingress.io/policy': 'api' },
    foreignAnnotations: [],
    ingressClassName: 'ours',
    defaultBackend: { kind: 'resource', description: 'what cannot be read' },
    rules: [],
    tls: [],
  });
});

test('saves the rules where the metadata are broken', () => {
  const saved = salvage({ rules: [{ host: 'a.com' }] }, { annotations: 5 });
  assert.deepEqual(saved?.rules, [{ host: 'a.com', paths: undefined }]);
});

test('saves nothing where nothing can be read', () => {
  for (const spec of [5, { rules: 5 }, { rules: [5] }, { tls: 5 }]) assert.equal(salvage(spec), undefined);
});
