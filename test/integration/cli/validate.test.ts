/** `validate` and `explain` as people and pipelines run them. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { runCommand } from '../../support/run-command.ts';
import { ORDERS } from './orders.ts';

let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'validate-'));
  const files = {
    'good.yaml': `${ORDERS}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders}\n`,
    'typo.yaml': ORDERS.replace('oidc-ingress.io/policy:', 'oidc-ingress.io/polcy:'),
    'broken.yaml': 'kind: [\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
});
after(() => rm(directory, { recursive: true }));

test('validate prints the table of good manifests, names what it does not read, and ends with 0', async () => {
  const { code, stdout, stderr } = await runCommand(['validate', join(directory, 'good.yaml')]);
  assert.equal(stderr, '');
  assert.equal(
    stdout,
    `1 file, 1 route, 0 errors, 0 warnings

orders.example.com
  /v1  Prefix  →  shop/orders:80 (1 endpoint)  policy shop/api  Ingress shop/orders

ignored  ${directory}/good.yaml:36: apps/v1 Deployment
`,
  );
  assert.equal(code, 0);
});

test('validate shows routes that would be refused, says why and where, and ends with 1', async () => {
  const { code, stdout } = await runCommand(['validate', join(directory, 'typo.yaml')]);
  assert.equal(code, 1);
  assert.match(stdout, /^ {2}\/v1 {2}Prefix {2}→ {2}503 {2}refused/m);
  assert.match(stdout, /^error {4}\S+typo\.yaml:25 {2}Ingress shop\/orders {2}metadata\.annotations/m);
  assert.match(stdout, /\(UnknownAnnotation\)$/m);
});

test('validate reports files that cannot be read beside those that can', async () => {
  const missing = join(directory, 'missing.yaml');
  const files = ['good.yaml', 'broken.yaml', 'missing.yaml'].map((name) => join(directory, name));
  const { code, stdout } = await runCommand(['validate', ...files]);
  assert.equal(code, 1);
  assert.match(stdout, /^3 files, 1 route, 2 errors, 0 warnings$/m);
  assert.match(stdout, /^error {4}\S+broken\.yaml:2\n {9}not valid YAML: /m);
  assert.ok(stdout.includes(`error    ${missing}\n         no such file\n`), stdout);
});

test('validate gives programs the same as JSON', async () => {
  const { code, stdout } = await runCommand(['validate', '--output=json', join(directory, 'typo.yaml')]);
  assert.equal(code, 1);
  const report = JSON.parse(stdout) as {
    readonly errors: number;
    readonly routes: readonly Record<string, unknown>[];
    readonly problems: readonly Record<string, unknown>[];
  };
  assert.equal(report.errors, 1);
  assert.equal(report.routes[0]?.['state'], 'refused');
  const [problem] = report.problems;
  assert.equal(problem?.['reason'], 'UnknownAnnotation');
  assert.equal(problem['object'], 'Ingress shop/orders');
  assert.equal(problem['location'], `${directory}/typo.yaml:25`);
});

test('validate refuses plain http issuers unless it is told otherwise', async () => {
  const strict = await runCommand(['validate', 'examples']);
  assert.match(strict.stdout, /\(InsecureIssuer\)/);
  const lenient = await runCommand(['validate', 'examples', '--allow-insecure-issuers']);
  assert.doesNotMatch(lenient.stdout, /InsecureIssuer/);
  assert.match(lenient.stdout, /policy shop\/orders-api +Ingress shop\/orders$/m);
  assert.match(lenient.stdout, /open +Ingress shop\/website$/m);
  assert.match(lenient.stdout, /refused policy shop\/order-api +Ingress shop\/broken$/m);
});

const EXPLAINED = [
  { name: 'a path that a policy covers', url: 'https://orders.example.com/v1/x', code: 0, want: 'is served' },
  { name: 'a path that none covers', url: 'https://orders.example.com/v2', code: 1, want: '404 NoRoute' },
  { name: 'an unknown host', url: 'https://x.example.com/v1', code: 1, want: '404 NoRoute' },
];
for (const { name, url, code, want } of EXPLAINED) {
  test(`explain says what becomes of ${name}`, async () => {
    const file = join(directory, 'good.yaml');
    const result = await runCommand(['explain', url, '--manifests', file]);
    assert.equal(result.code, code, result.stderr);
    assert.ok(result.stdout.includes(want), result.stdout);
  });
}

test('explain names the problem that closes a route', async () => {
  const { code, stdout } = await runCommand([
    'explain',
    'https://orders.example.com/v1',
    `--manifests=${join(directory, 'typo.yaml')}`,
  ]);
  assert.equal(code, 1);
  assert.match(stdout, /503 PolicyUnavailable/);
  assert.match(stdout, /polcy/);
});

test('validate judges the Ingresses of an application whose class is installed elsewhere, and says so', async () => {
  const file = join(directory, 'without-class.yaml');
  const [, ...others] = ORDERS.split('---\n');
  await writeFile(file, others.join('---\n').replace('oidc-ingress.io/policy:', 'oidc-ingress.io/polcy:'));
  const { code, stdout } = await runCommand(['validate', file]);
  assert.equal(code, 1);
  assert.match(stdout, /\(UnknownAnnotation\)$/m);
  assert.ok(stdout.endsWith('\nassumed  IngressClass oidc-ingress, which is in none of the files\n'), stdout);
});

test('validate takes a Service that is in none of the files for missing, and one that kubectl wrote for there', async () => {
  const isService = (object: string): boolean => /^kind: Service$/m.test(object);
  const objects = ORDERS.split('---\n');
  const file = join(directory, 'without-service.yaml');
  await writeFile(file, objects.filter((object) => !isService(object)).join('---\n'));
  const alone = await runCommand(['validate', file]);
  assert.equal(alone.code, 1);
  assert.match(alone.stdout, /^ {9}Service shop\/orders does not exist \(ServiceNotFound\)$/m);
  const services = join(directory, 'services.yaml');
  const items = objects.filter(isService).map((object) => `- ${object.trim().replaceAll('\n', '\n  ')}\n`);
  await writeFile(services, `apiVersion: v1\nkind: List\nitems:\n${items.join('')}`);
  const { code, stdout } = await runCommand(['validate', file, services]);
  assert.match(stdout, /^2 files, 1 route, 0 errors, 0 warnings$/m);
  assert.equal(code, 0);
});

test('validate judges Ingresses of the class of another controller as if they were served here', async () => {
  const file = join(directory, 'of-nginx.yaml');
  const [, ...others] = ORDERS.split('---\n');
  const ofNginx = others
    .join('---\n')
    .replace(/ingressClassName: \S+/, 'ingressClassName: nginx')
    .replace(
      /oidc-ingress\.io\/policy: [^\s}]+/,
      'nginx.ingress.kubernetes.io/auth-url: "https://a.example.com/"',
    );
  await writeFile(file, ofNginx);
  const { code, stdout } = await runCommand(['validate', file, '--ingress-class=nginx']);
  assert.match(stdout, /^1 file, 1 route, 0 errors, 1 warning$/m);
  assert.match(stdout, /auth-url has no effect here; .* \(ForeignAnnotation\)$/m);
  assert.ok(stdout.endsWith('\nassumed  IngressClass nginx, which is in none of the files\n'), stdout);
  assert.equal(code, 0);
});

test('explain takes the class for there where validate does, and says so', async () => {
  const file = join(directory, 'classless.yaml');
  const [, ...others] = ORDERS.split('---\n');
  await writeFile(file, others.join('---\n'));
  const { code, stdout, stderr } = await runCommand([
    'explain',
    'https://orders.example.com/v1',
    `--manifests=${file}`,
  ]);
  assert.equal(stderr, 'assumed: IngressClass oidc-ingress, which is in none of the files\n');
  assert.match(stdout, /is served/);
  assert.equal(code, 0);
});

test('explain says nothing of objects where none could be read', async () => {
  const { code, stdout, stderr } = await runCommand([
    'explain',
    'https://orders.example.com/',
    `--manifests=${join(directory, 'broken.yaml')}`,
  ]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^cannot be read: \S+broken\.yaml:2: not valid YAML/);
});

const WORDS = [
  {
    argv: ['validat', 'x'],
    code: 2,
    want: 'oidc-ingress: unknown command "validat"; the nearest is validate\n',
  },
  {
    argv: ['frobnicate'],
    code: 2,
    want: 'oidc-ingress: unknown command "frobnicate"; there are serve, validate, explain, check, dev, version\n',
  },
  { argv: ['help', 'validate'], code: 0, want: 'Usage: oidc-ingress validate FILES… [FLAGS]\n' },
  { argv: ['--version'], code: 0, want: '0.1.0\n' },
];
for (const { argv, code: wanted, want } of WORDS) {
  test(`oidc-ingress ${argv.join(' ')} is answered in words`, async () => {
    const { code, stdout, stderr } = await runCommand(argv);
    assert.equal(code, wanted);
    assert.ok(`${stderr}${stdout}`.startsWith(want), `${stderr}${stdout}`);
  });
}
