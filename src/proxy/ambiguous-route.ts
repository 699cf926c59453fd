/** Paths that lead to one route as they are sent, and to another as a service reads them. */

import { pathReadings, readingMatches } from '../authz/path-readings.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { Match, Matcher } from '../match/matcher.ts';

/**
 * Whether the path, decoded and without parameters and doubled slashes, is that of another route: `//admin` on an open `/`
 * is `/admin` to many a service, whose policy would then not have been asked. A route whose own path is written encoded
 * is no other one.
 */
export function isAmbiguous(matcher: Matcher, { host, path }: RequestHead, { route }: Match): boolean {
  const [, reading] = pathReadings(path);
  if (reading === undefined) return false;
  const other = matcher.match(host, reading)?.route;
  if (other === undefined || other === route) return false;
  const own = pathReadings(route.path).at(-1) ?? '';
  return !(readingMatches(route, reading) && own.length > other.path.length);
}
