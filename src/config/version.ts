/** The version of this program. */

import { readFileSync } from 'node:fs';

/** The bundle has its version compiled in; the sources read it from `package.json`. */
export function programVersion(): string {
  const compiledIn = process.env.OIDC_INGRESS_BUILD_VERSION;
  if (compiledIn !== undefined) return compiledIn;
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(manifest) as { readonly version: unknown }).version);
}
