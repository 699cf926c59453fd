/** What compile takes and gives. */

import type { ObjectKey, ObjectMeta } from '../model/objects.ts';
import type { Problem, ProblemReason } from '../model/problems.ts';
import type { Redacted } from '../model/redacted.ts';
import type { CertificateKey, PolicyPlan, RoutingTable } from '../model/table.ts';

export interface CompileOptions {
  /** Serve only the class of this name; `undefined`: every IngressClass whose controller is ours. */
  readonly ingressClass: string | undefined;
  /** Also serve Ingresses that name no class where no default class takes them. */
  readonly watchIngressWithoutClass: boolean;
  /** Issuers and endpoints of providers may use plain `http`. */
  readonly allowInsecureIssuers: boolean;
  /** Issuers that policies may name; empty: any. */
  readonly allowedIssuers: readonly string[];
  /** EndpointSlices may name loopback addresses: true for objects from files. Link-local ones are never used. */
  readonly allowLoopbackEndpoints: boolean;
  /** Services of type ExternalName may be backends. */
  readonly allowExternalNames: boolean;
  /** Clear-text requests are redirected to `https` where no annotation says otherwise. */
  readonly sslRedirectByDefault: boolean;
  /** `namespace`: a host belongs to the namespace of the oldest Ingress that declares it or the wildcard over it. */
  readonly hostOwnership: 'none' | 'namespace';
  /** `namespace/name` of the TLS Secret for hosts without a certificate. */
  readonly defaultTlsSecret: ObjectKey | undefined;
}

/** What decides which providers policies may name. */
export type ProviderOptions = Pick<CompileOptions, 'allowInsecureIssuers' | 'allowedIssuers'>;

export interface CompileResult {
  readonly table: RoutingTable;
  /** PEM private keys of `table.certificates`. */
  readonly certificateKeys: Readonly<Record<CertificateKey, Redacted<string>>>;
  /** Secrets of certificates that exist but cannot be used, and for which hosts they are wanted. */
  readonly unusableCertificates: Readonly<Record<CertificateKey, WantedCertificate>>;
  /** PEM private keys of the client certificates in `table.backends`, by `namespace/name` of the Secret. */
  readonly backendKeys: Readonly<Record<ObjectKey, Redacted<string>>>;
  /** PEM private keys of the client certificates for the providers of `policies`, by `namespace/name` of the Secret. */
  readonly providerKeys: Readonly<Record<ObjectKey, Redacted<string>>>;
  /** Sorted by object, field and reason, without duplicates. */
  readonly problems: readonly Problem[];
  /** The statuses to be, of every policy, by `namespace/name`. */
  readonly policies: Readonly<Record<ObjectKey, PolicyVerdict>>;
  /** Ingresses of our classes, sorted by key: those whose `status.loadBalancer` is ours to write. */
  readonly ingresses: readonly ObjectMeta[];
}

export interface WantedCertificate {
  readonly hosts: readonly string[];
  /** Wanted for the names that the certificate itself holds, too. */
  readonly isForItsNames: boolean;
}

export interface PolicyVerdict {
  readonly meta: ObjectMeta;
  readonly accepted: {
    readonly status: 'True' | 'False';
    readonly reason: PolicyAcceptedReason;
    readonly message: string;
  };
  /** Sorted by reason. */
  readonly warnings: readonly PolicyWarning[];
  /** `undefined` where the object cannot be decoded. */
  readonly issuer: string | undefined;
  /** As an Ingress gets it whose annotations change nothing. `undefined` where the policy cannot be used. */
  readonly plan: PolicyPlan | undefined;
  readonly ingresses: {
    readonly total: number;
    readonly enforced: number;
    readonly refused: number;
    /** The first 50 by namespace and name. */
    readonly rows: readonly {
      readonly namespace: string;
      readonly name: string;
      readonly state: 'Enforced' | 'Refused' | 'DryRun';
      readonly reason: string;
    }[];
  };
}

export interface PolicyWarning {
  readonly reason: ProblemReason;
  readonly message: string;
}

export type PolicyAcceptedReason =
  | 'Accepted'
  | 'Invalid'
  | 'InsecureIssuer'
  | 'IssuerNotAllowed'
  | 'SecretNotFound'
  | 'SecretInvalid'
  | 'ConfigMapNotFound'
  | 'ConfigMapInvalid';
