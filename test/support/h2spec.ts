/** Finds h2spec, which checks servers of HTTP/2 case by case, or builds it with Go. */

import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { findBinary } from './helm.ts';

const run = promisify(execFile);

const VERSION = '2.2.1';
const PACKAGE = 'github.com/summerwind/h2spec/cmd/h2spec';
const SOURCES = fileURLToPath(new URL('h2spec/', import.meta.url));
const BUILD_DEADLINE_MS = 5 * 60_000;
const RUN_DEADLINE_MS = 2 * 60_000;

export type FoundH2spec =
  | { readonly kind: 'binary'; readonly path: string }
  | { readonly kind: 'none'; readonly why: string };

/** In this order: `PATH`, `KUBEBUILDER_ASSETS`, an earlier build, a build by Go. Never rejects. */
export async function findH2spec(): Promise<FoundH2spec> {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const cache = join(caches, 'oidc-ingress', 'h2spec', VERSION);
  const known = findBinary('h2spec', [cache]);
  if (known !== undefined) return { kind: 'binary', path: known };
  try {
    await run('go', ['version']);
  } catch {
    return { kind: 'none', why: 'no h2spec for the tests of HTTP/2: put h2spec on PATH or install Go 1.26' };
  }
  try {
    await mkdir(cache, { recursive: true });
    const output = join(cache, 'h2spec');
    const part = `${output}.${process.pid}`;
    await run('go', ['build', '-ldflags', '-s -w', '-o', part, PACKAGE], {
      cwd: SOURCES,
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOWORK: 'off',
        GOFLAGS: '-mod=readonly -buildvcs=false -trimpath',
      },
      timeout: BUILD_DEADLINE_MS,
    });
    await rename(part, output);
    return { kind: 'binary', path: output };
  } catch (error) {
    const cause = error instanceof Error ? error.message.slice(-500) : String(error);
    return { kind: 'none', why: `no h2spec for the tests of HTTP/2: the build by Go failed: ${cause}` };
  }
}

/**
 * For the option `skip`: why there is no h2spec, said once more on standard error, or `false`.
 * @throws instead where `CI` is `true`: there, a test that does not run is a failure
 */
export function skipWithoutH2spec(found: FoundH2spec): string | false {
  if (found.kind === 'binary') return false;
  if (process.env['CI'] === 'true') throw new Error(found.why);
  process.stderr.write(`SKIPPED: ${found.why}\n`);
  return found.why;
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
