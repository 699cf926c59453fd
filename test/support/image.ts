/** Builds the image from local files: nothing is pulled. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const MAX_TAR_BYTES = 512 * 1024 * 1024;
/** Of the base and of the stage that builds, which are of no use afterwards. */
const LABEL = 'oidc-ingress.stage=build';

export function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Bundles the sources anew and makes an image of them, on a base that is removed again. */
export function buildImage(name: string): void {
  const base = `${name.replace(':', '-')}-base`;
  makeBase(base);
  try {
    execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
    const buildArgs = [`BUILD_BASE=${base}`, 'BUNDLE=prebuilt'].flatMap((arg) => ['--build-arg', arg]);
    execFileSync('docker', ['build', '--quiet', '--force-rm', ...buildArgs, '--tag', name, '.'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
    });
  } finally {
    docker('rmi', '--force', base);
    docker('image', 'prune', '--force', '--filter', `label=${LABEL}`);
  }
}

/** Nothing but this very Node and the libraries that it loads. */
function makeBase(name: string): void {
  const root = mkdtempSync(join(tmpdir(), 'oidc-ingress-base-'));
  const place = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to));
  };
  const report = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  place(process.execPath, '/usr/bin/node');
  for (const library of report.sharedObjects) {
    if (library.startsWith('/') && library !== process.execPath) place(library, library);
  }
  const input = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: MAX_TAR_BYTES });
  execFileSync(
    'docker',
    ['import', '--change', 'ENV PATH=/usr/bin', '--change', `LABEL ${LABEL}`, '-', name],
    {
      input,
      stdio: ['pipe', 'ignore', 'inherit'],
    },
  );
  rmSync(root, { recursive: true });
}
