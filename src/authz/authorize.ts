/** Decides whether a client and its verified token satisfy what a policy requires of a request. */

import type { PolicyPlan, Requirements } from '../model/table.ts';
import { claimHolds } from './claim-operators.ts';
import { claimAt, tokenClientId } from './claims.ts';
import type { VerifiedClaims } from './ports.ts';
import { requirementsOf, type RequestLine } from './requirements.ts';
import { missingScopes, sufficientScope } from './scopes.ts';

export type { RequestLine };

interface Denial {
  readonly kind: 'deny';
  readonly reason: 'ClientNotAllowed' | 'InsufficientScope' | 'AudienceMismatch' | 'ClaimMismatch';
  /** For the caller: names scopes and claims that are missing, never the value of a claim. */
  readonly detail: string;
  /** With `InsufficientScope`: scopes that would suffice, for the challenge. */
  readonly requiredScope: string | undefined;
}

export type Verdict = { readonly kind: 'allow' } | Denial;

const ALLOW: Verdict = { kind: 'allow' };

/** `clientId`: the one that was presented; with a bearer token `undefined`, then the token says. */
export function authorize(
  plan: PolicyPlan,
  claims: VerifiedClaims,
  clientId: string | undefined,
  request: RequestLine,
): Verdict {
  const all = requirementsOf(plan, request);
  const client = clientId ?? tokenClientId(claims);
  return (
    clientDenial(all, client) ??
    audienceDenial(plan, claims) ??
    scopeDenial(all, claims) ??
    claimDenial(all, claims) ??
    ALLOW
  );
}

export type Authorize = typeof authorize;

/** As {@link authorize}; remembers the verdict on a token that serves many requests, under the plan that asked last. */
export function createAuthorize(): Authorize {
  const known = new WeakMap<
    VerifiedClaims,
    { readonly plan: PolicyPlan; readonly clientId: string | undefined; readonly verdict: Verdict }
  >();
  return (plan, claims, clientId, request) => {
    // Only rules look at the request.
    if (plan.rules.length > 0) return authorize(plan, claims, clientId, request);
    const last = known.get(claims);
    if (last?.plan === plan && last.clientId === clientId) return last.verdict;
    const verdict = authorize(plan, claims, clientId, request);
    known.set(claims, { plan, clientId, verdict });
    return verdict;
  };
}

/** Before any call to the provider: `require.clients` of the policy and of the rule that matches. */
export function mayClientCall(plan: PolicyPlan, clientId: string, request: RequestLine): Verdict {
  return clientDenial(requirementsOf(plan, request), clientId) ?? ALLOW;
}

function clientDenial(all: readonly Requirements[], clientId: string | undefined): Denial | undefined {
  const isAllowed = all.every(
    ({ clients }) => clients.length === 0 || (clientId !== undefined && clients.includes(clientId)),
  );
  return isAllowed
    ? undefined
    : deny('ClientNotAllowed', 'the client is not on the allow-list of the policy');
}

function audienceDenial({ audiences }: PolicyPlan, claims: VerifiedClaims): Denial | undefined {
  if (audiences.length === 0) return undefined;
  const granted = claimAt(claims, ['aud']);
  const isMet = Array.isArray(granted)
    ? granted.some((audience) => audiences.includes(audience))
    : typeof granted === 'string' && audiences.includes(granted);
  return isMet ? undefined : deny('AudienceMismatch', 'the token is for none of the audiences of the policy');
}

function scopeDenial(all: readonly Requirements[], claims: VerifiedClaims): Denial | undefined {
  const missing = all.flatMap(({ scopes, scopesClaim }) => missingScopes(claims, scopesClaim, scopes));
  if (missing.length === 0) return undefined;
  const listed = [...new Set(missing)].map((entry) => `"${entry.replaceAll(' ', '" or "')}"`).join(', ');
  const required = sufficientScope(all.flatMap(({ scopes }) => scopes));
  return { ...deny('InsufficientScope', `the token lacks the scope ${listed}`), requiredScope: required };
}

function claimDenial(all: readonly Requirements[], claims: VerifiedClaims): Denial | undefined {
  for (const { claims: required } of all) {
    const failed = required.find((requirement) => !claimHolds(claims, requirement));
    if (failed !== undefined) {
      return deny('ClaimMismatch', `the claim "${failed.path.join('.')}" is not what the policy requires`);
    }
  }
  return undefined;
}

function deny(reason: Denial['reason'], detail: string): Denial {
  return { kind: 'deny', reason, detail, requiredScope: undefined };
}
