/** The kinds of object that are read: their place in the Kubernetes API, their scope, their decoders. */

import { API_GROUP, API_VERSION, POLICY_KIND, POLICY_PLURAL } from '../model/names.ts';
import type {
  ConfigMapObject,
  EndpointSliceObject,
  IngressClassObject,
  IngressObject,
  NamespaceObject,
  ObjectKind,
  PolicyObject,
  SecretObject,
  ServiceObject,
} from '../model/objects.ts';

/** What a valid object of each kind decodes to. */
export interface ObjectValues {
  readonly Ingress: IngressObject;
  readonly IngressClass: IngressClassObject;
  readonly Service: ServiceObject;
  readonly EndpointSlice: EndpointSliceObject;
  readonly Secret: SecretObject;
  readonly ConfigMap: ConfigMapObject;
  readonly Namespace: NamespaceObject;
  readonly OIDCPolicy: PolicyObject;
}

export interface KindRow {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

export const KINDS: Readonly<Record<ObjectKind, KindRow>> = {
  Ingress: { group: 'networking.k8s.io', version: 'v1', plural: 'ingresses', isNamespaced: true },
  IngressClass: { group: 'networking.k8s.io', version: 'v1', plural: 'ingressclasses', isNamespaced: false },
  Service: { group: '', version: 'v1', plural: 'services', isNamespaced: true },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', isNamespaced: true },
  Secret: { group: '', version: 'v1', plural: 'secrets', isNamespaced: true },
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', isNamespaced: true },
  Namespace: { group: '', version: 'v1', plural: 'namespaces', isNamespaced: false },
  [POLICY_KIND]: { group: API_GROUP, version: API_VERSION, plural: POLICY_PLURAL, isNamespaced: true },
};

export const OBJECT_KINDS = Object.keys(KINDS) as readonly ObjectKind[];

/** `networking.k8s.io/v1`, or `v1` for the core group. */
export function apiVersionOf(kind: ObjectKind): string {
  const { group, version } = KINDS[kind];
  return group === '' ? version : `${group}/${version}`;
}
