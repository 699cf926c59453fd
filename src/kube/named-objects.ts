/** The single Secrets and ConfigMaps that policies, Ingresses and flags name. */

import {
  certificateSecretsOf,
  referencedByIngress,
  referencedByPolicy,
  type ReferencedObject,
} from '../compile/referenced-objects.ts';
import type { Decoded, IngressObject, ObjectKey, PolicyObject } from '../model/objects.ts';
import type { Scope } from './scope.ts';

/** An object that is read by its name. */
export type NamedObject = ReferencedObject;

/** Certificates for mutual TLS are TLS Secrets, which are read anyway where `secrets` is `tls`. */
export function namedByPolicy(
  policy: Decoded<PolicyObject>,
  { secrets }: Pick<Scope, 'secrets'>,
): readonly NamedObject[] {
  const bundles = referencedByPolicy(policy);
  if (policy.kind !== 'valid' || secrets !== 'named') return bundles;
  const { secretRef } = policy.value.spec.provider.clientCertificate ?? {};
  return [...bundles, ...secretNamed(policy.meta.namespace, secretRef?.name)];
}

/** So are certificates for callers and for backends. */
export function namedByIngress(
  ingress: Decoded<IngressObject>,
  { secrets }: Pick<Scope, 'secrets'>,
): readonly NamedObject[] {
  const bundles = referencedByIngress(ingress);
  if (ingress.kind !== 'valid' || secrets !== 'named') return bundles;
  const { namespace } = ingress.meta;
  const certificates = certificateSecretsOf(ingress.value);
  return [...bundles, ...certificates.flatMap((name) => secretNamed(namespace, name))];
}

/** The default certificate, where no watch on its namespace tells of it. */
export function namedByFlags({ namespaces, secrets, compileOptions }: Scope): readonly NamedObject[] {
  const key: ObjectKey | undefined = compileOptions.defaultTlsSecret;
  const [namespace = '', name = ''] = key?.split('/') ?? [];
  const isRead = secrets === 'tls' && (namespaces?.includes(namespace) ?? true);
  return isRead ? [] : secretNamed(namespace, name);
}

function secretNamed(namespace: string, name: string | undefined): readonly NamedObject[] {
  return name === undefined || name === '' ? [] : [{ kind: 'Secret', namespace, name }];
}
