/** Compares the scopes that a token was granted with those that are required. */

import { claimAt } from './claims.ts';
import type { VerifiedClaims } from './ports.ts';

const SPACE = ' ';

/** The entries of `required` that the claim does not satisfy; an entry of several words asks for any one of them. */
export function missingScopes(
  claims: VerifiedClaims,
  claim: string,
  required: readonly string[],
): readonly string[] {
  if (required.length === 0) return required;
  const granted = claimAt(claims, [claim]);
  return required.filter((entry) => !isGranted(granted, entry));
}

/** Scopes that would satisfy `required`, for the `scope` of a challenge: the first word of each entry. */
export function sufficientScope(required: readonly string[]): string {
  return [...new Set(required.map(firstWord))].join(SPACE);
}

function firstWord(entry: string): string {
  const space = entry.indexOf(SPACE);
  return space === -1 ? entry : entry.slice(0, space);
}

function isGranted(granted: unknown, entry: string): boolean {
  if (!entry.includes(SPACE)) return holds(granted, entry);
  return entry.split(SPACE).some((scope) => holds(granted, scope));
}

/** `granted`: text of scopes separated by spaces (RFC 8693, section 4.2), or a list of them. */
function holds(granted: unknown, scope: string): boolean {
  if (Array.isArray(granted)) return granted.includes(scope);
  return typeof granted === 'string' && hasWord(granted, scope);
}

function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    const isStart = at === 0 || text[at - 1] === SPACE;
    if (isStart && (end === text.length || text[end] === SPACE)) return word !== '';
  }
  return false;
}
