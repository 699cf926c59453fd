/** `dev --only` runs one part alone, such as in a pod of its own. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { collectLines } from '../../support/gateway.ts';
import { call } from '../../support/http-client.ts';

const MAIN = fileURLToPath(new URL('../../../cmd/oidc-ingress/main.ts', import.meta.url));
const START_DEADLINE_MS = 30_000;

async function withPart(flags: readonly string[], use: (port: number) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'dev', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  try {
    const line = await collectLines(child).line((text) => text.includes('on port'), START_DEADLINE_MS);
    await use(Number(/on port (\d+)/.exec(line)?.[1]));
  } finally {
    child.kill('SIGTERM');
  }
  assert.deepEqual(await exited, [0, null]);
}

test('the emulated tenant alone calls itself what it is told to', async () => {
  const issuer = 'http://auth0.test.svc:4000/';
  const flags = ['--only=emulator', '--emulator-address=127.0.0.1:0', `--emulator-issuer=${issuer}`];
  await withPart(flags, async (port) => {
    const document = await call({ port, path: '/.well-known/openid-configuration' });
    assert.equal(document.json()['issuer'], issuer);
    assert.equal(document.json()['token_endpoint'], `${issuer}oauth/token`);
  });
});

test('the sample API alone answers with the request that it got', async () => {
  await withPart(['--only=upstream', '--upstream-address=127.0.0.1:0'], async (port) => {
    const answer = await call({ port, path: '/v1/orders' });
    assert.equal(answer.json()['url'], '/v1/orders');
  });
});
