/** Replaces the matching part of a path on its way to the service. */

import type { Route } from '../model/table.ts';

/**
 * `/shop/cart` on the Prefix path `/shop` with `prefix` `/api` → `/api/cart`. Only whole elements match, so what follows
 * is empty or starts with a slash; it stays byte for byte. An Exact path has nothing to replace.
 */
export function rewrittenPath(path: string, route: Pick<Route, 'path' | 'pathType'>, prefix: string): string {
  if (route.pathType === 'Exact') return path;
  const rest = path.slice(withoutSlash(route.path).length);
  return rest === '' ? prefix : withoutSlash(prefix) + rest;
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
