/** The annotations under `oidc-ingress.io/` that an Ingress may carry: one row for each, the source of their reference. */

import { ANNOTATION_PREFIX } from './names.ts';

export interface AnnotationRow {
  /** The form of its value, with words in capitals for what varies. */
  readonly form: string;
  /** Sentences in Markdown. */
  readonly description: string;
  /** A value that is accepted on any Ingress, together with `with`. */
  readonly example: string;
  /** Annotations without which this one is refused. */
  readonly with?: Readonly<Record<string, string>>;
}

/** By name without the prefix. Any other annotation under the prefix refuses the routes of its Ingress. */
export const ANNOTATIONS = {
  policy: {
    form: 'NAME, NAMESPACE/NAME or none',
    description:
      '`NAME` of an OIDCPolicy in the same namespace, or `NAMESPACE/NAME` where `allowedNamespaces` of that policy admits this namespace. `none` says that the Ingress is open; it is refused where the class has a default policy. A policy that is itself called `none` is named with its namespace, `NAMESPACE/none`.',
    example: 'orders-api',
  },
  audience: {
    form: 'AUDIENCE',
    description:
      'The audience (Auth0: API Identifier) for this Ingress, instead of the one of the policy, so that one policy can serve many APIs. Where the policy sets `require.audiences`, it must be one of them.',
    example: 'https://orders.example.com/',
  },
  scopes: {
    form: 'SCOPE SCOPE …',
    description: 'Scopes, separated by spaces, that this Ingress requires on top of those of the policy.',
    example: 'read:orders write:orders',
  },
  'ssl-redirect': {
    form: 'true or false',
    description:
      'Whether clear-text requests are answered with 308 to the same URL under `https`. Default: the flag `--ssl-redirect`.',
    example: 'true',
  },
  'backend-protocol': {
    form: 'HTTP, HTTPS or H2C',
    description:
      'How the Services of this Ingress are spoken to: HTTP/1.1 in clear text, HTTP/1.1 over TLS, or HTTP/2 in clear text (gRPC). Default: `appProtocol` of the port of the Service.',
    example: 'H2C',
  },
  'backend-tls-ca': {
    form: 'secret/NAME or configmap/NAME',
    description:
      'The Secret or ConfigMap of the same namespace whose entry `ca.crt` holds the certificate authorities that backends over `HTTPS` are verified against. Default: those of the system. Backends are always verified.',
    example: 'configmap/internal-ca',
    with: { 'backend-protocol': 'HTTPS' },
  },
  'backend-tls-server-name': {
    form: 'HOST',
    description:
      'The name in the certificate of backends over `HTTPS`, sent to them as server name. Default: the host of the request.',
    example: 'orders.internal',
    with: { 'backend-protocol': 'HTTPS' },
  },
  'backend-tls-client-certificate': {
    form: 'NAME',
    description:
      'The Secret of type `kubernetes.io/tls` of the same namespace with the certificate that the gateway shows to backends over `HTTPS` which ask for one (mutual TLS), and its private key. Default: none.',
    example: 'orders-client',
    with: { 'backend-protocol': 'HTTPS' },
  },
  timeouts: {
    form: 'connect=DURATION,first-byte=DURATION,idle=DURATION',
    description:
      'Time for connecting to an endpoint (then another is tried, else 502), until the first byte of its answer (then 504), and without a byte in either direction. Any of the three, in any order; default: the flags `--upstream-connect-timeout`, `--upstream-first-byte-timeout` and `--idle-timeout`.',
    example: 'connect=2s,first-byte=30s,idle=5m',
  },
  'max-body-size': {
    form: 'BYTES, or a number and k, m or g',
    description:
      'Longest body of a request; longer ones are answered with 413. `k`, `m` and `g`, also written `Ki`, `Mi` and `Gi`, are powers of 1,024. Default: no limit.',
    example: '8m',
  },
  'rewrite-prefix': {
    form: 'PATH',
    description:
      'Replaces the matching path of a `Prefix` rule on the way to the Service: with the path `/shop` and the value `/`, the Service gets `/cart` for `/shop/cart`. No regular expressions; not for `Exact` paths.',
    example: '/api',
  },
  redirect: {
    form: 'URL or STATUS URL',
    description:
      'Answers every request with a redirect to this URL, or to this path of the same host. Status 301, 302 (default), 303, 307 or 308.',
    example: '301 https://www.example.com/',
  },
  'cors-allow-origins': {
    form: 'ORIGIN, ORIGIN, … or *',
    description:
      'Turns on answers to preflight requests and CORS headers for these origins, separated by commas. `https://*.example.com` stands for every subdomain.',
    example: 'https://app.example.com, https://*.example.org',
  },
  'cors-allow-methods': {
    form: 'METHOD, METHOD, …',
    description: 'Methods that other origins may use. Default: `GET, HEAD, POST, PUT, PATCH, DELETE`.',
    example: 'GET, POST',
    with: { 'cors-allow-origins': '*' },
  },
  'cors-allow-headers': {
    form: 'NAME, NAME, …',
    description: 'Headers that other origins may send. Default: `Authorization, Content-Type`.',
    example: 'Authorization, Content-Type, X-Trace',
    with: { 'cors-allow-origins': '*' },
  },
  'cors-expose-headers': {
    form: 'NAME, NAME, …',
    description: 'Headers of answers that scripts of other origins may read. Default: none.',
    example: 'X-Request-Id',
    with: { 'cors-allow-origins': '*' },
  },
  'cors-allow-credentials': {
    form: 'true or false',
    description:
      'Whether browsers may send cookies and credentials along. Refused together with the origin `*`. Default: `false`.',
    example: 'true',
    with: { 'cors-allow-origins': 'https://app.example.com' },
  },
  'cors-max-age': {
    form: 'DURATION',
    description: 'How long browsers may keep the answer to a preflight request, at most 24h. Default: `10m`.',
    example: '1h',
    with: { 'cors-allow-origins': '*' },
  },
  'allow-source-ranges': {
    form: 'CIDR, CIDR, …',
    description:
      'Addresses and CIDR blocks that may call; all others are refused. Behind a load balancer, the address of the caller is that from `X-Forwarded-For`, if the load balancer is one of `--trusted-proxies`.',
    example: '10.0.0.0/8, 2001:db8::/32',
  },
  'deny-source-ranges': {
    form: 'CIDR, CIDR, …',
    description: 'Addresses and CIDR blocks that may not call, whatever is allowed.',
    example: '203.0.113.7',
  },
  'rate-limit': {
    form: 'REQUESTS/DURATION, REQUESTS/DURATION address or REQUESTS/DURATION client',
    description:
      'Requests that each source address, or each client ID, may make in that time (1s to 1h) to one pod of the gateway; further ones are answered with 429. `client` counts by address where no client ID is known. Default: `address`.',
    example: '100/1m client',
  },
  'request-headers': {
    form: 'lines of set NAME: VALUE and remove NAME',
    description:
      'Changes headers on the way to the Service. Headers that HTTP, the gateway or a policy owns cannot be changed.',
    example: 'set X-Tenant: acme\nremove X-Debug',
  },
  'response-headers': {
    form: 'lines of set NAME: VALUE and remove NAME',
    description:
      'Changes headers on the way to the caller. Headers that HTTP or the gateway owns cannot be changed.',
    example: 'set Strict-Transport-Security: max-age=31536000\nremove Server',
  },
  'session-affinity': {
    form: 'COOKIE or COOKIE max-age=DURATION',
    description:
      'Requests with this cookie, which the gateway sets, go to the same endpoint for as long as it serves. Without `max-age` it ends with the session of the browser.',
    example: 'route max-age=1h',
  },
  canary: {
    form: 'weight=PERCENT, header=NAME or header=NAME:VALUE',
    description:
      'This Ingress has no routes of its own: part of the requests for the same hosts, paths and path types of another Ingress of the same namespace go to its backends. `weight` is a share of 0–100 %; `header` takes requests with that header, and goes before weights. Everything else, the policy too, is that of the other Ingress, but for `backend-protocol`, `backend-tls-ca` and `backend-tls-server-name`.',
    example: 'weight=10',
  },
} as const satisfies Readonly<Record<string, AnnotationRow>>;

/** Without the prefix. */
export type AnnotationName = keyof typeof ANNOTATIONS;

export const ANNOTATION_NAMES = Object.keys(ANNOTATIONS) as readonly AnnotationName[];

/** With the prefix, as they stand on an Ingress. */
export const INGRESS_ANNOTATIONS: readonly string[] = ANNOTATION_NAMES.map(annotation);

/** `policy` → `oidc-ingress.io/policy`. */
export function annotation(name: AnnotationName): string {
  return `${ANNOTATION_PREFIX}${name}`;
}
