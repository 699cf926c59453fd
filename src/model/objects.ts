/** Kubernetes objects as compile reads them: decoded once at the edge, cut down to what matters, plain data. */

import type { PolicySpec } from '../policy/schema.ts';
import type { Fault } from './faults.ts';
import type { Redacted } from './redacted.ts';

/** `namespace/name`; for a cluster-scoped object the name alone. */
export type ObjectKey = string;

export type ObjectKind =
  | 'Ingress'
  | 'IngressClass'
  | 'Service'
  | 'EndpointSlice'
  | 'Secret'
  | 'ConfigMap'
  | 'Namespace'
  | 'OIDCPolicy';

export interface ObjectMeta {
  /** Empty for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
  /** Empty for an object from a file. */
  readonly uid: string;
  /** 0 for an object from a file. */
  readonly generation: number;
  /** Milliseconds since the epoch; 0 for an object from a file that states none. */
  readonly createdAtMs: number;
}

/** What decoding gave. An object with faults stays in the snapshot, so that compile can refuse what it would have served. */
export type Decoded<T> =
  | { readonly kind: 'valid'; readonly meta: ObjectMeta; readonly value: T }
  | {
      readonly kind: 'invalid';
      readonly meta: ObjectMeta;
      readonly faults: readonly Fault[];
      /** What can be read of it nevertheless: enough to refuse, too little to serve. */
      readonly salvaged?: T | undefined;
    };

export interface IngressObject {
  readonly annotations: Readonly<Record<string, string>>;
  /** Names of annotations that tell another controller what to do, sorted. */
  readonly foreignAnnotations: readonly string[];
  readonly ingressClassName: string | undefined;
  readonly defaultBackend: IngressBackend | undefined;
  readonly rules: readonly IngressRule[];
  readonly tls: readonly IngressTls[];
}

export interface IngressRule {
  /** As written; `undefined` and empty both mean any host. */
  readonly host: string | undefined;
  /** `undefined` where the rule has no `http`: the host then goes to the default backend. */
  readonly paths: readonly IngressPath[] | undefined;
}

export interface IngressPath {
  readonly path: string | undefined;
  /** As written; compile judges it. */
  readonly pathType: string;
  readonly backend: IngressBackend;
}

export type IngressBackend =
  | { readonly kind: 'service'; readonly name: string; readonly port: ServicePortRef }
  | { readonly kind: 'resource'; readonly description: string };

export type ServicePortRef = { readonly number: number } | { readonly name: string };

export interface IngressTls {
  readonly hosts: readonly string[];
  readonly secretName: string | undefined;
}

export interface IngressClassObject {
  readonly controller: string;
  readonly isDefault: boolean;
  readonly parameters:
    | {
        readonly apiGroup: string | undefined;
        readonly kind: string;
        readonly name: string;
        readonly namespace: string | undefined;
      }
    | undefined;
}

export interface ServiceObject {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** Of one of type ExternalName. */
  readonly externalName: string | undefined;
  readonly ports: readonly ServicePort[];
}

export interface ServicePort {
  readonly name: string | undefined;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol: string | undefined;
}

export interface EndpointSliceObject {
  /** Value of the label `kubernetes.io/service-name`. */
  readonly serviceName: string | undefined;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly ports: readonly {
    readonly name: string | undefined;
    readonly port: number | undefined;
    readonly protocol: string;
  }[];
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    /** Absent conditions already have their meaning: ready and serving default to true, terminating to false. */
    readonly ready: boolean;
    readonly serving: boolean;
    readonly terminating: boolean;
  }[];
}

export interface SecretObject {
  readonly type: string;
  /** Base64-decoded entries as UTF-8 text. */
  readonly data: Readonly<Record<string, Redacted<string>>>;
}

export interface ConfigMapObject {
  readonly data: Readonly<Record<string, string>>;
}

export interface NamespaceObject {
  readonly labels: Readonly<Record<string, string>>;
  /** It is being deleted, with all that is in it. */
  readonly isEnding: boolean;
}

export interface PolicyObject {
  readonly spec: PolicySpec;
}

/** Everything that compile reads. An object with faults is present as `invalid`; an object that is absent does not exist. */
export interface Snapshot {
  readonly ingresses: ReadonlyMap<ObjectKey, Decoded<IngressObject>>;
  readonly ingressClasses: ReadonlyMap<ObjectKey, Decoded<IngressClassObject>>;
  readonly services: ReadonlyMap<ObjectKey, Decoded<ServiceObject>>;
  readonly endpointSlices: ReadonlyMap<ObjectKey, Decoded<EndpointSliceObject>>;
  readonly secrets: ReadonlyMap<ObjectKey, Decoded<SecretObject>>;
  readonly configMaps: ReadonlyMap<ObjectKey, Decoded<ConfigMapObject>>;
  readonly namespaces: ReadonlyMap<ObjectKey, Decoded<NamespaceObject>>;
  readonly policies: ReadonlyMap<ObjectKey, Decoded<PolicyObject>>;
}

export function objectKey(meta: Pick<ObjectMeta, 'namespace' | 'name'>): ObjectKey {
  return meta.namespace === '' ? meta.name : `${meta.namespace}/${meta.name}`;
}
