/** Parses what stands for one character in a pattern: classes and escapes. */

import { fail, peek, takes, type Cursor } from './pattern-cursor.ts';

/** Whether a code point is accepted. */
export type Accepts = (code: number) => boolean;

/** First and last code point. */
type Range = readonly [first: number, last: number];

const ESCAPED_CLASSES: Readonly<Record<string, readonly Range[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
};

const ESCAPED_CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09 };

const LAST_CODE_POINT = 0x10_ffff;

/** What follows a `\`: one of the classes, a control character, or punctuation that stands for itself. */
export function parseEscape(cursor: Cursor): Accepts {
  return within(escapedRanges(cursor));
}

/** What follows a `[`, to the `]`. */
export function parseClass(cursor: Cursor): Accepts {
  const isNegated = takes(cursor, '^');
  const ranges: Range[] = [];
  for (let next = peek(cursor); next !== ']'; next = peek(cursor)) {
    if (next === undefined) {
      fail(cursor, 'the class is not closed by ]');
      break;
    }
    ranges.push(...parseItem(cursor));
  }
  if (ranges.length === 0) fail(cursor, 'the class must hold a character');
  takes(cursor, ']');
  const accepts = within(ranges);
  return isNegated ? (code) => !accepts(code) : accepts;
}

/** One character, an escape, or a range. */
function parseItem(cursor: Cursor): readonly Range[] {
  const from = itemRanges(cursor);
  const isRange = peek(cursor) === '-' && cursor.characters[cursor.at + 1] !== ']';
  if (!isRange) return from;
  cursor.at += 1;
  const first = singleOf(from);
  const last = singleOf(itemRanges(cursor));
  if (first !== undefined && last !== undefined && first <= last) return [[first, last]];
  fail(cursor, 'a range must go from one character to one that is not before it');
  return [];
}

function itemRanges(cursor: Cursor): readonly Range[] {
  if (takes(cursor, '\\')) return escapedRanges(cursor);
  const character = peek(cursor);
  if (character === undefined || character === '[') {
    fail(cursor, 'a [ in a class must be escaped');
    return [];
  }
  cursor.at += 1;
  return only(character);
}

function escapedRanges(cursor: Cursor): readonly Range[] {
  const character = peek(cursor) ?? '';
  const ranges = rangesOfEscape(character);
  if (ranges.length === 0)
    fail(cursor, 'the escape is not one of \\d \\w \\s \\D \\W \\S \\n \\r \\t or punctuation');
  else cursor.at += 1;
  return ranges;
}

function rangesOfEscape(character: string): readonly Range[] {
  if (/^[!-/:-@[-`{-~]$/.test(character)) return only(character);
  const control = ESCAPED_CONTROLS[character];
  if (control !== undefined) return [[control, control]];
  const named = ESCAPED_CLASSES[character];
  if (named !== undefined) return named;
  const negated = ESCAPED_CLASSES[character.toLowerCase()];
  return negated === undefined ? [] : complement(negated);
}

/** `ranges` are in order and do not touch. */
function complement(ranges: readonly Range[]): readonly Range[] {
  const starts = [0, ...ranges.map(([, last]) => last + 1)];
  const ends = [...ranges.map(([first]) => first - 1), LAST_CODE_POINT];
  return starts.map((start, index): Range => [start, ends[index] ?? LAST_CODE_POINT]);
}

function only(character: string): readonly Range[] {
  const code = character.codePointAt(0) ?? 0;
  return [[code, code]];
}

function singleOf(ranges: readonly Range[]): number | undefined {
  const [range, ...more] = ranges;
  return range !== undefined && more.length === 0 && range[0] === range[1] ? range[0] : undefined;
}

function within(ranges: readonly Range[]): Accepts {
  return (code) => ranges.some(([first, last]) => first <= code && code <= last);
}
