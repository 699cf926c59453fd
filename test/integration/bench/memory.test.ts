/** What a cached token takes of memory: a tenth of the tokens in a tenth of what 100,000 may take. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const TOKENS = 10_000;
const MAX_MEGABYTES = 15;

test('100,000 tokens would fit in 150 MB, over the broker and two threads', async () => {
  const args = ['--expose-gc', 'bench/memory.ts', String(TOKENS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [, megabytes] = /^together: ([\d.]+) MB$/m.exec(stdout) ?? [];
  const found = Number(megabytes);
  assert.ok(found > 0 && found <= MAX_MEGABYTES, stdout);
});
