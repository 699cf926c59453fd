/** Reports what could not be decoded: such an object is never dropped without a word. */

import type { Decoded, ObjectKind, Snapshot } from '../model/objects.ts';
import type { ProblemList } from './problem-list.ts';

export function reportInvalidObjects(snapshot: Snapshot, problems: ProblemList): void {
  const byKind: Readonly<Record<ObjectKind, ReadonlyMap<string, Decoded<unknown>>>> = {
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
    for (const object of objects.values()) {
      if (object.kind === 'valid') continue;
      const report = problems.reporterFor(kind as ObjectKind, object.meta);
      for (const { path, message } of object.faults) report(path, { reason: 'InvalidObject', message });
    }
  }
}
