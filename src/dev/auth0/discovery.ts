/** The discovery document of an Auth0 tenant. */

/** `issuer` ends with a slash, as Auth0's does. */
export function discoveryDocument(
  issuer: string,
  algorithms: readonly string[],
): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    device_authorization_endpoint: `${issuer}oauth/device/code`,
    userinfo_endpoint: `${issuer}userinfo`,
    mfa_challenge_endpoint: `${issuer}mfa/challenge`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    registration_endpoint: `${issuer}oidc/register`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    scopes_supported: ['openid', 'profile', 'offline_access', 'name', 'email', 'address', 'phone'],
    response_types_supported: ['code', 'token', 'id_token', 'code token', 'code id_token', 'token id_token'],
    code_challenge_methods_supported: ['S256', 'plain'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    claims_supported: ['aud', 'exp', 'iat', 'iss', 'sub'],
    request_uri_parameter_supported: false,
    request_parameter_supported: false,
    id_token_signing_alg_values_supported: algorithms,
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'PS256'],
  };
}
