/** Reads claims of a verified token. */

import type { VerifiedClaims } from './ports.ts';

/** The value at `path`, one step for each level; own properties of objects only. */
export function claimAt(claims: VerifiedClaims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, step) ? (value as Readonly<Record<string, unknown>>)[step] : undefined;
  }
  return value;
}

/** What a claim can be compared as: a string, number or boolean as its text, a list as those of its entries. */
export function claimTexts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    const text = scalarText(value);
    return text === undefined ? [] : [text];
  }
  return value.map(scalarText).filter((text) => text !== undefined);
}

/**
 * The value of a header that carries a claim; a list is joined by `,`. `undefined` where there is none: for an object,
 * for text that could break out of the header, and for a list entry that would pass for two.
 */
export function claimHeaderValue(value: unknown): string | undefined {
  if (!Array.isArray(value)) return headerText(value);
  const texts = value.map(headerText);
  const isSafe = texts.length > 0 && texts.every((text) => text !== undefined && !text.includes(','));
  return isSafe ? texts.join(',') : undefined;
}

/** The client that a token was issued to: `client_id`, else `azp`, else `sub` without a trailing `@clients`. */
export function tokenClientId(claims: VerifiedClaims): string | undefined {
  const id = ownText(claims, 'client_id') ?? ownText(claims, 'azp');
  if (id !== undefined) return id;
  const subject = ownText(claims, 'sub');
  return subject?.endsWith('@clients') === true ? subject.slice(0, -'@clients'.length) : subject;
}

function ownText(claims: VerifiedClaims, name: string): string | undefined {
  const value = claimAt(claims, [name]);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function scalarText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** Printable Latin-1: what Node writes as one byte a character, and no control bytes. */
function headerText(value: unknown): string | undefined {
  const text = scalarText(value);
  return text !== undefined && /^[\x20-\x7e\xa0-\xff]*$/.test(text) ? text : undefined;
}
