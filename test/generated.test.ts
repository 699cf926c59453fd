/** Generated files are those that the code gives today, and leave nothing unexplained. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { parse } from 'yaml';

import { celMessages } from './support/cel-messages.ts';
import { REFUSED } from './unit/policy/refused-specs.ts';

const run = promisify(execFile);
const CRD = 'crds/oidcpolicies.oidc-ingress.io.yaml';

interface Node {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly default?: unknown;
}

async function specAndStatus(): Promise<Node> {
  const crd = parse(await readFile(CRD, 'utf8')) as {
    readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Node } }[] };
  };
  const { spec, status } = crd.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
  assert.ok(spec !== undefined && status !== undefined);
  return { properties: { spec, status } };
}

function* fields(node: Node, path: string): Generator<readonly [string, Node]> {
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    yield [`${path}.${name}`, field];
    yield* fields(field, `${path}.${name}`);
  }
  if (node.items !== undefined) yield* fields(node.items, `${path}[]`);
}

test('every generated file is fresh', async () => {
  await run(process.execPath, ['build/generate.ts', '--check']);
});

test('the check fails and names each file that is stale or missing', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'oidc-ingress-generate-'));
  try {
    for (const part of ['build', 'src', 'charts', 'crds', 'docs', 'package.json']) {
      await cp(part, join(copy, part), { recursive: true });
    }
    await symlink(resolve('node_modules'), join(copy, 'node_modules'));
    await writeFile(join(copy, CRD), 'stale');
    await rm(join(copy, 'docs/reference/flags.md'));
    const failure = await run(process.execPath, ['build/generate.ts', '--check'], { cwd: copy }).then(
      () => assert.fail('a stale file was not found'),
      (error: unknown) => error as { readonly code: number; readonly stderr: string },
    );
    assert.equal(failure.code, 1);
    assert.deepEqual(failure.stderr.trim().split('\n'), [
      `${CRD} is stale: npm run generate`,
      'docs/reference/flags.md is stale: npm run generate',
    ]);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

test('kubectl explain has a description of every field', async () => {
  const bare = [...fields(await specAndStatus(), '')].filter(([, field]) => (field.description ?? '') === '');
  assert.deepEqual(
    bare.map(([path]) => path),
    [],
  );
});

test('kubectl explain says the default of a field, and every word of a choice that it would cut short', async () => {
  const all = [...fields(await specAndStatus(), '')];
  const says = (path: string): string => all.find(([name]) => name === path)?.[1].description ?? '';
  assert.match(says('.spec.cache.rejectedTtl'), / A duration from 0s to 29s\. Default: `10s`\.$/);
  assert.match(says('.spec.limits.failuresPerMinute'), / Default: `10`\.$/);
  assert.match(says('.spec.exemptPreflight'), / Default: `true`\.$/);
  assert.match(says('.spec.upstream.token'), / Default: `Bearer`\.$/);
  assert.match(says('.spec.verification.algorithms'), / Any of `RS256`, .*, `EdDSA`\. Default: `RS256`\.$/);
  assert.doesNotMatch(says('.spec.exempt'), /Default/);
  const silent = all.filter(([, { default: fallback, description = '', enum: own, items }]) => {
    const words = items?.enum ?? (own !== undefined && own.length > 4 ? own : []);
    const isDefaultSaid = ['undefined', 'object'].includes(typeof fallback) || /Default: /.test(description);
    return !isDefaultSaid || !words.every((word) => description.includes(`\`${word}\``));
  });
  assert.deepEqual(
    silent.map(([path]) => path),
    [],
  );
});

test('every string and list of the CRD is bounded', async () => {
  const unbounded = [...fields(await specAndStatus(), '')].filter(([path, field]) => {
    const isTimestamp = path.endsWith('.lastTransitionTime');
    if (field.type === 'string')
      return field.maxLength === undefined && field.enum === undefined && !isTimestamp;
    return field.type === 'array' && field.maxItems === undefined;
  });
  assert.deepEqual(
    unbounded.map(([path]) => path),
    [],
  );
});

test('every CEL rule of the CRD has a case that it refuses', async () => {
  const untried = [...celMessages(parse(await readFile(CRD, 'utf8')))].filter(
    (message) => !REFUSED.some(({ want }) => want.includes(message)),
  );
  assert.deepEqual(untried, []);
});
