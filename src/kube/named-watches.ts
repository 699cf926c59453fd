/** Watches on the single objects that policies name: no other Secret or ConfigMap is ever read. */

import { TLS_SECRET_TYPE } from '../decode/secret.ts';
import type { Decoded, ObjectKey, PolicyObject } from '../model/objects.ts';
import type { Selection } from './list.ts';

/** Bound of watches at a time: each holds a connection, and tenants write policies. */
const MAX_NAMED = 500;

/** An object that a policy reads. */
export interface NamedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

export interface NamedWatch {
  /** Resolves when the API server has told of the object, or refused to. */
  readonly answered: Promise<void>;
  /** Ends the watch and forgets its object. */
  stop(): void;
}

export interface NamedWatches {
  /** Follows what `policy` names now; `undefined`: the policy is gone. */
  follow(key: ObjectKey, policy: Decoded<PolicyObject> | undefined): void;
  /** Resolves when each watch that stands now is answered. */
  answered(): Promise<void>;
  /** Objects that are not watched, beyond the bound. */
  unwatched(): readonly NamedObject[];
}

interface Followed {
  readonly object: NamedObject;
  readonly users: Set<ObjectKey>;
  /** `undefined` beyond the bound. */
  watch: NamedWatch | undefined;
}

export function createNamedWatches(
  start: (object: NamedObject) => NamedWatch,
  maxNamed = MAX_NAMED,
): NamedWatches {
  const followed = new Map<string, Followed>();
  const namedBy = new Map<ObjectKey, readonly string[]>();
  let open = 0;

  function use(object: NamedObject, user: ObjectKey): string {
    const id = `${object.kind} ${object.namespace}/${object.name}`;
    const known = followed.get(id) ?? { object, users: new Set(), watch: undefined };
    followed.set(id, known);
    known.users.add(user);
    startWithin(known);
    return id;
  }

  function startWithin(entry: Followed): void {
    if (entry.watch !== undefined || open >= maxNamed) return;
    open += 1;
    entry.watch = start(entry.object);
  }

  function release(id: string, user: ObjectKey): void {
    const known = followed.get(id);
    known?.users.delete(user);
    if (known === undefined || known.users.size > 0) return;
    followed.delete(id);
    if (known.watch === undefined) return;
    known.watch.stop();
    open -= 1;
    for (const waiting of followed.values()) startWithin(waiting);
  }

  return {
    follow(key, policy) {
      const before = namedBy.get(key) ?? [];
      const now = namedObjects(policy).map((object) => use(object, key));
      for (const id of before) if (!now.includes(id)) release(id, key);
      if (now.length === 0) namedBy.delete(key);
      else namedBy.set(key, now);
    },
    async answered() {
      await Promise.all([...followed.values()].flatMap(({ watch }) => watch?.answered ?? []));
    },
    unwatched: () =>
      [...followed.values()].filter(({ watch }) => watch === undefined).map(({ object }) => object),
  };
}

/** Certificates for mutual TLS are TLS Secrets, which are read anyway. */
function namedObjects(policy: Decoded<PolicyObject> | undefined): readonly NamedObject[] {
  if (policy?.kind !== 'valid') return [];
  const { namespace } = policy.meta;
  const { secretRef, configMapRef } = policy.value.spec.provider.ca ?? {};
  return [
    ...(secretRef === undefined ? [] : [{ kind: 'Secret', namespace, name: secretRef.name } as const]),
    ...(configMapRef === undefined
      ? []
      : [{ kind: 'ConfigMap', namespace, name: configMapRef.name } as const]),
  ];
}

/** TLS Secrets come from the watch on all of them. */
export function selectionOf({ kind, namespace, name }: NamedObject): Selection {
  const byName = `metadata.name=${name}`;
  return {
    kind,
    namespace,
    fieldSelector: kind === 'Secret' ? `${byName},type!=${TLS_SECRET_TYPE}` : byName,
  };
}
