/** Paths of the Kubernetes API. */

import { KINDS } from '../decode/kinds.ts';
import type { ObjectKind, ObjectMeta } from '../model/objects.ts';

/** Every object of `kind`: in `namespace`, or in all of them. */
export function collectionPath(kind: ObjectKind, namespace?: string): string {
  return `${groupPath(kind)}${namespacePath(namespace)}/${KINDS[kind].plural}`;
}

export function objectPath(kind: ObjectKind, meta: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  const namespace = KINDS[kind].isNamespaced ? meta.namespace : undefined;
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(meta.name)}`;
}

function groupPath(kind: ObjectKind): string {
  const { group, version } = KINDS[kind];
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

function namespacePath(namespace: string | undefined): string {
  return namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
}
