/** How the image starts Node, so that what is measured is what runs. */

import { readFileSync } from 'node:fs';

/** The flags of Node in the entry point. */
export function imageFlags(): readonly string[] {
  const dockerfile = readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8');
  const line = /^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? '[]';
  const flags = (JSON.parse(line) as readonly string[]).filter((word) => word.startsWith('--'));
  if (flags.length === 0) throw new Error('the Dockerfile has no entry point with flags of Node');
  return flags;
}
