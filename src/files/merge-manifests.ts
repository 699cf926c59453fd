/** Puts the objects of several files together: the same object in two places is a fault, and the first one counts. */

import type { SourceFault } from '../decode/source.ts';
import { objectKey } from '../model/objects.ts';
import type { LocatedObject } from './parse-manifest.ts';

export interface MergedObjects {
  /** By kind and key, such as `Ingress shop/orders`. */
  readonly objects: ReadonlyMap<string, LocatedObject>;
  readonly faults: readonly SourceFault[];
}

/** `located` in the order of the names of the files, and within one from top to bottom. */
export function mergeObjects(located: Iterable<LocatedObject>): MergedObjects {
  const first = new Map<string, LocatedObject>();
  const faults: SourceFault[] = [];
  for (const entry of located) {
    const { kind, decoded } = entry.object;
    const name = `${kind} ${objectKey(decoded.meta)}`;
    const other = first.get(name);
    if (other === undefined) first.set(name, entry);
    else {
      const message = `${name} is already in ${other.location}; this one is ignored`;
      faults.push({ location: entry.location, message });
    }
  }
  return { objects: first, faults };
}
