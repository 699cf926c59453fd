/** Annotations of the CORS protocol. */

import { HEADER_NAME } from './headers.ts';
import { invalid, readDuration, readList, valid, type Reading } from './reading.ts';

const MAX_ORIGINS = 64;
const MAX_NAMES = 64;
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Exact origins, `https://*.example.com`, or `*` alone. */
export function readOrigins(text: string): Reading<readonly string[]> {
  if (text.trim() === '*') return valid(['*']);
  return readList(text, MAX_ORIGINS, (entry) =>
    isOrigin(entry.replace('://*.', '://any.'))
      ? valid(entry)
      : invalid('must be an origin such as https://app.example.com or https://*.example.com, in lower case'),
  );
}

export function readMethods(text: string): Reading<readonly string[]> {
  return readList(text, MAX_NAMES, (entry) =>
    METHODS.includes(entry) ? valid(entry) : invalid(`must be one of ${METHODS.join(', ')}`),
  );
}

/** Lower-case. */
export function readHeaderNames(text: string): Reading<readonly string[]> {
  return readList(text, MAX_NAMES, (entry) =>
    HEADER_NAME.test(entry)
      ? valid(entry.toLowerCase())
      : invalid('must be the name of a header: letters, digits and -'),
  );
}

/** In seconds. */
export function readMaxAge(text: string): Reading<number> {
  const reading = readDuration(text, { min: '0s', max: '24h' });
  return reading.kind === 'valid' ? valid(Math.floor(reading.value / 1_000)) : reading;
}

/** As browsers send it: no path, no default port. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.parse(text)?.origin === text;
}
