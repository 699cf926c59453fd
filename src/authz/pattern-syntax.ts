/** Parses the text of a pattern; `linear-pattern.ts` says what it may hold. */

import { parseClass, parseEscape, type Accepts } from './pattern-class.ts';
import { cursorAt, fail, peek, takes, type Cursor } from './pattern-cursor.ts';

export type PatternNode =
  | { readonly kind: 'character'; readonly accepts: Accepts }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | RepeatNode;

export interface RepeatNode extends Repetition {
  readonly kind: 'repeat';
  readonly item: PatternNode;
}

interface Repetition {
  readonly min: number;
  /** `undefined`: without bound. */
  readonly max: number | undefined;
}

export type ParsedPattern =
  | { readonly kind: 'valid'; readonly node: PatternNode }
  | { readonly kind: 'invalid'; readonly fault: string };

const MAX_REPETITIONS = 100;

const LINE_FEED = 0x0a;

export function parsePattern(text: string): ParsedPattern {
  const cursor = cursorAt(text);
  takes(cursor, '^');
  const node = parseChoice(cursor);
  takes(cursor, '$');
  if (peek(cursor) !== undefined) fail(cursor, 'the ) closes no group');
  return cursor.fault === undefined ? { kind: 'valid', node } : { kind: 'invalid', fault: cursor.fault };
}

function parseChoice(cursor: Cursor): PatternNode {
  const first = parseSequence(cursor);
  if (peek(cursor) !== '|') return first;
  const options = [first];
  while (takes(cursor, '|')) options.push(parseSequence(cursor));
  return { kind: 'choice', options };
}

function parseSequence(cursor: Cursor): PatternNode {
  const items: PatternNode[] = [];
  while (!isSequenceEnd(cursor)) items.push(parseRepeat(cursor));
  return { kind: 'sequence', items };
}

function isSequenceEnd(cursor: Cursor): boolean {
  const next = peek(cursor);
  const isLast = cursor.at === cursor.characters.length - 1;
  return next === undefined || next === '|' || next === ')' || (next === '$' && isLast);
}

function parseRepeat(cursor: Cursor): PatternNode {
  const item = parseAtom(cursor);
  const repetition = parseRepetition(cursor);
  if (repetition === undefined) return item;
  // Lazy or greedy is all the same where the whole input must match.
  takes(cursor, '?');
  if (/^[*+?{]$/.test(peek(cursor) ?? '')) fail(cursor, 'a repetition must not follow a repetition');
  return { kind: 'repeat', item, ...repetition };
}

function parseRepetition(cursor: Cursor): Repetition | undefined {
  if (takes(cursor, '*')) return { min: 0, max: undefined };
  if (takes(cursor, '+')) return { min: 1, max: undefined };
  if (takes(cursor, '?')) return { min: 0, max: 1 };
  return takes(cursor, '{') ? parseBounds(cursor) : undefined;
}

/** `m}`, `m,}` or `m,n}`. */
function parseBounds(cursor: Cursor): Repetition {
  const end = cursor.characters.indexOf('}', cursor.at);
  const text = cursor.characters.slice(cursor.at, end === -1 ? cursor.at : end).join('');
  const match = /^([0-9]{1,3})(,?)([0-9]{0,3})$/.exec(text);
  const min = Number(match?.[1] ?? Number.NaN);
  const max = match?.[3] === '' ? (match[2] === '' ? min : undefined) : Number(match?.[3]);
  if (!(min <= MAX_REPETITIONS) || (max !== undefined && !(min <= max && max <= MAX_REPETITIONS))) {
    fail(cursor, `bounds must be {m}, {m,} or {m,n} with m <= n <= ${MAX_REPETITIONS}`);
    return { min: 0, max: 0 };
  }
  cursor.at = end + 1;
  return { min, max };
}

function parseAtom(cursor: Cursor): PatternNode {
  const character = peek(cursor) ?? '';
  if (/^[*+?{]$/.test(character)) fail(cursor, 'there is nothing to repeat');
  if (character === '^') fail(cursor, 'a ^ may only open the pattern');
  if (character === '$') fail(cursor, 'a $ may only close the pattern');
  if (takes(cursor, '(')) return parseGroup(cursor);
  if (takes(cursor, '[')) return { kind: 'character', accepts: parseClass(cursor) };
  if (takes(cursor, '\\')) return { kind: 'character', accepts: parseEscape(cursor) };
  if (takes(cursor, '.')) return { kind: 'character', accepts: (code) => code !== LINE_FEED };
  cursor.at += 1;
  const literal = character.codePointAt(0);
  return { kind: 'character', accepts: (code) => code === literal };
}

/** What follows a `(`, to the `)`. */
function parseGroup(cursor: Cursor): PatternNode {
  if (takes(cursor, '?') && !takes(cursor, ':')) fail(cursor, 'a group must be ( ) or (?: )');
  const node = parseChoice(cursor);
  if (!takes(cursor, ')')) fail(cursor, 'the group is not closed by )');
  return node;
}
