/** The objects that exist now, by kind; it tells changes that matter from those that do not. */

import { objectKey, type Decoded, type ObjectKey, type ObjectKind, type Snapshot } from '../model/objects.ts';
import type { DecodedObject } from './decode-object.ts';
import type { ObjectValues } from './kinds.ts';
import { isSameValue } from './same-value.ts';

export interface ObjectStore {
  /** @returns whether anything changed that compile reads. */
  set(object: DecodedObject): boolean;
  /** @returns whether it was there. */
  delete(kind: ObjectKind, key: ObjectKey): boolean;
  get(kind: ObjectKind, key: ObjectKey): Decoded<unknown> | undefined;
  /** The objects as they are now; later changes do not show in it. */
  snapshot(): Snapshot;
}

type Maps = { readonly [K in ObjectKind]: Map<ObjectKey, Decoded<ObjectValues[K]>> };

export function createObjectStore(): ObjectStore {
  const maps: Maps = {
    Ingress: new Map(),
    IngressClass: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Secret: new Map(),
    ConfigMap: new Map(),
    Namespace: new Map(),
    OIDCPolicy: new Map(),
  };
  const copies = new Map<ObjectKind, ReadonlyMap<ObjectKey, unknown>>();

  /** Copied once after each run of changes, so that a snapshot stays as it was. */
  function copyOf<K extends ObjectKind>(kind: K): ReadonlyMap<ObjectKey, Decoded<ObjectValues[K]>> {
    const copy =
      (copies.get(kind) as Maps[K] | undefined) ?? (new Map<unknown, unknown>(maps[kind]) as Maps[K]);
    copies.set(kind, copy);
    return copy;
  }

  return {
    set({ kind, decoded }) {
      const map: Map<ObjectKey, Decoded<unknown>> = maps[kind];
      const key = objectKey(decoded.meta);
      if (isSameValue(map.get(key), decoded)) return false;
      map.set(key, decoded);
      copies.delete(kind);
      return true;
    },
    delete(kind, key) {
      copies.delete(kind);
      return maps[kind].delete(key);
    },
    get: (kind, key) => maps[kind].get(key),
    snapshot: () => ({
      ingresses: copyOf('Ingress'),
      ingressClasses: copyOf('IngressClass'),
      services: copyOf('Service'),
      endpointSlices: copyOf('EndpointSlice'),
      secrets: copyOf('Secret'),
      configMaps: copyOf('ConfigMap'),
      namespaces: copyOf('Namespace'),
      policies: copyOf('OIDCPolicy'),
    }),
  };
}
