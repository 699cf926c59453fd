/** What the annotations of an Ingress ask of its routes, beside their policy. Plain data, durations resolved. */

export interface RouteOptions {
  /** Clear-text requests are answered with 308 to `https`. */
  readonly sslRedirect: boolean;
  /** Every request is answered so; `location` is an absolute URL or a path. */
  readonly redirect: { readonly status: 301 | 302 | 303 | 307 | 308; readonly location: string } | undefined;
  /** Takes the place of the path of a Prefix route that matched. */
  readonly rewritePrefix: string | undefined;
  /** `undefined`: the limits of the process. */
  readonly timeouts: {
    readonly connectMs: number | undefined;
    readonly firstByteMs: number | undefined;
    readonly idleMs: number | undefined;
  };
  /** `undefined`: unlimited. */
  readonly maxBodyBytes: number | undefined;
  /** CIDR blocks or addresses; denied ones first; an empty `allow` allows every other. */
  readonly sources: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly rateLimit: RateLimit | undefined;
  readonly cors: CorsOptions | undefined;
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
  readonly sessionAffinity: SessionAffinity | undefined;
}

/** At most `requests` in any window of `windowMs`, over all proxy threads of the process. */
export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
  /** `client`: by client ID where one is known, else by address. */
  readonly by: 'address' | 'client';
}

/** The CORS protocol of the Fetch standard, answered by the gateway. */
export interface CorsOptions {
  /** Exact origins, `https://*.example.com` for one label or more, or `*`. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds: number;
}

export interface HeaderEdits {
  /** Replaces every line of that name. */
  readonly set: readonly { readonly name: string; readonly value: string }[];
  /** Names, lower-case. */
  readonly remove: readonly string[];
}

/** Requests with the cookie go to the endpoint that it names while it serves. */
export interface SessionAffinity {
  readonly cookie: string;
  /** `undefined`: a session cookie. */
  readonly maxAgeSeconds: number | undefined;
}

/** Part of the requests of a route, sent to another backend. */
export interface Canary {
  readonly backend: string;
  /** `namespace/name` of the Ingress that asks for it. */
  readonly ingress: string;
  readonly when:
    | { readonly kind: 'weight'; /** 0–100. */ readonly percent: number }
    | {
        readonly kind: 'header';
        /** Lower-case. */ readonly name: string;
        /** `undefined`: any value. */ readonly value: string | undefined;
      };
}
