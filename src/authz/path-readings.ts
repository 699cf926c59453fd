/** How a service may read a path: as sent, or decoded, without path parameters and doubled slashes. */

import { pathMatches } from '../model/path-pattern.ts';
import type { PathPattern } from '../model/table.ts';

/**
 * The path as sent, and as a service sees it that decodes it, merges slashes and drops `;parameters`, where that
 * differs. `/v1/orders%3Acancel`, `//admin` and `/admin;x` are `/v1/orders:cancel` and `/admin` to many a service; a
 * requirement that only the bytes decide about could be dodged.
 */
export function pathReadings(path: string): readonly string[] {
  if (!path.includes('%') && !path.includes(';') && !path.includes('//')) return [path];
  const read = canonical(path);
  return read === path ? [path] : [path, read];
}

/** Whether a pattern, which may be written encoded, covers one of {@link pathReadings}. */
export function readingMatches(pattern: PathPattern, reading: string): boolean {
  if (pathMatches(pattern, reading)) return true;
  if (!pattern.path.includes('%')) return false;
  return pathMatches({ path: canonical(pattern.path), pathType: pattern.pathType }, reading);
}

function canonical(path: string): string {
  return decoded(path.replaceAll(/;[^/]*/g, '').replaceAll(/\/{2,}/g, '/'));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not UTF-8: decoded byte by byte it still is ASCII where ASCII was meant.
    return path.replaceAll(/%[0-7][0-9A-Fa-f]/g, (escape) => decodeURIComponent(escape));
  }
}
