/** The snapshots that compile gets of a world: from hand to hand, out of the store, and as after a fresh start. */

import type { DecodedObject } from '../../../src/decode/decode-object.ts';
import { createObjectStore } from '../../../src/decode/store.ts';
import { readAhead } from '../../../src/compile/read-ahead.ts';
import { objectKey, type Decoded, type ObjectKind, type Snapshot } from '../../../src/model/objects.ts';
import { Redacted } from '../../../src/model/redacted.ts';
import type { World } from './worlds.ts';

/** Gives the snapshot of the next world. `isCopied`: it shares nothing with the one before but the objects. */
export type TakeSnapshot = (world: World, isCopied: boolean) => Snapshot;

const FIELDS = {
  Ingress: 'ingresses',
  IngressClass: 'ingressClasses',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Secret: 'secrets',
  ConfigMap: 'configMaps',
  Namespace: 'namespaces',
  OIDCPolicy: 'policies',
} as const satisfies Readonly<Record<ObjectKind, keyof Snapshot>>;

type Objects = ReadonlyMap<string, Decoded<unknown>>;

/** As the store does it: the map of a kind is the same while none of the kind changes. */
export function takeByHand(): TakeSnapshot {
  let before: Readonly<Record<string, Objects>> = {};
  return (world, isCopied) => {
    const objects = [...world.values()].map(({ object }) => object);
    before = asSnapshot((kind) => {
      const those = mapOf(kind, isCopied ? objects.toReversed() : objects);
      const known = before[FIELDS[kind]];
      return !isCopied && known !== undefined && isSameMap(known, those) ? known : those;
    });
    return before as unknown as Snapshot;
  };
}

/** Through the store, object by object. */
export function takeFromStore(): TakeSnapshot {
  const store = createObjectStore();
  let last: World = new Map();
  return (world, isReversed) => {
    const changes: (() => void)[] = [];
    for (const [key, { object }] of last) {
      if (!world.has(key)) changes.push(() => store.delete(object.kind, objectKey(object.decoded.meta)));
    }
    for (const [key, { object }] of world) {
      if (last.get(key)?.object !== object) changes.push(() => arrive(object));
    }
    last = world;
    for (const change of isReversed ? changes.toReversed() : changes) change();
    return store.snapshot();
  };

  function arrive(object: DecodedObject): void {
    readAhead(object);
    store.set(object);
  }
}

/** Of which nothing can be remembered: not one object in it has been seen before. */
export function takeAnew(world: World): Snapshot {
  const objects = [...world.values()].map(({ object }) => clone(object));
  return asSnapshot((kind) => mapOf(kind, objects)) as unknown as Snapshot;
}

function asSnapshot(of: (kind: ObjectKind) => Objects): Readonly<Record<string, Objects>> {
  return Object.fromEntries(
    Object.entries(FIELDS).map(([kind, field]) => [field, of(kind as ObjectKind)] as const),
  );
}

function mapOf(kind: ObjectKind, objects: readonly DecodedObject[]): Objects {
  const those = objects.filter((object) => object.kind === kind);
  return new Map(those.map(({ decoded }) => [objectKey(decoded.meta), decoded]));
}

function isSameMap(a: Objects, b: Objects): boolean {
  return a.size === b.size && [...a].every(([key, object]) => b.get(key) === object);
}

/** `structuredClone` does not know what a secret holds. */
function clone<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Redacted) return new Redacted(value.reveal()) as T;
  if (Array.isArray(value)) return value.map(clone) as T;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, clone(part)])) as T;
}
