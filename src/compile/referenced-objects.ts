/** Secrets and ConfigMaps that policies and Ingresses name, so that no other need be read. */

import { annotation } from '../model/annotations.ts';
import {
  objectKey,
  type Decoded,
  type IngressObject,
  type PolicyObject,
  type Snapshot,
} from '../model/objects.ts';
import { readCaReference, readSecretName } from './annotations/backend.ts';
import { compareTexts } from './order.ts';

export interface ReferencedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

/**
 * Those that hold certificate authorities, sorted, without duplicates. Secrets of type `kubernetes.io/tls` that
 * certificates come from are not among them: those are read by their type.
 */
export function referencedObjects({ policies, ingresses }: Snapshot): readonly ReferencedObject[] {
  const found = [
    ...[...policies.values()].flatMap(referencedByPolicy),
    ...[...ingresses.values()].flatMap(referencedByIngress),
  ];
  const byId = new Map(found.map((object) => [`${object.kind} ${objectKey(object)}`, object]));
  return [...byId].sort(([a], [b]) => compareTexts(a, b)).map(([, object]) => object);
}

export function referencedByPolicy(policy: Decoded<PolicyObject>): readonly ReferencedObject[] {
  if (policy.kind !== 'valid') return [];
  const { namespace } = policy.meta;
  const { secretRef, configMapRef } = policy.value.spec.provider.ca ?? {};
  return [
    ...(secretRef === undefined ? [] : [{ kind: 'Secret', namespace, name: secretRef.name } as const]),
    ...(configMapRef === undefined
      ? []
      : [{ kind: 'ConfigMap', namespace, name: configMapRef.name } as const]),
  ];
}

export function referencedByIngress(ingress: Decoded<IngressObject>): readonly ReferencedObject[] {
  if (ingress.kind !== 'valid') return [];
  const reference = readCaReference(ingress.value.annotations[annotation('backend-tls-ca')] ?? '');
  if (reference.kind === 'invalid') return [];
  return [{ kind: reference.value.kind, namespace: ingress.meta.namespace, name: reference.value.name }];
}

/** Names of the `kubernetes.io/tls` Secrets that an Ingress wants certificates from. */
export function certificateSecretsOf({ annotations, tls }: IngressObject): readonly string[] {
  const shown = readSecretName(annotations[annotation('backend-tls-client-certificate')] ?? '');
  return [
    ...tls.flatMap(({ secretName }) => (secretName === undefined || secretName === '' ? [] : [secretName])),
    ...(shown.kind === 'valid' ? [shown.value] : []),
  ];
}
