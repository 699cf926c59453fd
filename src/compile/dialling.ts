/** How the annotations of one Ingress want its backends spoken to. */

import type { CaReference } from './annotations/backend.ts';
import type { AnnotationValues } from './annotations/values.ts';
import { objectKey, type ObjectKey, type ObjectMeta, type Snapshot } from '../model/objects.ts';
import type { Backend } from '../model/table.ts';
import { readCaBundle, type BundleReference } from './ca-bundle.ts';
import type { Cause } from './problem-list.ts';

export interface Dialling {
  /** Of the Ingress: two that ask for different things need a backend each. */
  readonly owner: ObjectKey;
  /** `undefined`: as the port of the Service says. */
  readonly protocol: Backend['protocol'] | undefined;
  readonly ca: string | undefined;
  readonly serverName: string | undefined;
}

/** The entry of the object that `backend-tls-ca` names. */
const CA_ENTRY = 'ca.crt';

function caReference({ kind, name }: CaReference, namespace: string): BundleReference {
  return { kind, namespace, name, entry: CA_ENTRY };
}

/** `undefined` where nothing is asked; a cause where the authorities cannot be read. */
export function diallingOf(
  values: Partial<AnnotationValues>,
  meta: ObjectMeta,
  snapshot: Pick<Snapshot, 'secrets' | 'configMaps'>,
): Dialling | Cause | undefined {
  const protocol = values['backend-protocol'];
  const reference = values['backend-tls-ca'];
  const serverName = values['backend-tls-server-name'];
  if (protocol === undefined && reference === undefined && serverName === undefined) return undefined;
  const owner = objectKey(meta);
  if (reference === undefined) return { owner, protocol, ca: undefined, serverName };
  const bundle = readCaBundle(caReference(reference, meta.namespace), snapshot);
  return bundle.kind === 'valid' ? { owner, protocol, ca: bundle.text, serverName } : bundle.cause;
}
