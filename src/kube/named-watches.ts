/** Watches on single objects, each for as long as something names it: no other Secret or ConfigMap is ever read. */

import { TLS_SECRET_TYPE } from '../decode/secret.ts';
import type { Selection } from './list.ts';
import type { NamedObject } from './named-objects.ts';
import type { Scope } from './scope.ts';

/** Bound of watches at a time: each holds a connection, and tenants write policies. */
const MAX_NAMED = 500;

export interface NamedWatch {
  /** Resolves when the API server has told of the object, or refused to. */
  readonly answered: Promise<void>;
  /** Ends the watch and forgets its object. */
  stop(): void;
}

export interface NamedWatches {
  /** `objects` are all that `user` names now. */
  follow(user: string, objects: readonly NamedObject[]): void;
  /** Resolves when each watch that stands now is answered. */
  answered(): Promise<void>;
  /** Objects that are not watched, beyond the bound. */
  unwatched(): readonly NamedObject[];
}

interface Followed {
  readonly object: NamedObject;
  readonly users: Set<string>;
  /** `undefined` beyond the bound. */
  watch: NamedWatch | undefined;
}

export function createNamedWatches(
  start: (object: NamedObject) => NamedWatch,
  maxNamed = MAX_NAMED,
): NamedWatches {
  const followed = new Map<string, Followed>();
  const namedBy = new Map<string, readonly string[]>();
  let open = 0;

  function use(object: NamedObject, user: string): string {
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

  function release(id: string, user: string): void {
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
    follow(user, objects) {
      const before = namedBy.get(user) ?? [];
      const now = objects.map((object) => use(object, user));
      for (const id of before) if (!now.includes(id)) release(id, user);
      if (now.length === 0) namedBy.delete(user);
      else namedBy.set(user, now);
    },
    async answered() {
      await Promise.all([...followed.values()].flatMap(({ watch }) => watch?.answered ?? []));
    },
    unwatched: () =>
      [...followed.values()].filter(({ watch }) => watch === undefined).map(({ object }) => object),
  };
}

/** TLS Secrets may come from a watch on all of them. */
export function selectionOf(
  { kind, namespace, name }: NamedObject,
  { namespaces, secrets }: Pick<Scope, 'namespaces' | 'secrets'>,
): Selection {
  const byName = `metadata.name=${name}`;
  const isTlsRead = kind === 'Secret' && secrets === 'tls' && (namespaces?.includes(namespace) ?? true);
  return {
    kind,
    namespace,
    fieldSelector: isTlsRead ? `${byName},type!=${TLS_SECRET_TYPE}` : byName,
  };
}
