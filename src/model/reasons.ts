/** The one table of what a caller can be told: reason, status, title. Documentation is checked against it both ways. */

interface ReasonRow {
  /** HTTP status code of the response. */
  readonly status: number;
  /** RFC 9457 `title`: the same for every occurrence of the reason. */
  readonly title: string;
  /** What the person who reads the problem can do. Goes to the docs, not to the wire. */
  readonly remedy: string;
}

export const REASONS = {
  MissingCredentials: {
    status: 401,
    title: 'No credentials were sent',
    remedy:
      'Send the client ID and client secret in a place that the policy allows, by default HTTP Basic: `curl -u ID:SECRET`.',
  },
  MalformedCredentials: {
    status: 401,
    title: 'The credentials could not be read',
    remedy:
      'Check the base64 and the colon of the Basic header; a client ID may not be empty nor hold control characters.',
  },
  InvalidClient: {
    status: 401,
    title: 'The client ID or client secret is wrong',
    remedy: 'Compare both with the application in the provider; after a rotation use the new secret.',
  },
  InvalidToken: {
    status: 401,
    title: 'The bearer token is not valid',
    remedy: 'Get a new token from the issuer that the policy names.',
  },
  AmbiguousCredentials: {
    status: 400,
    title: 'Two sets of credentials that disagree were sent',
    remedy: 'Send credentials in one place only (RFC 6749, section 2.3).',
  },
  MalformedBody: {
    status: 400,
    title: 'The body that should hold the credentials could not be parsed',
    remedy: 'Send `application/x-www-form-urlencoded` or a JSON object, in UTF-8.',
  },
  BodyTooLarge: {
    status: 413,
    title: 'The body is too large',
    remedy:
      'Send less than `oidc-ingress.io/max-body-size` of the Ingress allows. A body that holds credentials must stay under 64 KiB: send them by HTTP Basic.',
  },
  BadRequest: {
    status: 400,
    title: 'The request is not well-formed',
    remedy:
      'Send a request target without dot segments, encoded slashes or backslashes, and exactly one Host. With 431: send fewer or shorter headers; with 408: send the head without a pause.',
  },
  MisdirectedRequest: {
    status: 421,
    title: 'The connection was made for another host',
    remedy:
      'Send requests for a protected host over a connection whose TLS handshake named that host (SNI), not over one that is open to another.',
  },
  SourceNotAllowed: {
    status: 403,
    title: 'The source address is not allowed here',
    remedy:
      'Call from an address that `oidc-ingress.io/allow-source-ranges` of the Ingress holds. Behind a load balancer the operator has to name it in `--trusted-proxies`.',
  },
  RateLimited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait as long as `Retry-After` says; the limit is `oidc-ingress.io/rate-limit` of the Ingress.',
  },
  Overloaded: {
    status: 503,
    title: 'Too many requests are under way to the service',
    remedy:
      'Retry after `Retry-After`; the operator compares `--max-upstream-requests` with what the service bears.',
  },
  GrantMissing: {
    status: 403,
    title: 'The client has no grant for this API',
    remedy:
      'In the provider, authorise the application for the API (Auth0: Applications, APIs) and grant the scopes.',
  },
  ClientNotAllowed: {
    status: 403,
    title: 'The client is not allowed here',
    remedy: 'Add the client ID to `require.clients` of the policy.',
  },
  InsufficientScope: {
    status: 403,
    title: 'The token lacks a required scope',
    remedy: 'Grant the scope to the application in the provider.',
  },
  AudienceMismatch: {
    status: 403,
    title: 'The token is for another audience',
    remedy: 'Make `clientCredentials.audience` and `require.audiences` name the same API Identifier.',
  },
  ClaimMismatch: {
    status: 403,
    title: 'The token lacks a required claim',
    remedy: 'Compare the claims of the token with `require.claims` of the policy.',
  },
  TlsRequired: {
    status: 403,
    title: 'Credentials are accepted over TLS only',
    remedy: 'Use `https`, and change a secret that was sent in clear text.',
  },
  CallerQuotaExceeded: {
    status: 429,
    title: 'The client has used up its quota',
    remedy: 'Wait as long as `Retry-After` says.',
  },
  TooManyFailures: {
    status: 429,
    title: 'Too many failed attempts',
    remedy: 'Wait as long as `Retry-After` says, then send the right secret.',
  },
  ProviderRateLimited: {
    status: 503,
    title: 'The identity provider is limiting requests',
    remedy: 'Retry after `Retry-After`; the credentials are not at fault.',
  },
  ProviderUnavailable: {
    status: 503,
    title: 'The identity provider cannot be reached',
    remedy: 'Retry after `Retry-After`; the credentials are not at fault.',
  },
  ProviderMisconfigured: {
    status: 502,
    title: 'The identity provider refused the token request',
    remedy:
      'The operator has to mend the policy or the provider; the log holds the error code of the provider.',
  },
  TokenRejected: {
    status: 502,
    title: 'The identity provider issued a token that cannot be accepted',
    remedy: 'The operator has to mend the policy or the provider; the log says which check failed.',
  },
  PolicyUnavailable: {
    status: 503,
    title: 'The policy that protects this path cannot be enforced',
    remedy:
      'The operator reads `kubectl describe` of the Ingress and of its OIDCPolicy, and mends what they say.',
  },
  NoRoute: {
    status: 404,
    title: 'No route matches this host and path',
    remedy: 'Compare host and path with the rules of the Ingress: `oidc-ingress explain URL`.',
  },
  NoEndpoints: {
    status: 503,
    title: 'The service has no endpoint that can serve',
    remedy: 'Check that the Service and its port exist and that its pods are ready.',
  },
  UpstreamUnreachable: {
    status: 502,
    title: 'The service could not be reached',
    remedy: 'Check that the pods listen on the target port of the Service.',
  },
  UpstreamTimeout: {
    status: 504,
    title: 'The service did not answer in time',
    remedy: 'Look at the service; the gateway waited as long as its time-out allows.',
  },
  UpstreamProtocolError: {
    status: 502,
    title: 'The service did not answer in valid HTTP',
    remedy: 'Look at the service; a port that speaks TLS or another protocol gives this too.',
  },
} as const satisfies Readonly<Record<string, ReasonRow>>;

/** A CamelCase reason of the `reason` member of a problem document, of logs and of metrics. */
export type Reason = keyof typeof REASONS;
