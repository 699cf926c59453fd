/** The names by which Kubernetes and its users know this product. */

export const PRODUCT = 'oidc-ingress';
export const API_GROUP = 'oidc-ingress.io';
export const API_VERSION = 'v1alpha1';
export const POLICY_KIND = 'OIDCPolicy';
export const POLICY_PLURAL = 'oidcpolicies';

/** `IngressClass.spec.controller` of the classes that are ours. */
export const CONTROLLER_NAME = 'oidc-ingress.io/controller';

/** Of our annotations on an Ingress: `annotations.ts` has a row for each. */
export const ANNOTATION_PREFIX = 'oidc-ingress.io/';

/** Of annotations by which other controllers are told what to do: none of them does anything here. */
export const FOREIGN_ANNOTATION_PREFIXES: readonly string[] = [
  'nginx.ingress.kubernetes.io/',
  'nginx.org/',
  'traefik.ingress.kubernetes.io/',
  'konghq.com/',
  'haproxy.org/',
  'haproxy-ingress.github.io/',
];

/** The deprecated way to name a class, still honoured. */
export const LEGACY_CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

/** Where the documentation of reasons lives; the `type` of a problem document is this plus `#reason`. */
export const REASONS_URL = 'https://oidc-ingress.io/docs/reference/reasons';

/** What the gateway says of the caller, in small letters; a policy must not set it, and no caller's own goes on. */
export const FORWARDING_HEADERS: readonly string[] = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
];
