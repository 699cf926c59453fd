/** Finds the manifest files under a directory. */

import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

import type { SourceFault } from '../decode/source.ts';

/** Files beyond this number are not read. */
const MAX_FILES = 10_000;

/** Directories beyond this depth are not entered. */
const MAX_DEPTH = 32;

const EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

export interface FoundManifests {
  /** Paths relative to the directory, with `/`, sorted. */
  readonly files: readonly string[];
  /** Relative directories that exist but cannot be listed: what is in them is unknown, not gone. */
  readonly unreadable: readonly string[];
  readonly faults: readonly SourceFault[];
}

/**
 * Follows symbolic links. Names that begin with a dot are passed over: locks and swap files of editors, and `..data` with
 * its kin in a mounted ConfigMap, whose files are linked under their own names beside it.
 */
export async function findManifests(directory: string): Promise<FoundManifests> {
  const files: string[] = [];
  const unreadable: string[] = [];
  const faults: SourceFault[] = [];
  const entered = new Set<string>();

  async function enter(place: string, depth: number): Promise<void> {
    try {
      const real = await realpath(join(directory, place));
      // A link to a directory above it would be followed for ever.
      if (entered.has(real) || depth > MAX_DEPTH || files.length > MAX_FILES) return;
      entered.add(real);
      const names = await readdir(real);
      for (const name of names.toSorted()) if (!name.startsWith('.')) await visit(place, name, depth);
    } catch (error) {
      // One that vanished meanwhile is gone with its files; the root must not vanish.
      if (place !== '' && codeOf(error) === 'ENOENT') return;
      unreadable.push(place);
      faults.push({ location: place === '' ? directory : place, message: describe(error) });
    }
  }

  async function visit(place: string, name: string, depth: number): Promise<void> {
    const path = place === '' ? name : `${place}/${name}`;
    // A dangling link is no manifest.
    const stats = await stat(join(directory, path)).catch(() => undefined);
    if (stats?.isDirectory() === true) await enter(path, depth + 1);
    else if (stats?.isFile() === true && isManifestName(name)) files.push(path);
  }

  await enter('', 0);
  if (files.length > MAX_FILES) {
    faults.push({ location: directory, message: `holds more than ${MAX_FILES} files; the rest is not read` });
  }
  return { files: files.toSorted().slice(0, MAX_FILES), unreadable, faults };
}

function isManifestName(name: string): boolean {
  return EXTENSIONS.has(extname(name).toLowerCase());
}

function describe(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'no such directory';
    case 'ENOTDIR':
      return 'must be a directory';
    case 'EACCES':
      return 'permission denied';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
