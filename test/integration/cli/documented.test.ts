/** What the documentation tells to type works: its manifests, and two pages word for word but for addresses. */

import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { prepareManifests } from '../../../src/dev/demo-manifests.ts';
import { documentedPage } from '../../support/documented.ts';
import { collectLines } from '../../support/gateway.ts';
import { blocksOf, readPages } from '../../support/markdown.ts';
import { runCommand } from '../../support/run-command.ts';
import { CLIENT, startWorld, surroundings, type World } from '../../support/world.ts';

const MAIN = 'cmd/oidc-ingress/main.ts';

/** The words after `oidc-ingress`, as a shell would split lines without quotes. */
function argumentsOf(command: string): readonly string[] {
  assert.match(command, /^oidc-ingress [\w ./:=*-]+$/);
  return command.split(' ').slice(1);
}

/** What the pages cannot show: it is in the cluster of whoever follows them. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'SecretNotFound',
  'ConfigMapNotFound',
  'TlsSecretNotFound',
  'ServiceNotFound',
  'IngressClassNotFound',
]);

interface Validation {
  readonly problems: readonly { readonly reason: string; readonly message: string }[];
}

for (const page of readPages()) {
  const blocks = blocksOf(page, 'yaml');
  if (blocks.length === 0) continue;
  test(`validate has nothing against the manifests in ${page.path}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-page-'));
    t.after(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'page.yaml'), blocks.join('---\n'));
    const { stdout } = await runCommand(['validate', directory, '--output=json']);
    const { problems } = JSON.parse(stdout) as Validation;
    assert.deepEqual(
      problems.filter(({ reason }) => !ELSEWHERE.has(reason)),
      [],
    );
  });
}

describe('the page on running without a cluster', () => {
  const page = documentedPage('docs/how-to/run-without-a-cluster.md');
  const running: ChildProcess[] = [];
  let gatewayPort = 0;

  /** Runs a command that stays, and waits for the line that says where it listens. */
  async function start(argv: readonly string[], isUp: (line: string) => boolean): Promise<string> {
    const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.push(child);
    return await collectLines(child).line(isUp, 30_000);
  }

  /** `flag` is what the page would have to say for a free port. */
  const onFreePort = (start_: string, flag: string): readonly string[] => [
    ...argumentsOf(page.take(start_).command),
    flag,
  ];

  before(async () => {
    const [emulator, upstream] = await Promise.all([
      start(onFreePort('oidc-ingress dev --only=emulator', '--emulator-address=127.0.0.1:0'), (line) =>
        line.startsWith('Auth0'),
      ),
      start(onFreePort('oidc-ingress dev --only=upstream', '--upstream-address=127.0.0.1:0'), (line) =>
        line.startsWith('API'),
      ),
    ]);
    const manifests = await prepareManifests('examples', {
      issuer: /http:\S+/.exec(emulator)?.[0] ?? '',
      upstream: { address: '127.0.0.1', port: Number(/port (\d+)/.exec(upstream)?.[1]) },
    });
    after(() => manifests.remove());
    const serve = page
      .take('oidc-ingress serve')
      .command.replace('--manifests examples', `--manifests ${manifests.directory}`)
      .replace('--http-address=:8080', '--http-address=127.0.0.1:0');
    const ready = await start([...argumentsOf(serve), '--admin-address=127.0.0.1:0'], (line) =>
      line.includes('"msg":"ready"'),
    );
    gatewayPort = (JSON.parse(ready) as { readonly http: number }).http;
  });
  after(async () => {
    await Promise.all(
      running.map(async (child) => {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }),
    );
  });

  test('validate finds the example that is broken on purpose, and nothing else', async () => {
    const { code, stdout } = await runCommand(argumentsOf(page.take('oidc-ingress validate').command));
    assert.equal(code, 1);
    assert.match(stdout, /^2 files, 3 routes, 1 error, 0 warnings$/m);
  });

  test('explain says that the request is served', async () => {
    const { code, stdout } = await runCommand(argumentsOf(page.take('oidc-ingress explain').command));
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}policy +shop\/orders-api$/m);
  });

  test('the calls get what is written beside them, and the page has no other command', async () => {
    for (const count of [1, 2]) {
      const { command, comment } = page.take('curl');
      const line = command.replace('127.0.0.1:8080', `127.0.0.1:${gatewayPort}`);
      const { stdout } = await promisify(execFile)('sh', ['-c', `${line} -s -w '\\n%{http_code}'`]);
      const [status = '', reason = ''] = comment.split(' ');
      assert.ok(stdout.endsWith(`\n${status}`), `${count}: ${stdout}`);
      assert.ok(stdout.includes(reason), stdout);
    }
    assert.deepEqual(page.left(), []);
  });
});

describe('the page on setting up Auth0', () => {
  const AUDIENCE = 'https://orders.example.com/';
  const READER = { id: 'reader', secret: 'reader-secret' } as const;
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-auth0-'));
  const page = documentedPage('docs/how-to/auth0.md');
  let world: World;

  before(async () => {
    world = await startWorld({
      tenant: {
        clients: [CLIENT, READER].map(({ id, secret }) => ({ clientId: id, clientSecrets: [secret] })),
        apis: [{ identifier: AUDIENCE, scopes: ['read:orders', 'write:orders'], rbac: true }],
        grants: [
          {
            clientId: CLIENT.id,
            audience: AUDIENCE,
            scopes: ['read:orders', 'write:orders'],
            organizationUsage: 'allow',
            organizations: ['org_1'],
          },
          { clientId: READER.id, audience: AUDIENCE, scopes: ['read:orders'] },
        ],
      },
      manifests: ({ issuer, upstreamPort }) =>
        [
          surroundings(upstreamPort),
          page.manifests(issuer),
          ...['orders-api', 'orders-by-method', 'orders-by-organization'].map(protectedIngress),
        ].join('---\n'),
    });
    const [first = ''] = page.manifests(world.auth0.issuer).split('---\n');
    writeFileSync(join(directory, 'policy.yaml'), first);
  });
  after(async () => {
    await world.close();
    rmSync(directory, { recursive: true });
  });

  /** With the policy of step 4 in the working directory. @throws where it ends with another code than 0 */
  async function check(command: string): Promise<string> {
    const line = `${command.replace(/^oidc-ingress/, `"${process.execPath}" "$MAIN"`)} --allow-insecure-issuers`;
    const env = {
      ...process.env,
      MAIN: join(process.cwd(), MAIN),
      CLIENT_ID: CLIENT.id,
      OIDC_INGRESS_CLIENT_SECRET: CLIENT.secret,
    };
    return (await promisify(execFile)('sh', ['-c', line], { cwd: directory, env })).stdout;
  }

  test('check reads the tenant, and with a client ID makes one token request', async () => {
    const withoutClient = await check(page.take('oidc-ingress check policy.yaml').command);
    const before = world.auth0.calls.exchanges;
    const withClient = await check(page.take('oidc-ingress check policy.yaml --client-id').command);
    assert.equal(world.auth0.calls.exchanges - before, 1);
    assert.ok(withClient.length > withoutClient.length, withClient);
    assert.deepEqual(page.left(), []);
  });

  const CALLS = [
    { host: 'orders-api', method: 'GET', client: READER, status: 200 },
    { host: 'orders-by-method', method: 'GET', client: READER, status: 200 },
    { host: 'orders-by-method', method: 'POST', client: READER, status: 403, reason: 'InsufficientScope' },
    { host: 'orders-by-method', method: 'POST', client: CLIENT, status: 200 },
    { host: 'orders-by-organization', organization: 'org_1', client: CLIENT, status: 200 },
    {
      host: 'orders-by-organization',
      organization: 'org_2',
      client: CLIENT,
      status: 403,
      reason: 'GrantMissing',
    },
    {
      host: 'orders-by-organization',
      organization: 'org_3',
      client: CLIENT,
      status: 400,
      reason: 'BadRequest',
    },
    { host: 'orders-by-organization', client: CLIENT, status: 403, reason: 'ClaimMismatch' },
  ] as const;
  for (const { host, client, status, ...more } of CALLS) {
    const {
      method = 'GET',
      organization = 'no organization',
      reason = '',
    } = { ...more } as {
      readonly method?: string;
      readonly organization?: string;
      readonly reason?: string;
    };
    test(`${host}: ${method} of ${client.id} for ${organization} is ${status} ${reason}`, async () => {
      const headers = organization.startsWith('org_') ? { 'x-organization': organization } : {};
      const answer = await world.call({
        host: `${host}.example.com`,
        basic: `${client.id}:${client.secret}`,
        method,
        headers,
      });
      assert.equal(answer.status, status, answer.text);
      assert.ok(answer.text.includes(reason), answer.text);
    });
  }
});

function protectedIngress(policy: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${policy}, namespace: shop, annotations: { oidc-ingress.io/policy: ${policy} } }
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: ${policy}.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: orders, port: { name: http } } } }] }
`;
}
