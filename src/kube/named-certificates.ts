/** Where Secrets are read by name: which of them the Ingresses name that are ours. */

import { createClassSelector, type ClassSelector } from '../compile/classes.ts';
import { createProblemList } from '../compile/problem-list.ts';
import type { ObjectStore } from '../decode/store.ts';
import type { ObjectKey, ObjectKind } from '../model/objects.ts';
import { namedByIngress } from './named-objects.ts';
import type { NamedWatches } from './named-watches.ts';
import type { Scope } from './scope.ts';

export interface NamedCertificates {
  /** The store has another object under this key now, or none. */
  changed(kind: ObjectKind, key: ObjectKey): void;
}

interface Parts {
  readonly store: ObjectStore;
  readonly scope: Scope;
  readonly named: Pick<NamedWatches, 'follow'>;
}

export function createNamedCertificates({ store, scope, named }: Parts): NamedCertificates {
  /** Of the classes as they are now; made anew after each change of one. */
  let select: ClassSelector | undefined;

  function follow(key: ObjectKey): void {
    const ingress = store.snapshot().ingresses.get(key);
    select ??= createClassSelector(store.snapshot(), scope.compileOptions, createProblemList());
    const isOurs = ingress?.kind === 'valid' && select(ingress.value).kind === 'ours';
    // The Secrets of other controllers are none of our business.
    named.follow(`Ingress ${key}`, isOurs ? namedByIngress(ingress) : []);
  }

  return {
    changed(kind, key) {
      if (scope.secrets !== 'named') return;
      if (kind === 'Ingress') follow(key);
      if (kind !== 'IngressClass') return;
      select = undefined;
      for (const ingress of store.snapshot().ingresses.keys()) follow(ingress);
    },
  };
}
