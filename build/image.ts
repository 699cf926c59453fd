/** Runs inside the image build: lays out the root file system of the final image in `/rootfs`. Needs no shell. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const ROOT = '/rootfs';
const USER = 65_532;

if (process.env['BUNDLE'] !== 'prebuilt') {
  execFileSync('npm', ['ci', '--omit=optional'], { stdio: 'inherit' });
  execFileSync(process.execPath, ['build/bundle.ts'], { stdio: 'inherit' });
}

place(realpathSync(process.execPath), '/bin/node');
for (const library of loadedLibraries()) place(realpathSync(library), library);
cpSync('dist', `${ROOT}/app`, { recursive: true });

mkdirSync(`${ROOT}/etc`, { recursive: true });
writeFileSync(`${ROOT}/etc/passwd`, `oidc-ingress:x:${USER}:${USER}::/:/bin/false\n`);
writeFileSync(`${ROOT}/etc/group`, `oidc-ingress:x:${USER}:\n`);
writeFileSync(`${ROOT}/etc/nsswitch.conf`, 'hosts: files dns\n');

/** The shared objects of this very process: what Node needs to start, the loader of the system included. */
function loadedLibraries(): readonly string[] {
  const report = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  return report.sharedObjects.filter((path) => path.startsWith('/') && path !== process.execPath);
}

function place(from: string, to: string): void {
  mkdirSync(dirname(ROOT + to), { recursive: true });
  cpSync(from, ROOT + to);
}
