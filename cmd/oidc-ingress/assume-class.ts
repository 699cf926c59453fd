/** The IngressClass comes with the installation and seldom stands among the manifests of an application. */

import { CONTROLLER_NAME, PRODUCT } from '../../src/model/names.ts';
import type { Snapshot } from '../../src/model/objects.ts';

export interface Assumption {
  readonly snapshot: Snapshot;
  /** Name of the class that was added; `undefined` where nothing had to be. */
  readonly assumed: string | undefined;
}

/**
 * Adds the class that the gateway is installed with where an Ingress names it and no class is among the objects:
 * without one its Ingresses would be nobody's, and nothing in them would be judged.
 */
export function assumeClass(snapshot: Snapshot, ingressClass: string | undefined): Assumption {
  const name = ingressClass ?? PRODUCT;
  const isNamed = [...snapshot.ingresses.values()].some((ingress) => {
    const value = ingress.kind === 'valid' ? ingress.value : ingress.salvaged;
    return value?.ingressClassName === name;
  });
  if (snapshot.ingressClasses.size > 0 || !isNamed) return { snapshot, assumed: undefined };
  const meta = { namespace: '', name, uid: '', generation: 0, createdAtMs: 0 };
  const value = { controller: CONTROLLER_NAME, isDefault: false, parameters: undefined };
  const ingressClasses = new Map([[name, { kind: 'valid', meta, value } as const]]);
  return { snapshot: { ...snapshot, ingressClasses }, assumed: name };
}
