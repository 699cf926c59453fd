/**
 * The routing table: what the proxy threads need to answer requests, and nothing else. Structured-cloneable JSON: no
 * classes, functions or Maps, so that golden tests, digests, deltas and `/debug/table` follow from it.
 */

import type { Canary, RouteOptions } from './route-options.ts';

/** `namespace/service:port`, the port as the Ingress names it, followed by ` @namespace/name` of the Ingress where its annotations change how the backend is spoken to. */
export type BackendKey = string;

/** `namespace/name` of the Ingress whose annotations they are. */
export type OptionsKey = string;

/** `namespace/name` of the policy, followed by ` @namespace/name` of the Ingress where its annotations change the policy. */
export type PlanKey = string;

/** `namespace/name` of the Secret that a certificate comes from. */
export type CertificateKey = string;

export interface RoutingTable {
  /** By lower-case host: exact (`shop.example.com`), wildcard (`*.example.com`), or empty for any host. */
  readonly hosts: Readonly<Record<string, HostRoutes>>;
  /** Meets every request that no route of its host matches. */
  readonly defaultRoute: Route | undefined;
  readonly plans: Readonly<Record<PlanKey, PolicyPlan>>;
  readonly options: Readonly<Record<OptionsKey, RouteOptions>>;
  readonly backends: Readonly<Record<BackendKey, Backend>>;
  readonly certificates: Readonly<Record<CertificateKey, Certificate>>;
  /** One of `certificates`, for hosts that have none. `undefined`: a self-signed one. */
  readonly defaultCertificate: CertificateKey | undefined;
  /** Every header that any policy can inject, lower-case, sorted: removed from every request on every route. */
  readonly identityHeaders: readonly string[];
}

export interface HostRoutes {
  /** Longest path first; on a tie Exact before Prefix. No two have the same path and path type. */
  readonly routes: readonly Route[];
}

export interface Route {
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix';
  readonly ingress: { readonly namespace: string; readonly name: string };
  readonly action: RouteAction;
  /** `undefined`: nothing is asked beside the policy. */
  readonly options: OptionsKey | undefined;
}

export type RouteAction =
  | {
      readonly kind: 'forward';
      readonly backend: BackendKey;
      /** `undefined`: the route is open. */
      readonly plan: PlanKey | undefined;
      /** The first that applies to a request takes it. */
      readonly canaries: readonly Canary[];
    }
  | {
      readonly kind: 'refuse';
      readonly reason: 'PolicyUnavailable' | 'NoEndpoints';
      /** Which problem caused it: for `/debug/table` and `explain`, never for callers. */
      readonly cause: string;
      /** The policy that would have protected the route, `namespace/name`, where one is named. */
      readonly policy: string | undefined;
    };

/** How the gateway treats requests under a policy, as seen from one Ingress; durations are resolved. */
export interface PolicyPlan {
  /** `namespace/name` of the OIDCPolicy. */
  readonly policy: string;
  readonly realm: string;
  readonly mode: 'Enforce' | 'DryRun';
  readonly transport: 'Any' | 'TlsOnly';
  readonly provider: ProviderSettings;
  /** `undefined`: the grant is off; then `bearer` is on. */
  readonly clientCredentials: ClientCredentialsPlan | undefined;
  /** Whether callers may bring a token of their own. */
  readonly bearer: boolean;
  /** The token's `aud` must contain one of them; empty: any audience. */
  readonly audiences: readonly string[];
  readonly require: Requirements;
  /** The first that matches a request adds its requirements to `require`. */
  readonly rules: readonly RequirementRule[];
  readonly verification: VerificationSettings;
  readonly cache: CacheSettings;
  readonly upstream: UpstreamSettings;
  readonly limits: LimitSettings;
  readonly exempt: readonly Exemption[];
  readonly exemptPreflight: boolean;
}

export interface ProviderSettings {
  readonly issuer: string;
  readonly tokenEndpoint: string | undefined;
  readonly jwksUri: string | undefined;
  readonly additionalIssuers: readonly string[];
  readonly timeoutMs: number;
  /** PEM bundle instead of the system roots. */
  readonly ca: string | undefined;
  /** For mutual TLS; its private key is in `CompileResult.providerKeys` under `secret`. */
  readonly clientCertificate: ClientCertificate | undefined;
}

/** What the gateway shows to who asks for a certificate. */
export interface ClientCertificate {
  /** `namespace/name` of the Secret. */
  readonly secret: string;
  /** PEM, leaf first. */
  readonly chain: string;
  /** Hex SHA-256 over chain and private key. */
  readonly digest: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface ClientCredentialsPlan {
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
  readonly parameters: readonly NameValue[];
  readonly headers: readonly NameValue[];
  readonly callerParameters: readonly CallerParameter[];
  readonly sources: readonly ('Basic' | 'Query' | 'Body')[];
  readonly parameterNames: { readonly clientId: string; readonly clientSecret: string };
  readonly tokenEndpointAuthMethod: 'client_secret_post' | 'client_secret_basic';
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

/** A parameter of the token request that the caller may choose. */
export interface CallerParameter {
  readonly name: string;
  /** Header names lower-case. */
  readonly from: { readonly header: string } | { readonly query: string };
  readonly allowed: readonly string[];
}

export interface Requirements {
  /** All must hold; an entry with several words is satisfied by any one of them. */
  readonly scopes: readonly string[];
  readonly scopesClaim: string;
  /** All must hold. */
  readonly claims: readonly ClaimRequirement[];
  /** Allow-list of client IDs; empty: any client. */
  readonly clients: readonly string[];
}

export interface ClaimRequirement {
  /** One entry for each level. */
  readonly path: readonly string[];
  readonly operator: 'Equals' | 'OneOf' | 'Contains' | 'Exists' | 'NotExists' | 'Matches';
  readonly values: readonly string[];
}

export interface RequirementRule {
  /** Empty: all methods. */
  readonly methods: readonly string[];
  /** Empty: all paths. */
  readonly paths: readonly PathPattern[];
  readonly require: Requirements;
}

export interface PathPattern {
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix';
}

export interface VerificationSettings {
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
  readonly bindClient: boolean;
}

export interface CacheSettings {
  readonly maxTtlMs: number | undefined;
  readonly revalidateAfterMs: number | undefined;
  readonly refreshBeforeMs: number;
  readonly rejectedTtlMs: number;
  readonly forbiddenTtlMs: number;
}

export interface UpstreamSettings {
  readonly token:
    | { readonly kind: 'bearer' }
    | { readonly kind: 'header'; readonly header: string }
    | { readonly kind: 'none' };
  /** Header names lower-case. */
  readonly claimHeaders: readonly { readonly header: string; readonly claim: readonly string[] }[];
  readonly hideCredentials: boolean;
}

export interface LimitSettings {
  readonly failuresPerMinute: number;
  readonly exchangesPerMinute: number | undefined;
}

export interface Exemption extends PathPattern {
  /** Empty: all methods. */
  readonly methods: readonly string[];
}

export interface Backend {
  /** `namespace/name` of the Service. */
  readonly service: string;
  /** Sorted by address and port, without duplicates. Empty: 503 `NoEndpoints`. */
  readonly endpoints: readonly Endpoint[];
  readonly protocol: 'HTTP' | 'HTTPS' | 'H2C';
  /** For `HTTPS`; `undefined`: system roots, and the host of the request as server name. */
  readonly tls: BackendTls | undefined;
}

export interface BackendTls {
  /** PEM bundle; `undefined`: system roots. */
  readonly ca: string | undefined;
  /** For SNI and for checking the certificate; `undefined`: the host of the request. */
  readonly serverName: string | undefined;
  /** For mutual TLS; its private key is in `CompileResult.backendKeys` under `secret`. */
  readonly clientCertificate: ClientCertificate | undefined;
}

export interface Endpoint {
  /** An IPv4 or IPv6 address, without brackets; the DNS name of an ExternalName Service. */
  readonly address: string;
  readonly port: number;
}

export interface Certificate {
  /** Lower-case host names, `*.` for wildcards, for which this certificate is offered. */
  readonly hosts: readonly string[];
  /** PEM certificate chain, leaf first. The private key never enters the table. */
  readonly chain: string;
  /** Hex SHA-256 over chain and private key: a renewed key under the same chain is a change too. */
  readonly digest: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A table that answers every request with `NoRoute`. */
export function emptyTable(): RoutingTable {
  return {
    hosts: {},
    defaultRoute: undefined,
    plans: {},
    options: {},
    backends: {},
    certificates: {},
    defaultCertificate: undefined,
    identityHeaders: [],
  };
}
