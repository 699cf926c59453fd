/** Manifest files: several documents, Lists, and what is said of those that cannot be read. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { objectKey } from '../../../src/model/objects.ts';
import { parseManifest } from '../../../src/files/parse-manifest.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {ports: [{port: 80}]}
`;

function parse(text: string) {
  const { objects, ignored, faults } = parseManifest('a.yaml', text);
  return {
    objects: objects.map(
      ({ location, object }) => `${location} ${object.kind} ${objectKey(object.decoded.meta)}`,
    ),
    ignored: ignored.map(({ location, apiVersion, kind }) => `${location} ${apiVersion} ${kind}`),
    faults: faults.map(({ location, message }) => `${location} ${message}`),
  };
}

interface Case {
  readonly name: string;
  readonly given: string;
  readonly want: {
    readonly objects?: readonly string[];
    readonly ignored?: readonly string[];
    readonly faults?: readonly string[];
  };
}

const BOMB = `a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
e: [*d, *d, *d, *d, *d, *d, *d, *d, *d]
`;

const CASES: readonly Case[] = [
  { name: 'an empty file', given: '', want: {} },
  { name: 'a file of comments', given: '# nothing\n---\n# here\n', want: {} },
  {
    name: 'several documents, each with its line',
    given: `# first\n---\n${SERVICE}---\n---\n${SERVICE.replace('orders', 'stock')}`,
    want: { objects: ['a.yaml:3 Service shop/orders', 'a.yaml:9 Service shop/stock'] },
  },
  {
    name: 'JSON',
    given: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"orders"},"spec":{"ports":[]}}',
    want: { objects: ['a.yaml:1 Service default/orders'] },
  },
  {
    name: 'a List, and a List in it',
    given: `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Service, metadata: {name: a}}
  - apiVersion: v1
    kind: List
    items: [{apiVersion: v1, kind: Service, metadata: {name: b}}]
`,
    want: { objects: ['a.yaml:1 Service default/a', 'a.yaml:1 Service default/b'] },
  },
  {
    name: 'a ServiceList whose items do not say what they are',
    given: '{apiVersion: v1, kind: ServiceList, items: [{metadata: {name: a}}]}',
    want: { objects: ['a.yaml:1 Service default/a'] },
  },
  {
    name: 'merge keys and anchors',
    given: `apiVersion: v1
kind: Service
metadata: {name: orders}
spec:
  ports:
    - &port {port: 80}
    - {<<: *port, port: 81}
`,
    want: { objects: ['a.yaml:1 Service default/orders'] },
  },
  {
    name: 'objects of other kinds',
    given: `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders}\n---\n${SERVICE}`,
    want: { objects: ['a.yaml:5 Service shop/orders'], ignored: ['a.yaml:1 apps/v1 Deployment'] },
  },
  {
    name: 'an object without a name beside one that is well',
    given: `${SERVICE}---\napiVersion: v1\nkind: Service\nmetadata: {}\n`,
    want: {
      objects: ['a.yaml:1 Service shop/orders'],
      faults: ['a.yaml:6 metadata.name: must be set'],
    },
  },
  {
    name: 'an item of a List without a name',
    given: 'apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Service, metadata: {name: A_b}}]\n',
    want: { faults: ['a.yaml:1 items[0].metadata.name: must be the name of a Kubernetes object'] },
  },
  {
    name: 'a document that is no object',
    given: 'just text\n',
    want: { faults: ['a.yaml:1 must be a Kubernetes object, found a value of type string'] },
  },
  {
    name: 'the same key twice',
    given: 'apiVersion: v1\nkind: Service\nkind: Secret\n',
    want: { faults: ['a.yaml:3 not valid YAML: this line has the same key twice in a mapping'] },
  },
  {
    name: 'a bracket that is not closed',
    given: 'apiVersion: v1\nkind: Service\nmetadata: {name: orders\n',
    want: {
      faults: [
        'a.yaml:4 not valid YAML: this line is indented wrongly, or a bracket before it is not closed',
      ],
    },
  },
  {
    name: 'tabs',
    given: 'metadata:\n\tname: orders\n',
    want: { faults: ['a.yaml:2 not valid YAML: this line is indented with tabs'] },
  },
  {
    name: 'an alias bomb',
    given: BOMB,
    want: { faults: ['a.yaml:1 must not refer to anchors more than 100 times'] },
  },
  {
    name: 'Lists nested too deep',
    given: `${'{apiVersion: v1, kind: List, items: ['.repeat(6)}${']}'.repeat(6)}`,
    want: {
      faults: ['a.yaml:1 items[0].items[0].items[0].items[0].items: must not nest Lists more than 4 deep'],
    },
  },
];

for (const { name, given, want } of CASES) {
  test(`reads ${name}`, () => {
    const { faults, ...found } = parse(given);
    assert.deepEqual(found, { objects: want.objects ?? [], ignored: want.ignored ?? [] });
    // zod words its own messages; ours are held to the letter.
    const wanted = want.faults ?? [];
    assert.deepEqual(
      faults.map((fault, index) => fault.slice(0, wanted[index]?.length)),
      wanted,
    );
  });
}

test('an object that is invalid is kept, with its name', () => {
  const { objects, faults } = parseManifest(
    'a.yaml',
    `apiVersion: v1\nkind: Service\nmetadata: {name: orders}\nspec: {ports: [{port: 0}]}\n`,
  );
  assert.equal(objects[0]?.object.decoded.kind, 'invalid');
  assert.deepEqual(faults, []);
});

test('takes the age of an object from its creation timestamp', () => {
  const { objects } = parseManifest(
    'a.yaml',
    SERVICE.replace('name: orders', 'name: orders, creationTimestamp: 2026-01-02T03:04:05Z'),
  );
  assert.equal(objects[0]?.object.decoded.meta.createdAtMs, Date.UTC(2026, 0, 2, 3, 4, 5));
});

const MARKED = 'sup3r-s3cret-value';
for (const given of [
  `password: ${MARKED}\n: : ${MARKED}`,
  `key: "${MARKED}\n`,
  `key: !<${MARKED}> x\n- y`,
  `a: *${MARKED}\n`,
  `{${MARKED}: ${MARKED}]`,
  `stringData:\n  a: b\n ${MARKED}: x\n   c: d`,
]) {
  test(`quotes nothing of ${JSON.stringify(given)}`, () => {
    const { faults } = parseManifest('a.yaml', given);
    assert.ok(faults.length > 0);
    assert.ok(!JSON.stringify(faults).includes(MARKED), JSON.stringify(faults));
  });
}
