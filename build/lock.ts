/**
 * Completes `package-lock.json`: npm leaves out the optional packages of other platforms where its registry does not
 * hold them, and then `npm ci` refuses the lock file. Their names say what they are for; they are never fetched here.
 */

import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  packages: Record<string, LockedPackage | Readonly<Record<string, unknown>>>;
}

const PLATFORM =
  /(?:^|[-/])(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)\b/;

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
const locked = Object.values(lock.packages) as readonly LockedPackage[];
for (const { optionalDependencies } of locked) {
  for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const [, os, cpu] = PLATFORM.exec(name) ?? [];
    if (place in lock.packages || os === undefined || cpu === undefined) continue;
    const libc = name.includes('musl') ? ['musl'] : ['glibc'];
    lock.packages[place] = {
      version,
      cpu: [cpu],
      ...(os === 'linux' && { libc }),
      os: [os],
      dev: true,
      optional: true,
    };
  }
}
// As npm sorts them.
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')),
);
writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`);
