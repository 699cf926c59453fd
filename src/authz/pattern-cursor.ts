/** A place in the text of a pattern, and the first fault that was found on the way. */

export interface Cursor {
  /** One entry for each code point. */
  readonly characters: readonly string[];
  at: number;
  fault: string | undefined;
}

export function cursorAt(text: string): Cursor {
  return { characters: Array.from(text), at: 0, fault: undefined };
}

/** `undefined` at the end. */
export function peek(cursor: Cursor): string | undefined {
  return cursor.characters[cursor.at];
}

/** Steps over `character` where it is next. */
export function takes(cursor: Cursor, character: string): boolean {
  if (peek(cursor) !== character) return false;
  cursor.at += 1;
  return true;
}

/** Notes the first fault and ends the parse. `at` counts from 1 in the message. */
export function fail(cursor: Cursor, fault: string): void {
  cursor.fault ??= `${fault} (character ${cursor.at + 1})`;
  cursor.at = cursor.characters.length;
}
