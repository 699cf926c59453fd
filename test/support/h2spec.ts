/** Finds h2spec, which checks servers of HTTP/2 case by case, or builds it with Go. */

import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { cacheOf, findBinary, hasGo, lastWords, runGo, type FoundBinary } from './tools.ts';

const run = promisify(execFile);

const VERSION = '2.2.1';
const PACKAGE = 'github.com/summerwind/h2spec/cmd/h2spec';
const SOURCES = fileURLToPath(new URL('h2spec/', import.meta.url));
const BUILD_DEADLINE_MS = 5 * 60_000;
const RUN_DEADLINE_MS = 2 * 60_000;

/** In this order: `PATH`, `KUBEBUILDER_ASSETS`, an earlier build, a build by Go. Never rejects. */
export async function findH2spec(): Promise<FoundBinary> {
  const cache = cacheOf('h2spec', VERSION);
  const known = findBinary('h2spec', [cache]);
  if (known !== undefined) return { kind: 'binary', path: known };
  if (!(await hasGo())) {
    return { kind: 'none', why: 'no h2spec for the tests of HTTP/2: put h2spec on PATH or install Go 1.26' };
  }
  try {
    await mkdir(cache, { recursive: true });
    const output = join(cache, 'h2spec');
    const part = `${output}.${process.pid}`;
    const args = ['build', '-ldflags', '-s -w', '-o', part, PACKAGE];
    await runGo(args, { cwd: SOURCES, deadlineMs: BUILD_DEADLINE_MS });
    await rename(part, output);
    return { kind: 'binary', path: output };
  } catch (error) {
    return {
      kind: 'none',
      why: `no h2spec for the tests of HTTP/2: the build by Go failed: ${lastWords(error)}`,
    };
  }
}

export interface H2specCase {
  /** Such as `http2/5.1: closed: Sends a DATA frame`. */
  readonly name: string;
  readonly isPassed: boolean;
}

const CASE = /<testcase package="(?<section>[^"]*)" classname="(?<title>[^"]*)"[^>]*>\s*<(?<outcome>\/?\w+)/g;

/** Runs every case against a port of this machine. */
export async function runH2spec(path: string, port: number, isTls: boolean): Promise<readonly H2specCase[]> {
  const report = join(tmpdir(), `h2spec-${process.pid}-${port}.xml`);
  const flags = ['--strict', '--port', String(port), '--junit-report', report];
  try {
    // It ends with 1 where any case fails.
    await run(path, isTls ? [...flags, '--tls', '--insecure'] : flags, { timeout: RUN_DEADLINE_MS }).catch(
      () => undefined,
    );
    // What frames held is in it as it was: no parser of XML would take it.
    const text = await readFile(report, 'latin1');
    return [...text.matchAll(CASE)].map(({ groups = {} }) => ({
      name: `${groups['section']}: ${groups['title']?.replaceAll('&#34;', '"')}`,
      isPassed: groups['outcome'] === '/testcase',
    }));
  } finally {
    await rm(report, { force: true });
  }
}
