/** The headers by which the upstream learns who the caller is: the token, and claims of it. */

import { claimAt, claimHeaderValue } from '../authz/claims.ts';
import type { Grant } from '../authz/ports.ts';
import { fieldLines } from '../http/field-lines.ts';
import { normaliseHeaderName } from '../http/header-names.ts';
import type { PolicyPlan } from '../model/table.ts';

export interface Identity {
  /** Alternating names and values. */
  readonly headers: readonly string[];
  /** Normalised. */
  readonly names: readonly string[];
  /** The same as the lines of a head. */
  readonly lines: string;
}

export type IdentityOf = (plan: PolicyPlan, grant: Grant) => Identity;

export const NOBODY: Identity = { headers: [], names: [], lines: '' };

/** What would end a header line, or is no byte in latin1: written as latin1, U+010A would become a line feed. */
const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/;

/** Remembers the headers of a grant, which serves many requests, for the policy that asked last. */
export function createIdentityOf(): IdentityOf {
  const known = new WeakMap<Grant, { readonly plan: PolicyPlan; readonly identity: Identity }>();
  return (plan, grant) => {
    const last = known.get(grant);
    if (last?.plan === plan) return last.identity;
    const headers = identityHeaders(plan, grant);
    const names = headers.filter((_, at) => at % 2 === 0).map(normaliseHeaderName);
    const identity = { headers, names, lines: fieldLines(headers) };
    known.set(grant, { plan, identity });
    return identity;
  };
}

function identityHeaders({ upstream }: PolicyPlan, { token, claims }: Grant): readonly string[] {
  const headers: string[] = [];
  if (upstream.token.kind === 'bearer') headers.push('Authorization', `Bearer ${safe(token)}`);
  else if (upstream.token.kind === 'header') headers.push(upstream.token.header, safe(token));
  for (const { header, claim } of upstream.claimHeaders) {
    const value = claimHeaderValue(claimAt(claims, claim));
    if (value !== undefined) headers.push(header, safe(value));
  }
  return headers;
}

function safe(value: string): string {
  if (UNSAFE.test(value)) throw new Error('a header of the gateway would hold a character that it may not');
  return value;
}
