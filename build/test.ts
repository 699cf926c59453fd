/** Runs every test but those that need a whole cluster: `npm test`, or `npm test -- test/unit/http` for some of them. */

import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** They build an image too, and what they measure is disturbed by other tests. */
const END_TO_END = 'test/e2e/';

const places = process.argv.slice(2);
const files =
  places.length === 0
    ? globSync('test/**/*.test.ts').filter((file) => !file.startsWith(END_TO_END))
    : places.flatMap((place) =>
        statSync(place).isDirectory() ? globSync(`${place}/**/*.test.ts`) : [place],
      );
if (files.length === 0) throw new Error(`no test files under ${places.join(', ')}`);

const runner = spawn(
  process.execPath,
  ['--test', `--test-concurrency=${availableParallelism()}`, '--test-timeout=300000', ...files.sort()],
  { stdio: 'inherit' },
);
runner.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
