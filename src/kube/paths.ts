/** Paths of the Kubernetes API. */

import { KINDS } from '../decode/kinds.ts';
import type { ObjectKind, ObjectMeta } from '../model/objects.ts';

/** Every object of `kind`, in all namespaces. */
export function collectionPath(kind: ObjectKind): string {
  return `${groupPath(kind)}/${KINDS[kind].plural}`;
}

export function objectPath(kind: ObjectKind, meta: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  const place = KINDS[kind].isNamespaced ? `/namespaces/${encodeURIComponent(meta.namespace)}` : '';
  return `${groupPath(kind)}${place}/${KINDS[kind].plural}/${encodeURIComponent(meta.name)}`;
}

function groupPath(kind: ObjectKind): string {
  const { group, version } = KINDS[kind];
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}
