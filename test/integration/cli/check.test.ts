/** `check` against an emulated tenant: what is well, what is wrong, and no secret anywhere. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startAuth0Emulator, type Auth0Emulator } from '../../../src/dev/auth0-emulator.ts';
import { runCommand, type CommandInput } from '../../support/run-command.ts';

const AUDIENCE = 'https://orders.example.com/';
const SECRET = 'marked-s3cret';

let emulator: Auth0Emulator;
let directory: string;

before(async () => {
  emulator = await startAuth0Emulator({
    tenant: {
      clients: ['writer', 'reader', 'stranger'].map((clientId) => ({ clientId, clientSecrets: [SECRET] })),
      apis: [{ identifier: AUDIENCE, tokenLifetimeSeconds: 7_200 }],
      grants: [
        { clientId: 'writer', audience: AUDIENCE, scopes: ['read:orders', 'write:orders'] },
        { clientId: 'reader', audience: AUDIENCE, scopes: ['read:orders'] },
      ],
    },
  });
  directory = await mkdtemp(join(tmpdir(), 'check-'));
  await writeFile(join(directory, 'policy.yaml'), policy('api'));
  await writeFile(join(directory, 'two.yaml'), `${policy('api')}---\n${policy('other')}`);
  await writeFile(join(directory, 'invalid.yaml'), policy('api').replace('scopes:', 'scope:'));
  await writeFile(
    join(directory, 'doubtful.yaml'),
    policy('api').replace(/clientCredentials: .*/, 'clientCredentials: {scopes: [openid]}'),
  );
  await writeFile(join(directory, 'none.yaml'), '# nothing\n');
});
after(async () => {
  await emulator.close();
  await rm(directory, { recursive: true });
});

function policy(name: string): string {
  return `apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: {name: ${name}, namespace: shop}
spec:
  provider: {issuer: "${emulator.issuer}"}
  clientCredentials: {audience: "${AUDIENCE}"}
  require: {scopes: ["read:orders"]}
  rules:
    - {methods: [POST], paths: [{path: /v1}], require: {scopes: ["write:orders"]}}
`;
}

async function check(file: string, flags: readonly string[] = [], input: CommandInput = {}) {
  const argv = ['check', join(directory, file), '--allow-insecure-issuers', ...flags];
  const { code, stdout, stderr } = await runCommand(argv, input);
  const text = `${stdout}\n${stderr}`;
  assert.ok(!text.includes(SECRET), 'printed the secret');
  assert.doesNotMatch(text, /eyJ[\w-]+\.[\w-]+\./, 'printed a token');
  return { code, stdout, stderr };
}

test('warns of what a policy says but can hardly mean, in the words of validate', async () => {
  const { code, stdout } = await check('doubtful.yaml');
  assert.equal(code, 0, stdout);
  const warnings = /^ {2}warning {2}(.*) \((\w+)\)$/gm;
  const told = [...stdout.matchAll(warnings)].map(([, message = '', reason]) => ({ message, reason }));
  assert.deepEqual(
    told.map(({ reason }) => reason),
    ['NoAudience', 'OpenidScope'],
  );
  const validated = await runCommand([
    'validate',
    join(directory, 'doubtful.yaml'),
    '--allow-insecure-issuers',
  ]);
  for (const { message } of told) {
    const [field = '', ...words] = message.split(': ');
    assert.ok(validated.stdout.includes(`${field}\n         ${words.join(': ')} (`), validated.stdout);
  }
});

const FROM_ENVIRONMENT = { environment: { OIDC_INGRESS_CLIENT_SECRET: SECRET } };

test('says that policy and provider are well without asking for a token', async () => {
  const before = emulator.calls.exchanges;
  const { code, stdout } = await check('policy.yaml');
  assert.equal(code, 0);
  assert.match(stdout, /^policy shop\/api\n {2}ok {7}the policy can be enforced$/m);
  assert.ok(stdout.includes(`${emulator.issuer} publishes 2 signing keys`), stdout);
  assert.equal(emulator.calls.exchanges, before);
});

for (const { source, input } of [
  { source: 'the environment', input: FROM_ENVIRONMENT },
  { source: 'standard input', input: { stdin: `${SECRET}\n` } },
]) {
  test(`makes one token request with the secret from ${source}, and tells the claims that matter`, async () => {
    const before = emulator.calls.exchanges;
    const { code, stdout } = await check('policy.yaml', ['--client-id=writer'], input);
    assert.equal(code, 0, stdout);
    assert.equal(emulator.calls.exchanges, before + 1);
    assert.ok(stdout.includes(`issuer        ${emulator.issuer}\n`), stdout);
    assert.ok(stdout.includes(`audience      ${AUDIENCE}\n`), stdout);
    assert.match(stdout, /client {8}writer$/m);
    assert.match(stdout, /scope {9}read:orders write:orders$/m);
    assert.match(stdout, /expires {7}in (2 h|1 h 59 min) \(/);
    assert.match(stdout, /ok {7}the token meets what the policy requires$/m);
    assert.match(stdout, /ok {7}the token meets rule 1 \(POST on \/v1…\)$/m);
  });
}

test('warns of a rule that the client cannot meet', async () => {
  const { code, stdout } = await check('policy.yaml', ['--client-id=reader'], FROM_ENVIRONMENT);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /warning {2}rule 1 \(POST on \/v1…\): the token lacks the scope "write:orders"/);
});

const REFUSED = [
  {
    name: 'a wrong secret',
    client: 'writer',
    input: { stdin: 'guess' },
    want: 'callers would get 401 InvalidClient',
  },
  {
    name: 'a client without a grant',
    client: 'stranger',
    input: FROM_ENVIRONMENT,
    want: 'callers would get 403 GrantMissing',
  },
  {
    name: 'no secret',
    client: 'writer',
    input: {},
    want: 'no client secret: set OIDC_INGRESS_CLIENT_SECRET',
  },
];
for (const { name, client, input, want } of REFUSED) {
  test(`explains ${name} in words, and ends with 1`, async () => {
    const { code, stdout } = await check('policy.yaml', [`--client-id=${client}`], input);
    assert.equal(code, 1);
    assert.ok(stdout.includes(want), stdout);
  });
}

test('explains a token that does not hold', async () => {
  emulator.faults.token.next(1, { flaw: 'bad-signature' });
  const { code, stdout } = await check('policy.yaml', ['--client-id=writer'], FROM_ENVIRONMENT);
  assert.equal(code, 1);
  assert.match(stdout, /callers would get 502 TokenRejected/);
});

test('says which field of the policy decides about a token that does not hold', async () => {
  emulator.faults.token.next(1, { flaw: 'wrong-client' });
  const { stderr } = await check('policy.yaml', ['--client-id=writer'], FROM_ENVIRONMENT);
  assert.match(stderr, /^see spec\.verification\.bindClient$/m);
});

test('explains a provider that cannot be used, and asks it for no token', async () => {
  const before = emulator.calls.exchanges;
  emulator.faults.discovery.next(1, { answer: { status: 404, body: 'Not Found' } });
  const { code, stdout } = await check('policy.yaml', ['--client-id=writer'], FROM_ENVIRONMENT);
  assert.equal(code, 1);
  assert.match(stdout, /error {4}.*\(DiscoveryFailed\)$/m);
  assert.equal(emulator.calls.exchanges, before);
});

test('refuses a plain http issuer unless it is told otherwise', async () => {
  const { code, stdout } = await runCommand(['check', join(directory, 'policy.yaml')]);
  assert.equal(code, 1);
  assert.match(stdout, /must use https.*\(InsecureIssuer\)/);
});

test('explains an invalid policy', async () => {
  const { code, stdout } = await check('invalid.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /spec\.require\.scope: unknown field/);
});

test('wants to know which of several policies is meant', async () => {
  const vague = await check('two.yaml');
  assert.equal(vague.code, 2);
  assert.match(vague.stderr, /--policy: must name one of shop\/api, shop\/other/);
  const wrong = await check('two.yaml', ['--policy=third']);
  assert.match(wrong.stderr, /--policy: no such policy; there are shop\/api, shop\/other/);
  const chosen = await check('two.yaml', ['--policy=shop/other']);
  assert.equal(chosen.code, 0);
  assert.match(chosen.stdout, /^policy shop\/other$/m);
  const empty = await check('none.yaml');
  assert.match(empty.stderr, /POLICY-FILE: holds no OIDCPolicy/);
});
