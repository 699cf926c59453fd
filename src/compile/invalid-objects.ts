/** Reports what could not be decoded: such an object is never dropped without a word. */

import type { Decoded, ObjectKind, Snapshot } from '../model/objects.ts';
import { memoizeByObject } from './memoize.ts';
import type { ProblemList } from './problem-list.ts';

type Objects = ReadonlyMap<string, Decoded<unknown>>;

export function reportInvalidObjects(snapshot: Snapshot, problems: ProblemList): void {
  const byKind: Readonly<Record<ObjectKind, Objects>> = {
    Ingress: snapshot.ingresses,
    IngressClass: snapshot.ingressClasses,
    Service: snapshot.services,
    EndpointSlice: snapshot.endpointSlices,
    Secret: snapshot.secrets,
    ConfigMap: snapshot.configMaps,
    Namespace: snapshot.namespaces,
    OIDCPolicy: snapshot.policies,
  };
  for (const [kind, objects] of Object.entries(byKind)) {
    for (const { meta, faults } of invalidAmong(objects)) {
      const report = problems.reporterFor(kind as ObjectKind, meta);
      for (const { path, message } of faults) report(path, { reason: 'InvalidObject', message });
    }
  }
}

type Invalid = Extract<Decoded<unknown>, { readonly kind: 'invalid' }>;

const invalidAmong = memoizeByObject((objects: Objects): readonly Invalid[] => {
  const found: Invalid[] = [];
  objects.forEach((object) => {
    if (object.kind === 'invalid') found.push(object);
  });
  return found;
});
