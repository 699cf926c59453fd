/** The names by which Kubernetes and its users know this product. */

export const PRODUCT = 'oidc-ingress';
export const API_GROUP = 'oidc-ingress.io';
export const API_VERSION = 'v1alpha1';
export const POLICY_KIND = 'OIDCPolicy';
export const POLICY_PLURAL = 'oidcpolicies';

/** `IngressClass.spec.controller` of the classes that are ours. */
export const CONTROLLER_NAME = 'oidc-ingress.io/controller';

export const ANNOTATION_PREFIX = 'oidc-ingress.io/';
export const POLICY_ANNOTATION = 'oidc-ingress.io/policy';
export const AUDIENCE_ANNOTATION = 'oidc-ingress.io/audience';
export const SCOPES_ANNOTATION = 'oidc-ingress.io/scopes';

/** Every annotation of ours that an Ingress may carry; any other under {@link ANNOTATION_PREFIX} refuses its routes. */
export const INGRESS_ANNOTATIONS: readonly string[] = [
  POLICY_ANNOTATION,
  AUDIENCE_ANNOTATION,
  SCOPES_ANNOTATION,
];

/** The deprecated way to name a class, still honoured. */
export const LEGACY_CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

/** Where the documentation of reasons lives; the `type` of a problem document is this plus `#reason`. */
export const REASONS_URL = 'https://oidc-ingress.io/docs/reference/reasons';
