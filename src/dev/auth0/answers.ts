/** What Auth0 answers at `/oauth/token`, word for word. */

export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Where Auth0 sends the reader of a missing client grant. */
const CLIENT_GRANTS_URL = 'https://auth0.com/docs/api/management/v2/client-grants/post-client-grants';

export const ANSWERS = {
  /** Unknown client, wrong secret: Auth0 does not say which, and does not say `invalid_client`. */
  unauthorized: () => answer(401, 'access_denied', 'Unauthorized'),
  unsupportedGrantType: (grantType: string) =>
    answer(403, 'unsupported_grant_type', `Unsupported grant type: ${grantType}`),
  missingParameter: (name: string) => answer(400, 'invalid_request', `Missing required parameter: ${name}`),
  malformedBody: () => answer(400, 'invalid_request', 'The request body could not be parsed'),
  twoAuthMethods: () =>
    answer(400, 'invalid_request', 'Only one client authentication method can be used at a time'),
  missingAudience: () =>
    answer(
      403,
      'access_denied',
      'No audience parameter was provided, and no default audience has been configured',
    ),
  unknownAudience: (audience: string) => answer(403, 'access_denied', `Service not found: ${audience}`),
  missingClientGrant: (audience: string) =>
    answer(
      403,
      'access_denied',
      `Client is not authorized to access "${audience}". You need to create a "client-grant" associated to this API. See: ${CLIENT_GRANTS_URL}`,
    ),
  scopesNotGranted: (scopes: readonly string[]) =>
    answer(403, 'access_denied', `Client has not been granted scopes: ${scopes.join(', ')}`),
  organizationNotAllowed: (organization: string) =>
    answer(403, 'access_denied', `Client is not authorized to access organization "${organization}"`),
  organizationRequired: () => answer(403, 'access_denied', 'Client requires organization to be specified'),
  tooManyRequests: () => answer(429, 'too_many_requests', 'Global limit has been reached'),
  quotaExceeded: () => answer(429, 'too_many_requests', 'Client quota exceeded'),
} as const satisfies Readonly<Record<string, (detail: never) => TokenAnswer>>;

function answer(status: number, error: string, description: string): TokenAnswer {
  return { status, body: { error, error_description: description } };
}
