/** Reads manifests once, for commands that look at files and end. */

import { stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';

import type { SourceFault } from '../decode/source.ts';
import { createObjectStore } from '../decode/store.ts';
import type { Snapshot } from '../model/objects.ts';
import { findManifests } from './find-manifests.ts';
import { readManifest } from './manifest-file.ts';
import { mergeObjects } from './merge-manifests.ts';
import type { IgnoredObject, ParsedManifest } from './parse-manifest.ts';

export interface LoadedManifests {
  readonly snapshot: Snapshot;
  /** Where each object was found, by kind and key, such as `Ingress shop/orders`. */
  readonly locations: ReadonlyMap<string, string>;
  readonly ignored: readonly IgnoredObject[];
  readonly faults: readonly SourceFault[];
  /** How many files were read. */
  readonly files: number;
}

/** `paths` are files, whatever their names, and directories, searched as a source of manifests is. */
export async function loadManifests(paths: readonly string[]): Promise<LoadedManifests> {
  const { files, faults } = await expand(paths);
  const manifests: ParsedManifest[] = [];
  for (const file of files) manifests.push(await load(file));
  const merged = mergeObjects(manifests.flatMap(({ objects }) => objects));
  const store = createObjectStore();
  for (const { object } of merged.objects.values()) store.set(object);
  return {
    snapshot: store.snapshot(),
    locations: new Map(Array.from(merged.objects, ([name, { location }]) => [name, location])),
    ignored: manifests.flatMap(({ ignored }) => ignored),
    faults: [...faults, ...manifests.flatMap((manifest) => manifest.faults), ...merged.faults],
    files: files.length,
  };
}

async function expand(
  paths: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly faults: readonly SourceFault[] }> {
  const files = new Set<string>();
  const faults: SourceFault[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true) {
      files.add(normalize(path));
      continue;
    }
    const found = await findManifests(path);
    for (const name of found.files) files.add(join(path, name));
    faults.push(...found.faults);
    if (found.files.length === 0 && found.faults.length === 0) {
      faults.push({ location: path, message: 'holds no .yaml, .yml or .json file' });
    }
  }
  return { files: [...files], faults };
}

async function load(file: string): Promise<ParsedManifest> {
  const read = await readManifest(file, { name: file, settledForMs: 0 });
  if (read.kind === 'read') return read.manifest;
  return { objects: [], ignored: [], faults: [{ location: file, message: 'no such file' }] };
}
