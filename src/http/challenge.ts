/** The challenges of `WWW-Authenticate`: what a caller can do to get in. */

export interface Challenge {
  readonly realm: string;
  readonly basic: boolean;
  readonly bearer: 'none' | 'plain' | 'invalid_token' | 'insufficient_scope';
  /** Scopes that would suffice, separated by spaces. */
  readonly scope: string | undefined;
}

/**
 * One `WWW-Authenticate` line for each scheme, alternating names and values. With 401 all of them (RFC 9110, section
 * 11.6.1); with 403 only that of a bearer token whose scope does not suffice (RFC 6750, section 3.1).
 */
export function challengeHeaders(status: number, challenge: Challenge | undefined): readonly string[] {
  if (challenge === undefined) return [];
  const headers: string[] = [];
  if (status === 401 && challenge.basic) {
    headers.push('WWW-Authenticate', `Basic realm=${quoted(challenge.realm)}, charset="UTF-8"`);
  }
  const { bearer } = challenge;
  if ((status === 401 && bearer !== 'none') || (status === 403 && bearer === 'insufficient_scope')) {
    headers.push('WWW-Authenticate', bearerChallenge(challenge));
  }
  return headers;
}

function bearerChallenge({ realm, bearer, scope }: Challenge): string {
  const error = bearer === 'plain' ? '' : `, error="${bearer}"`;
  return `Bearer realm=${quoted(realm)}${error}${scope === undefined ? '' : `, scope=${quoted(scope)}`}`;
}

/** A `quoted-string`; what cannot be in one is left out, so that no value can end the header. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^ -~]/g, '').replaceAll(/["\\]/g, '\\$&')}"`;
}
