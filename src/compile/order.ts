/** The orders that compile needs: the same in every locale, and the same for the same objects. */

import type { ObjectMeta } from '../model/objects.ts';
import type { Route } from '../model/table.ts';

/** By UTF-16 code units. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function compareNames(a: NamedObject, b: NamedObject): number {
  return compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name);
}

/** Whoever comes first here wins a conflict. */
export function compareAge(a: ObjectMeta, b: ObjectMeta): number {
  return a.createdAtMs - b.createdAtMs || compareNames(a, b);
}

/**
 * Of two routes that match the same request, the one that wins comes first: the longer path; on a tie Exact. The
 * trailing slash of a Prefix adds nothing to its length, except between two Prefixes.
 */
export function compareRoutes(a: PathOf<Route>, b: PathOf<Route>): number {
  return (
    significantLength(b) - significantLength(a) ||
    compareTexts(a.pathType, b.pathType) ||
    b.path.length - a.path.length ||
    compareTexts(a.path, b.path)
  );
}

/** A record whose keys are in order, so that the same entries give the same bytes. */
export function sortedRecord<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].sort((a, b) => compareTexts(a[0], b[0])));
}

export function sortedSet(texts: Iterable<string>): readonly string[] {
  return [...new Set(texts)].sort(compareTexts);
}

type NamedObject = Pick<ObjectMeta, 'namespace' | 'name'>;
type PathOf<T extends Route> = Pick<T, 'path' | 'pathType'>;

function significantLength({ path, pathType }: PathOf<Route>): number {
  return pathType === 'Prefix' && path.endsWith('/') ? path.length - 1 : path.length;
}
