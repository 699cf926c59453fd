/** What is wrong with a configuration: data for Events, statuses, `validate` and the status page. */

import type { ObjectKind } from './objects.ts';

/** Stable CamelCase reasons; each is documented, and each becomes the reason of a Kubernetes Event. */
export const PROBLEM_REASONS = {
  InvalidObject: 'error',
  UnknownAnnotation: 'error',
  InvalidAnnotation: 'error',
  InvalidHost: 'error',
  InvalidPath: 'error',
  UnsupportedBackend: 'error',
  UnsupportedProtocol: 'error',
  PolicyNotFound: 'error',
  PolicyInvalid: 'error',
  PolicyNotPermitted: 'error',
  InsecureIssuer: 'error',
  IssuerNotAllowed: 'error',
  SecretNotFound: 'error',
  SecretInvalid: 'error',
  ConfigMapNotFound: 'error',
  ConfigMapInvalid: 'error',
  ServiceNotFound: 'error',
  PortNotFound: 'error',
  NoEndpoints: 'warning',
  InvalidEndpoint: 'warning',
  HostPathConflict: 'error',
  HostOwnedByOther: 'error',
  CanaryWithoutRoute: 'error',
  ForeignAnnotation: 'warning',
  IngressClassNotFound: 'warning',
  TlsSecretNotFound: 'warning',
  TlsSecretInvalid: 'warning',
  OpenidScope: 'warning',
  NoAudience: 'warning',
  IssuerWithoutTrailingSlash: 'warning',
} as const satisfies Readonly<Record<string, 'error' | 'warning'>>;

/** What is told beside the problems of compile, by the status page and by `validate`. */
export const FURTHER_REASONS = {
  Unreadable: 'error',
  CertificateExpiresSoon: 'warning',
  CertificateExpired: 'error',
  CertificateNotYetValid: 'error',
} as const satisfies Readonly<Record<string, 'error' | 'warning'>>;

export type FurtherReason = keyof typeof FURTHER_REASONS;

export type ProblemReason = keyof typeof PROBLEM_REASONS;

export interface Problem {
  readonly reason: ProblemReason;
  readonly object: { readonly kind: ObjectKind; readonly namespace: string; readonly name: string };
  /** Path of the field, such as `spec.rules[0].http.paths[1].backend`; empty for the whole object. */
  readonly field: string;
  readonly message: string;
}
