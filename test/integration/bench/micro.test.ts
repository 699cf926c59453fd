/** The micro-benchmarks measure each part that they name. No figure is judged. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { CASES } from '../../../bench/micro-cases.ts';

test('match, credentials, digest, verify and compile each have a figure', async () => {
  assert.deepEqual([...CASES.keys()], ['match', 'credentials', 'digest', 'verify', 'compile']);
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/micro.ts', '--processes=1']);
  for (const { title } of CASES.values()) {
    const line = stdout.split('\n').find((each) => each.startsWith(title)) ?? '';
    assert.match(line.slice(title.length), /^ +[1-9]\d* \(\d+–\d+\)$/, stdout);
  }
});
