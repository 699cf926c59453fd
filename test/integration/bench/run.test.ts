/** The bench measures what it says: one short round of every workload against the gateway. No figure is judged. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';

import { WORKLOADS } from '../../../bench/workloads.ts';
import { findInstalled, skipWithout } from '../../support/tools.ts';

const nginx = findInstalled(['nginx'], 'the bench compares with it');
const wrk = findInstalled(['wrk'], 'the bench drives load with it');
const skip = skipWithout(nginx) || skipWithout(wrk);

interface Row {
  readonly measure: string;
  readonly found: { readonly median: number };
}

async function bench(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, ['bench/run.ts', ...args], { timeout: 120_000 });
  const exited = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exited) as [number];
  return { code, output: stdout + stderr };
}

describe('bench', { skip }, () => {
  test('finds what a request of every workload costs the gateway, and writes it down', async (t) => {
    const results = mkdtempSync(join(tmpdir(), 'oidc-ingress-bench-test-'));
    t.after(() => rmSync(results, { recursive: true }));
    const { code, output } = await bench(
      '--main=cmd/oidc-ingress/main.ts',
      `--results=${results}`,
      '--subject=oidc-ingress',
      '--rounds=1',
      '--seconds=1',
      '--warm-up=0',
    );
    assert.equal(code, 0, output);
    const [json = '', markdown = ''] = readdirSync(results).sort();
    const { rows } = JSON.parse(readFileSync(join(results, json), 'utf8')) as {
      readonly rows: readonly Row[];
    };
    assert.deepEqual(
      rows.map(({ measure }) => measure),
      [...WORKLOADS].map(([letter, { title }]) => `${letter}: ${title}`),
    );
    for (const { measure, found } of rows) assert.ok(found.median > 0, `${measure}: ${found.median}`);
    const table = readFileSync(join(results, markdown), 'utf8');
    assert.ok(output.includes(table), 'the table that is printed is the one in the file');
  });

  test('refuses a workload that does not exist', async () => {
    const { code, output } = await bench('--workload=A,Z');
    assert.equal(code, 1);
    assert.match(output, /--workload: "Z" is none of A, B, C, D, E, F/);
  });
});
