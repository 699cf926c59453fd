/** Path matching as Ingress defines it: `Exact` by bytes, `Prefix` by path element. */

import type { PathPattern } from './table.ts';

/** `path` is the raw, encoded path of a request. A trailing slash of a `Prefix` pattern is of no account. */
export function pathMatches({ path: pattern, pathType }: PathPattern, path: string): boolean {
  if (pathType === 'Exact') return path === pattern;
  const prefix = pattern.endsWith('/') ? pattern.slice(0, -1) : pattern;
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}
