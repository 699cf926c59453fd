/** `dev` keeps its word: every call that it prints does what is written beside it. */

import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { collectLines } from '../../support/gateway.ts';
import { runCommand } from '../../support/run-command.ts';

const MAIN = fileURLToPath(new URL('../../../cmd/oidc-ingress/main.ts', import.meta.url));
const FREE_PORTS = ['http', 'admin', 'emulator', 'upstream'].map((name) => `--${name}-address=127.0.0.1:0`);

/** Slower machines take longer; a person should not wait longer than this on a common one. */
const START_DEADLINE_MS = 30_000;

interface PrintedCall {
  readonly status: number;
  readonly reason: string | undefined;
  readonly line: string;
}

let child: ChildProcess;
let output: ReturnType<typeof collectLines>;
let manifests: string;

before(async () => {
  child = spawn(process.execPath, [MAIN, 'dev', ...FREE_PORTS], { stdio: ['ignore', 'pipe', 'pipe'] });
  output = collectLines(child);
  await output.line((line) => line.startsWith('Ctrl-C'), START_DEADLINE_MS);
  const line = output.lines.find((candidate) => candidate.startsWith('manifests'));
  manifests = /^manifests +(\S+)/.exec(line ?? '')?.[1] ?? '';
});
after(() => child.kill('SIGKILL'));

function printedCalls(): readonly PrintedCall[] {
  return output.lines.flatMap((line, index) => {
    if (!/^ {2}curl /.test(line)) return [];
    const [, status, reason] = /^ {2}# (\d{3})(?: ([A-Za-z]+))?: /.exec(output.lines[index - 1] ?? '') ?? [];
    return [{ status: Number(status), reason, line: line.trim() }];
  });
}

/** Runs the line in a shell, as a person would, with a mark before the status. */
async function run(line: string): Promise<{ readonly status: number; readonly body: string }> {
  const script = line.replace(/^curl /, String.raw`curl -s -w '\n%{http_code}' --max-time 20 `);
  const { stdout } = await promisify(execFile)('sh', ['-c', script]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

test('every call that dev prints does what is written beside it', async (t) => {
  const calls = printedCalls();
  assert.ok(calls.length >= 12, `only ${calls.length} calls were printed`);
  for (const { line, status, reason } of calls) {
    await t.test(`${status} ${reason ?? ''} ${line}`, async () => {
      const answer = await run(line);
      assert.equal(answer.status, status, answer.body);
      const problem = status === 200 ? {} : (JSON.parse(answer.body) as Record<string, unknown>);
      assert.equal(problem['reason'], reason);
    });
  }
});

test('the calls show every kind of outcome that their reader should know', () => {
  const reasons = new Set(printedCalls().map(({ reason }) => reason));
  for (const reason of [
    undefined,
    'InvalidClient',
    'MissingCredentials',
    'InsufficientScope',
    'GrantMissing',
    'PolicyUnavailable',
    'NoRoute',
  ]) {
    assert.ok(reasons.has(reason), `no call shows ${reason ?? 'success'}`);
  }
});

test('the API gets the claims and the query without the credentials', async () => {
  const line = printedCalls().find((call) => call.line.includes('?page=2'))?.line ?? '';
  const { body } = await run(line);
  const echo = JSON.parse(body) as {
    readonly url: string;
    readonly authorization: { readonly scheme: string; readonly claims: Record<string, unknown> };
  };
  assert.equal(echo.url, '/v1/orders?page=2');
  assert.equal(echo.authorization.scheme, 'Bearer');
  assert.equal(echo.authorization.claims['azp'], 'demo');
  assert.doesNotMatch(body, /demo-secret/);
});

test('the API gets a form without the credentials', async () => {
  const line = printedCalls().find((call) => call.line.includes('note=hello'))?.line ?? '';
  const { body } = await run(line);
  assert.equal((JSON.parse(body) as { readonly body: string }).body, 'note=hello');
});

test('says which port is taken and how to choose another', async (t) => {
  const taken = createServer();
  t.after(() => taken.close());
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  for (const flag of ['emulator-address', 'upstream-address', 'http-address', 'admin-address']) {
    const others = FREE_PORTS.filter((other) => !other.startsWith(`--${flag}`));
    const { code, stderr } = await runCommand(['dev', ...others, `--${flag}=127.0.0.1:${port}`]);
    assert.equal(code, 1, flag);
    assert.equal(
      stderr.trim().split('\n').at(-1),
      `oidc-ingress dev: --${flag}: cannot listen on 127.0.0.1:${port}: the port is taken by another process: choose another with --${flag}=127.0.0.1:PORT (0 takes a free one)`,
    );
  }
});

test('ends on SIGINT and leaves no copy of the manifests', async () => {
  assert.ok(existsSync(manifests), manifests);
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  assert.deepEqual(await exited, [0, null]);
  assert.ok(!existsSync(manifests));
});
