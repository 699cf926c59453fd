/** What reading the value of an annotation gives, and the simple forms that values have. */

import { parseDuration } from '../../model/duration.ts';

export type Reading<T> =
  | { readonly kind: 'valid'; readonly value: T }
  /** Says what was expected: `must be true or false`. */
  | { readonly kind: 'invalid'; readonly message: string };

export interface DurationBounds {
  readonly min: string;
  readonly max: string;
}

export function valid<T>(value: T): Reading<T> {
  return { kind: 'valid', value };
}

export function invalid(message: string): Reading<never> {
  return { kind: 'invalid', message };
}

export function readToggle(text: string): Reading<boolean> {
  return text === 'true' || text === 'false' ? valid(text === 'true') : invalid('must be true or false');
}

/** One of `words`, as it is written. */
export function readWord<const T extends string>(text: string, words: readonly T[]): Reading<T> {
  const found = words.find((word) => word === text);
  return found === undefined ? invalid(`must be one of ${words.join(', ')}`) : valid(found);
}

/** In milliseconds, both bounds included. */
export function readDuration(text: string, { min, max }: DurationBounds): Reading<number> {
  const ms = parseDuration(text);
  const isWithin = ms !== undefined && ms >= boundMs(min) && ms <= boundMs(max);
  return isWithin ? valid(ms) : invalid(`must be a duration from ${min} to ${max}, such as 500ms, 10s or 5m`);
}

/** At least one entry and at most `max`, separated by commas, each accepted by `read`. */
export function readList<T>(
  text: string,
  max: number,
  read: (entry: string) => Reading<T>,
): Reading<readonly T[]> {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > max) return invalid(`must have at most ${max} entries`);
  const values: T[] = [];
  for (const entry of entries) {
    const reading = read(entry);
    if (reading.kind === 'invalid') return invalid(`entry ${JSON.stringify(entry)} ${reading.message}`);
    values.push(reading.value);
  }
  return valid(values);
}

function boundMs(duration: string): number {
  return parseDuration(duration) ?? 0;
}
