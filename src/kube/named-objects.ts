/** The single Secrets and ConfigMaps that policies, Ingresses and flags name. */

import type { Decoded, IngressObject, ObjectKey, PolicyObject } from '../model/objects.ts';
import type { Scope } from './scope.ts';

/** An object that is read by its name. */
export interface NamedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

/** Certificates for mutual TLS are TLS Secrets, which are read anyway where `secrets` is `tls`. */
export function namedByPolicy(
  policy: Decoded<PolicyObject>,
  { secrets }: Pick<Scope, 'secrets'>,
): readonly NamedObject[] {
  if (policy.kind !== 'valid') return [];
  const { namespace } = policy.meta;
  const { ca, clientCertificate } = policy.value.spec.provider;
  return [
    ...objectNamed('Secret', namespace, ca?.secretRef?.name),
    ...objectNamed('ConfigMap', namespace, ca?.configMapRef?.name),
    ...objectNamed('Secret', namespace, secrets === 'named' ? clientCertificate?.secretRef.name : undefined),
  ];
}

export function namedByIngress(ingress: Decoded<IngressObject>): readonly NamedObject[] {
  if (ingress.kind !== 'valid') return [];
  const { namespace } = ingress.meta;
  return ingress.value.tls.flatMap(({ secretName }) => objectNamed('Secret', namespace, secretName));
}

/** The default certificate, where no watch on its namespace tells of it. */
export function namedByFlags({ namespaces, secrets, compileOptions }: Scope): readonly NamedObject[] {
  const key: ObjectKey | undefined = compileOptions.defaultTlsSecret;
  const [namespace = '', name = ''] = key?.split('/') ?? [];
  const isRead = secrets === 'tls' && (namespaces?.includes(namespace) ?? true);
  return isRead ? [] : objectNamed('Secret', namespace, name);
}

function objectNamed(
  kind: NamedObject['kind'],
  namespace: string,
  name: string | undefined,
): readonly NamedObject[] {
  return name === undefined || name === '' ? [] : [{ kind, namespace, name }];
}
