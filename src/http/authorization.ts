/** Reads the Authorization header: Basic (RFC 7617) and Bearer (RFC 6750). */

import { Redacted } from '../model/redacted.ts';
import type { PolicyPlan } from '../model/table.ts';
import { malformed, NO_CREDENTIALS, presentedClient, type TakenCredentials } from './presented.ts';

/** What stands in for bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

/** A scheme that the policy does not take counts as no credentials. `lines`: the value of every line. */
export function authorizationCredentials(plan: PolicyPlan, lines: readonly string[]): TakenCredentials {
  const [line] = lines;
  if (line === undefined) return NO_CREDENTIALS;
  if (lines.length > 1) return malformed('Authorization must be sent at most once');
  const space = line.indexOf(' ');
  const scheme = (space === -1 ? line : line.slice(0, space)).toLowerCase();
  const credentials = space === -1 ? '' : line.slice(space).trim();
  if (scheme === 'basic' && plan.clientCredentials?.sources.includes('Basic') === true) {
    return basicCredentials(credentials);
  }
  return scheme === 'bearer' && plan.bearer ? bearerToken(credentials) : NO_CREDENTIALS;
}

function basicCredentials(base64: string): TakenCredentials {
  // `Buffer` skips what is not base64; two texts must not mean the same credentials by accident.
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return malformed('the Basic credentials must be base64');
  }
  const pair = Buffer.from(base64, 'base64').toString('utf8');
  if (pair.includes(REPLACEMENT)) return malformed('the Basic credentials must be UTF-8');
  const colon = pair.indexOf(':');
  if (colon === -1) return malformed('the Basic credentials must hold a colon');
  return presentedClient('Basic', pair.slice(0, colon), pair.slice(colon + 1));
}

/** `b64token` of RFC 6750, section 2.1. */
function bearerToken(token: string): TakenCredentials {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token)
    ? { kind: 'bearer', token: new Redacted(token) }
    : malformed('the Bearer credentials must be one token');
}
