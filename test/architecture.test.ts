/** Holds the layers: which module may import which, and what a pure module must not touch. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

import { globalsIn, importsOf } from './support/source-scan.ts';

type Layer = 0 | 1 | 2 | 3;

interface Module {
  readonly layer: Layer;
  /** Packages beside Node's own; below layer 2 Node's own count too. */
  readonly libraries: readonly string[];
}

const MODULES: Readonly<Record<string, Module>> = {
  model: { layer: 0, libraries: ['zod', 'node:util'] },
  policy: { layer: 0, libraries: ['zod'] },
  decode: { layer: 1, libraries: ['zod'] },
  compile: { layer: 1, libraries: ['node:crypto', 'node:net', 'node:tls'] },
  match: { layer: 1, libraries: [] },
  http: { layer: 1, libraries: ['node:net'] },
  authz: { layer: 1, libraries: ['node:crypto'] },
  config: { layer: 2, libraries: ['zod'] },
  oauth: { layer: 2, libraries: ['jose', 'lru-cache', 'undici', 'zod'] },
  kube: { layer: 2, libraries: ['@kubernetes/client-node', 'yaml', 'zod'] },
  files: { layer: 2, libraries: ['chokidar', 'yaml'] },
  proxy: { layer: 2, libraries: ['http-proxy-3', 'lru-cache', 'undici'] },
  telemetry: { layer: 2, libraries: ['@opentelemetry', 'pino', 'prom-client'] },
  control: { layer: 3, libraries: ['prom-client'] },
  admin: { layer: 3, libraries: ['fastify'] },
  dev: { layer: 3, libraries: ['fastify', 'jose', 'yaml'] },
};

/** They wire everything, and nothing but a command or a thread starts them. */
const COMPOSITION_ROOTS = ['src/app.ts', 'src/thread.ts'];

/** What the roots are cut into: they wire too, and only a root imports them. */
const COMPOSITION_PARTS = ['src/admin-view.ts', 'src/cluster-objects.ts', 'src/data-plane.ts'];

/** Rules about requests that compile and explain apply ahead of time: the same code decides then and later. */
const RULES: ReadonlySet<string> = new Set(['authz', 'http']);

/** What a pure module may take from the libraries of Node. */
const PURE_NAMES: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['KeyObject', 'X509Certificate', 'createHash', 'createPrivateKey', 'hash'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
  'node:tls': ['createSecureContext'],
  'node:util': ['inspect'],
};

const IMPURE = [
  'Date.now',
  'new Date()',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'Math.random',
  'crypto',
  'process',
  'fetch',
  'fs',
  'console',
  'globalThis',
];

const MAX_LINES = 300;

const SOURCES = globSync('{src,cmd}/**/*.ts').sort();

const moduleOf = (file: string): string => /^src\/([^/]+)\//.exec(file)?.[1] ?? file;
const sourcesBelow = (layer: Layer): readonly string[] =>
  SOURCES.filter((file) => (MODULES[moduleOf(file)]?.layer ?? Infinity) < layer);

/** @returns why `file` may not import `target`, or `undefined`. */
function objection(file: string, target: string): string | undefined {
  if (COMPOSITION_ROOTS.includes(target)) {
    return file.startsWith('cmd/') ? undefined : 'only a command may start a composition root';
  }
  if (COMPOSITION_PARTS.includes(target)) {
    return COMPOSITION_ROOTS.includes(file) ? undefined : 'only a composition root may import its parts';
  }
  if (file.startsWith('cmd/') || [...COMPOSITION_ROOTS, ...COMPOSITION_PARTS].includes(file))
    return undefined;
  const [from, to] = [moduleOf(file), moduleOf(target)];
  if (from === to) return undefined;
  const [importer, imported] = [MODULES[from], MODULES[to]];
  if (importer === undefined || imported === undefined) return `${to} is no module of src/`;
  if (imported.layer < importer.layer) return undefined;
  if (importer.layer === 0 && imported.layer === 0) return undefined;
  if (importer.layer === 1 && RULES.has(to) && !RULES.has(from)) return undefined;
  if (importer.layer === 2 && target === 'src/telemetry/ports.ts') return undefined;
  return `${from} is of layer ${importer.layer} and ${to} of layer ${imported.layer}`;
}

/** @returns why `file` may not import `names` of the package `specifier`, or `undefined`. */
function packageObjection(file: string, specifier: string, names: readonly string[]): string | undefined {
  const module = MODULES[moduleOf(file)];
  if (module === undefined) return undefined;
  if (specifier.startsWith('node:') && module.layer >= 2) return undefined;
  const isListed = module.libraries.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  if (!isListed) return `${moduleOf(file)} may use ${module.libraries.join(', ') || 'no library'}`;
  if (module.layer >= 2 || !specifier.startsWith('node:')) return undefined;
  const impure = names.filter((name) => !(PURE_NAMES[specifier] ?? []).includes(name));
  return impure.length === 0 ? undefined : `${impure.join(', ')} of ${specifier} is not pure`;
}

test('every folder of src/ has a layer', () => {
  const folders = new Set(SOURCES.map(moduleOf).filter((name) => !name.includes('/')));
  assert.deepEqual(
    [...folders].filter((name) => MODULES[name] === undefined),
    [],
  );
  const loose = SOURCES.filter((file) => /^src\/[^/]+$/.test(file));
  assert.deepEqual(loose, [...COMPOSITION_ROOTS, ...COMPOSITION_PARTS].sort());
});

test('every import keeps to the layers', () => {
  const broken = SOURCES.flatMap((file) =>
    importsOf(readFileSync(file, 'utf8')).flatMap(({ specifier, names }) => {
      const why = specifier.startsWith('.')
        ? objection(file, relative('.', join(dirname(file), specifier)))
        : packageObjection(file, specifier, names);
      return why === undefined ? [] : [`${file} imports ${specifier}: ${why}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test('a pure module knows no clock, chance, process, network or output', () => {
  const broken = sourcesBelow(2).flatMap((file) =>
    globalsIn(readFileSync(file, 'utf8'), IMPURE).map((name) => `${file} uses ${name}`),
  );
  assert.deepEqual(broken, []);
});

test(`no file has more than ${MAX_LINES} lines: one idea for each file`, () => {
  const long = SOURCES.map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ file, lines }) => `${file} has ${lines}`);
  assert.deepEqual(long, []);
});

const VERDICTS: readonly {
  readonly name: string;
  readonly given: readonly [string, string];
  readonly isAllowed: boolean;
}[] = [
  { name: 'the model imports the policy', given: ['src/model/a.ts', 'src/policy/b.ts'], isAllowed: true },
  { name: 'the model imports compile', given: ['src/model/a.ts', 'src/compile/b.ts'], isAllowed: false },
  { name: 'compile imports the model', given: ['src/compile/a.ts', 'src/model/b.ts'], isAllowed: true },
  { name: 'compile imports match', given: ['src/compile/a.ts', 'src/match/b.ts'], isAllowed: false },
  { name: 'compile imports a rule of authz', given: ['src/compile/a.ts', 'src/authz/b.ts'], isAllowed: true },
  { name: 'authz imports http', given: ['src/authz/a.ts', 'src/http/b.ts'], isAllowed: false },
  { name: 'decode imports compile', given: ['src/decode/a.ts', 'src/compile/b.ts'], isAllowed: false },
  {
    name: 'compile imports telemetry',
    given: ['src/compile/a.ts', 'src/telemetry/ports.ts'],
    isAllowed: false,
  },
  { name: 'kube imports decode', given: ['src/kube/a.ts', 'src/decode/b.ts'], isAllowed: true },
  { name: 'kube imports files', given: ['src/kube/a.ts', 'src/files/b.ts'], isAllowed: false },
  {
    name: 'kube imports the ports of telemetry',
    given: ['src/kube/a.ts', 'src/telemetry/ports.ts'],
    isAllowed: true,
  },
  { name: 'kube imports the logger', given: ['src/kube/a.ts', 'src/telemetry/logger.ts'], isAllowed: false },
  { name: 'control imports kube', given: ['src/control/a.ts', 'src/kube/b.ts'], isAllowed: true },
  { name: 'control imports admin', given: ['src/control/a.ts', 'src/admin/b.ts'], isAllowed: false },
  { name: 'control imports the gateway', given: ['src/control/a.ts', 'src/app.ts'], isAllowed: false },
  { name: 'a command imports the gateway', given: ['cmd/oidc-ingress/a.ts', 'src/app.ts'], isAllowed: true },
  { name: 'the gateway imports everything', given: ['src/app.ts', 'src/admin/b.ts'], isAllowed: true },
  { name: 'the gateway imports a part', given: ['src/app.ts', 'src/cluster-objects.ts'], isAllowed: true },
  { name: 'a part imports everything', given: ['src/cluster-objects.ts', 'src/kube/b.ts'], isAllowed: true },
  { name: 'control imports a part', given: ['src/control/a.ts', 'src/cluster-objects.ts'], isAllowed: false },
];

for (const { name, given, isAllowed } of VERDICTS) {
  test(`${isAllowed ? 'allows' : 'forbids'}: ${name}`, () => {
    assert.equal(objection(...given) === undefined, isAllowed);
  });
}

test('forbids: a pure module takes what is not pure from a library of Node', () => {
  assert.equal(
    packageObjection('src/authz/a.ts', 'node:crypto', ['hash', 'randomBytes']),
    'randomBytes of node:crypto is not pure',
  );
  assert.equal(packageObjection('src/match/a.ts', 'node:fs', ['*']), 'match may use no library');
});
