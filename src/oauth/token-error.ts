/** Judges an error of the token endpoint (RFC 6749, section 5.2), and what providers make of it. */

import { z } from 'zod';

import type { ProviderAnswer } from './provider-http.ts';
import { quotaResetMs, type ProviderLimits } from './provider-limits.ts';
import { failed, type TokenFailure } from './token-failure.ts';

interface OauthError {
  readonly code: string;
  /** For people; but some providers say what happened nowhere else. */
  readonly description: string;
}

const errorSchema = z.object({
  error: z.string().catch(''),
  error_description: z.string().catch(''),
});

/** Codes that may be logged: an answer could repeat a secret in place of a code. */
const REGISTERED_CODES: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_resource',
  'invalid_scope',
  'invalid_target',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'too_many_requests',
  'unauthorized_client',
  'unsupported_grant_type',
]);

/** @param answer any whose status is not 2xx */
export function processTokenError(answer: ProviderAnswer, limits: ProviderLimits): TokenFailure {
  return { ...classify(answer.status, errorOf(answer), limits), errorCode: errorCodeOf(answer) };
}

/** The code of an error, as it may be logged. */
export function errorCodeOf(answer: ProviderAnswer): string | undefined {
  const { code } = errorOf(answer);
  if (code === '') return undefined;
  return REGISTERED_CODES.has(code) ? code : 'not registered';
}

function errorOf({ json }: ProviderAnswer): OauthError {
  const { data } = errorSchema.safeParse(json);
  return { code: data?.error ?? '', description: data?.error_description ?? '' };
}

function classify(status: number, error: OauthError, limits: ProviderLimits): TokenFailure {
  const { code } = error;
  if (status === 429 || isLimitOfTenant(error)) return classifyLimit(error, limits);
  if (status >= 500 || status === 408 || code === 'server_error' || code === 'temporarily_unavailable') {
    return failed('ProviderUnavailable', `the token endpoint answered ${status}`, limits.retryAtMs);
  }
  if (status >= 300 && status < 400) {
    return failed(
      'ProviderUnavailable',
      'the token endpoint answered with a redirect, which is not followed',
    );
  }
  if (isGrantMissing(status, error)) {
    return failed('GrantMissing', 'the provider has no grant of this client for what was asked');
  }
  return isClientInvalid(status, error)
    ? clientInvalid(error)
    : failed('ProviderMisconfigured', `the provider refused the token request with ${status}`);
}

/** Auth0 has said so with the status 500 as well. */
function isLimitOfTenant({ description }: OauthError): boolean {
  return /global limit has been reached/i.test(description);
}

function classifyLimit(error: OauthError, limits: ProviderLimits): TokenFailure {
  // Beside it a quota that is not enforced may be used up as well.
  const quotaMs = isLimitOfTenant(error) ? undefined : quotaResetMs(limits.quotas);
  if (quotaMs !== undefined || (error.code === 'too_many_requests' && /quota/i.test(error.description))) {
    return failed(
      'CallerQuotaExceeded',
      'the token quota of the client is used up',
      quotaMs ?? limits.retryAtMs,
    );
  }
  const retryAtMs = limits.retryAtMs ?? limits.resetAtMs;
  return failed('ProviderRateLimited', 'the provider limits token requests', retryAtMs);
}

function isGrantMissing(status: number, error: OauthError): boolean {
  const { code, description } = error;
  // Keycloak has the same status and code for a wrong secret, in other words.
  if (status === 401) return code === 'unauthorized_client' && /service account/i.test(description);
  if (status !== 400 && status !== 403) return false;
  switch (code) {
    case 'unauthorized_client':
      return !isUnknownToEntra(error);
    case 'invalid_scope':
    // Entra ID: the client has no role. There is no other grant in this request that could be invalid.
    case 'invalid_grant':
      return true;
    case 'access_denied':
      return !isUnknownAudience(error);
    case 'invalid_client':
    case 'invalid_target':
    case 'unsupported_grant_type':
    // No word of OAuth: a firewall, or another gateway.
    case '':
      return false;
    default:
      // Hydra: an audience that the client may not ask for.
      if (/has not been whitelisted/i.test(description)) return true;
      // Auth0: an organization that the client may not use; one that is missing is a matter of the policy.
      if (/organization/i.test(description)) return !/required|missing/i.test(description);
      return status === 403 && code !== 'invalid_request' && !isUnknownAudience(error);
  }
}

/** Auth0: the audience is no API of the tenant. */
function isUnknownAudience({ description }: OauthError): boolean {
  return /service not found/i.test(description);
}

function isClientInvalid(status: number, error: OauthError): boolean {
  if (status === 401) return true;
  return (status === 400 || status === 403) && (error.code === 'invalid_client' || isUnknownToEntra(error));
}

/** Entra ID answers for an unknown client as others do for a missing grant. */
function isUnknownToEntra({ description }: OauthError): boolean {
  return description.startsWith('AADSTS700016:');
}

/** Hydra minds the way in which a client authenticates before it looks at the secret. */
function clientInvalid({ description }: OauthError): TokenFailure {
  const isOtherWay = /but method '\w+' was requested/.test(description);
  return {
    ...failed('InvalidClient', 'the provider does not accept the client ID and client secret'),
    cause: isOtherWay
      ? 'the client is registered for another way of authentication: see spec.clientCredentials.tokenEndpointAuthMethod'
      : undefined,
  };
}
