/** Which Secrets and ConfigMaps are named by Ingresses that are ours. */

import { createClassSelector, type ClassSelector } from '../compile/classes.ts';
import { createProblemList } from '../compile/problem-list.ts';
import type { ObjectStore } from '../decode/store.ts';
import type { Decoded, IngressObject, ObjectKey, ObjectKind } from '../model/objects.ts';
import { namedByIngress } from './named-objects.ts';
import type { NamedWatches } from './named-watches.ts';
import type { Scope } from './scope.ts';

export interface NamedByIngresses {
  /** The store has another object under this key now, or none. */
  changed(kind: ObjectKind, key: ObjectKey): void;
}

interface Parts {
  readonly store: ObjectStore;
  readonly scope: Scope;
  readonly named: Pick<NamedWatches, 'follow'>;
}

export function createNamedByIngresses({ store, scope, named }: Parts): NamedByIngresses {
  /** Of the classes as they are now; made anew after each change of one. */
  let select: ClassSelector | undefined;

  function follow(key: ObjectKey): void {
    // Kind and value go together in the store.
    const ingress = store.get('Ingress', key) as Decoded<IngressObject> | undefined;
    select ??= createClassSelector(store.snapshot(), scope.compileOptions, createProblemList());
    const isOurs = ingress?.kind === 'valid' && select(ingress.value).kind === 'ours';
    // What other controllers read is none of our business.
    named.follow(`Ingress ${key}`, isOurs ? namedByIngress(ingress, scope) : []);
  }

  return {
    changed(kind, key) {
      if (kind === 'Ingress') follow(key);
      if (kind !== 'IngressClass') return;
      select = undefined;
      for (const ingress of store.snapshot().ingresses.keys()) follow(ingress);
    },
  };
}
