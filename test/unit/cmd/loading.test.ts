/** A command loads what it needs, and none of the others. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Says on standard error which modules are loaded. */
const TELL = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;

async function modulesOf(...argv: readonly string[]): Promise<readonly string[]> {
  const hook = `data:text/javascript,${encodeURIComponent(TELL)}`;
  const command = [`--import=${hook}`, 'cmd/oidc-ingress/main.ts', ...argv];
  const { stderr } = await promisify(execFile)(process.execPath, command);
  return stderr.split('\n').filter((line) => line.startsWith('file:'));
}

const CASES: readonly { readonly given: readonly string[]; readonly without: RegExp }[] = [
  { given: ['version'], without: /node_modules|cmd\/oidc-ingress\/(?!main|command|help|version)/ },
  { given: ['validate', '--help'], without: /fastify|src\/app\.ts|src\/(?:proxy|oauth|kube)\// },
  { given: ['explain', '--help'], without: /fastify|src\/app\.ts|src\/(?:proxy|oauth)\// },
];
for (const { given, without } of CASES) {
  test(`${given.join(' ')} loads nothing that it does not need`, async () => {
    const modules = await modulesOf(...given);
    assert.ok(modules.some((url) => url.endsWith('cmd/oidc-ingress/main.ts')));
    assert.deepEqual(
      modules.filter((url) => without.test(url)),
      [],
    );
  });
}
