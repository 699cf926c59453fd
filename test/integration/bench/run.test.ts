/** The bench measures what it says, in runs as short as can be. No figure is judged. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';

import { WORKLOADS } from '../../../bench/workloads.ts';
import { findInstalled, skipWithout } from '../../support/tools.ts';

const nginx = findInstalled(['nginx'], 'the bench compares with it');
const wrk = findInstalled(['wrk'], 'the bench drives load with it');
const haproxy = findInstalled(['haproxy'], 'the bench compares with it');
const skip = skipWithout(nginx) || skipWithout(wrk);
const FROM_SOURCES = '--main=cmd/oidc-ingress/main.ts';
const SHORT = ['--rounds=1', '--seconds=1', '--warm-up=0'];
const SPREAD = String.raw`\d+\.\d+ \(\d+\.\d+–\d+\.\d+\)`;

interface Row {
  readonly measure: string;
  readonly found: { readonly median: number };
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

const bench = (...args: readonly string[]): Promise<Outcome> =>
  run(process.execPath, 'bench/run.ts', ...args);

async function run(command: string, ...args: readonly string[]): Promise<Outcome> {
  const child = spawn(command, args, { timeout: 120_000 });
  const exited = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exited) as [number];
  return { code, output: stdout + stderr };
}

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-bench-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** What the bench is made of, as the one commit of a repository of its own. */
async function committedCopy(t: TestContext): Promise<string> {
  const directory = directoryFor(t);
  const paths = [
    'bench',
    'build',
    'cmd',
    'src',
    'test/support',
    'Dockerfile',
    'package.json',
    'tsconfig.json',
  ];
  for (const path of paths) cpSync(path, join(directory, path), { recursive: true });
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'));
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  for (const args of [
    ['init', '-q'],
    ['add', ...paths],
    [...author, 'commit', '-q', '-m', 'as it is'],
  ]) {
    const { code, output } = await run('git', '-C', directory, ...args);
    assert.equal(code, 0, output);
  }
  return directory;
}

describe('bench', { skip }, () => {
  test('finds what a request of every workload costs the gateway, and writes it down', async (t) => {
    const results = directoryFor(t);
    const { code, output } = await bench(
      FROM_SOURCES,
      `--results=${results}`,
      '--subject=oidc-ingress',
      ...SHORT,
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

  test(
    'shows the peers beside the gateway, each with its spread and its ratio to nginx',
    {
      skip: skipWithout(haproxy),
    },
    async (t) => {
      const subjects = '--subject=nginx,haproxy,http-proxy-3,oidc-ingress';
      const { code, output } = await bench(
        FROM_SOURCES,
        `--results=${directoryFor(t)}`,
        '--workload=A',
        subjects,
        ...SHORT,
      );
      assert.equal(code, 0, output);
      for (const subject of [
        'nginx, access log',
        'HAProxy, HTTP log',
        'http-proxy-3, no log',
        'oidc-ingress, as it comes',
      ]) {
        const ratio = subject.startsWith('nginx') ? '' : `${SPREAD} × nginx`;
        assert.match(output, new RegExp(`\\| ${subject} +\\| ${SPREAD} µs CPU/request +\\| ${ratio} *\\|`));
      }
    },
  );

  test('compares a commit with the working tree, from fresh builds that it takes away again', async (t) => {
    const checkout = await committedCopy(t);
    const { code, output } = await run(join(checkout, 'bench/compare.sh'), 'HEAD', 'A', ...SHORT);
    assert.equal(code, 0, output);
    for (const side of ['nginx', 'before', 'after']) {
      assert.match(output, new RegExp(`^${side} +${SPREAD} µs +${SPREAD} × nginx +${SPREAD} × before$`, 'm'));
    }
    const { output: worktrees } = await run('git', '-C', checkout, 'worktree', 'list');
    assert.equal(worktrees.trim().split('\n').length, 1, worktrees);
  });

  test('refuses a workload that does not exist', async () => {
    const { code, output } = await bench('--workload=A,Z');
    assert.equal(code, 1);
    assert.match(output, /--workload: "Z" is none of A, B, C, D, E, F/);
  });
});
