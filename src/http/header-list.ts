/** Reads headers as a list of alternating names and values. */

import { normaliseHeaderName } from './header-names.ts';

/** All lines of a header, joined by `, ` (RFC 9110, section 5.3). `name` is lower-case. */
export function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  let joined: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const rawName = rawHeaders[at] ?? '';
    // Comparing lengths first spares lower-casing every name.
    if (rawName.length !== name.length || rawName.toLowerCase() !== name) continue;
    const value = rawHeaders[at + 1] ?? '';
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

const NONE: readonly string[] = [];

/** The normalised names of headers that belong to one connection because `Connection`, all lines of it, says so. */
export function connectionOptions(value: string | undefined): readonly string[] {
  // What almost every request says; neither is the name of a header to drop that is not dropped anyway.
  if (value === undefined || value === 'keep-alive' || value === 'close') return NONE;
  return value.split(',').map((option) => normaliseHeaderName(option.trim()));
}

/** Whether a comma-separated list holds `item`, which is lower-case, with or without a weight. */
export function hasListItem(value: string, item: string): boolean {
  return value.split(',').some((entry) => entry.split(';', 1)[0]?.trim().toLowerCase() === item);
}

/** Whether a message leaves its connection open (RFC 9112, section 9.3). `connection`: all lines of the header. */
export function isPersistent(connection: string | undefined, isHttp11: boolean): boolean {
  if (connection === undefined || connection === 'keep-alive') return isHttp11 || connection !== undefined;
  if (hasListItem(connection, 'close')) return false;
  return isHttp11 || hasListItem(connection, 'keep-alive');
}
