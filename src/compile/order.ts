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

/** Of two that stay, whoever comes first here wins a conflict. */
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

/**
 * A sorted copy, or `list` itself where it is in order already, as the routes of most hosts and the endpoints of most
 * Services are: to sort four of them takes ten times as long as to look.
 */
export function inOrder<T extends object>(list: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  let before: T | undefined;
  for (const item of list) {
    if (before !== undefined && compare(before, item) > 0) return list.toSorted(compare);
    before = item;
  }
  return list;
}

/**
 * The members of `list`, sorted. Those that `last` holds are taken in its order, so that little is left to sort where
 * little has changed since.
 */
export function sortedLike<T>(
  list: readonly T[],
  last: readonly T[] = [],
  compare: (a: T, b: T) => number,
): readonly T[] {
  if (last.length === 0) return list.toSorted(compare);
  const rest = new Set(list);
  const ordered = last.filter((item) => rest.delete(item));
  return [...ordered, ...rest].sort(compare);
}

/** Whether no two of a list in order are equal. */
export function areDistinct<T extends object>(
  sorted: readonly T[],
  compare: (a: T, b: T) => number,
): boolean {
  let before: T | undefined;
  for (const item of sorted) {
    if (before !== undefined && compare(before, item) === 0) return false;
    before = item;
  }
  return true;
}

/** A record whose keys are in order, so that the same entries give the same bytes. */
export function sortedRecord<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].sort((a, b) => compareTexts(a[0], b[0])));
}

export function sortedSet(texts: Iterable<string>): readonly string[] {
  return sortedTexts(texts instanceof Set ? texts : new Set(texts));
}

/** By UTF-16 code units, which is how texts are sorted by default: V8 compares them without calling a function of ours. */
export function sortedTexts(texts: Iterable<string>): readonly string[] {
  return [...texts].sort();
}

type NamedObject = Pick<ObjectMeta, 'namespace' | 'name'>;
type PathOf<T extends Route> = Pick<T, 'path' | 'pathType'>;

function significantLength({ path, pathType }: PathOf<Route>): number {
  return pathType === 'Prefix' && path.endsWith('/') ? path.length - 1 : path.length;
}
