/** What is known of each file of a directory, scan after scan: its last good version stays while a newer one cannot be read. */

import { join } from 'node:path';

import type { SourceFault } from '../decode/source.ts';
import { findManifests } from './find-manifests.ts';
import { readManifest } from './manifest-file.ts';
import type { LocatedObject, ParsedManifest } from './parse-manifest.ts';

interface FileState {
  readonly stamp: string;
  /** The objects that count. */
  readonly objects: readonly LocatedObject[];
  /** Whether they come from a version without faults. */
  readonly isGood: boolean;
  readonly faults: readonly SourceFault[];
  /** It was not there at the last scan: an editor may be about to put its successor in place. */
  readonly isMissing: boolean;
}

export interface ScanResult {
  /** Whether a file was read anew or is gone. */
  readonly isChanged: boolean;
  /** Some files are being written or replaced: scan again soon. */
  readonly isUnsettled: boolean;
  /** Whether the directory itself could be listed. */
  readonly isListed: boolean;
}

export class FileStates {
  readonly #directory: string;
  readonly #states = new Map<string, FileState>();
  #directoryFaults: readonly SourceFault[] = [];
  #isChanged = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  faults(): readonly SourceFault[] {
    return [...this.#directoryFaults, ...this.#sorted().flatMap(({ faults }) => faults)];
  }

  /** In the order of the names of the files. */
  objects(): readonly LocatedObject[] {
    return this.#sorted().flatMap(({ objects }) => objects);
  }

  /** Reads what has changed. `settledForMs`: how old a change must be to be looked at. */
  async scan(settledForMs: number): Promise<ScanResult> {
    const { files, unreadable, faults } = await findManifests(this.#directory);
    this.#directoryFaults = faults;
    this.#isChanged = false;
    let isUnsettled = false;
    for (const name of files) if (!(await this.#read(name, settledForMs))) isUnsettled = true;
    const present = new Set(files);
    const isHidden = (name: string): boolean =>
      unreadable.some((place) => place === '' || name.startsWith(`${place}/`));
    for (const name of this.#states.keys()) {
      if (!present.has(name) && !isHidden(name) && this.#miss(name)) isUnsettled = true;
    }
    return { isChanged: this.#isChanged, isUnsettled, isListed: !unreadable.includes('') };
  }

  /** @returns `false` when the file is being written. */
  async #read(name: string, settledForMs: number): Promise<boolean> {
    const before = this.#states.get(name);
    const known = before?.stamp;
    const read = await readManifest(join(this.#directory, name), { name, known, settledForMs });
    if (read.kind === 'unsettled') return false;
    if (read.kind === 'missing') return before === undefined || !this.#miss(name);
    if (read.kind === 'read') {
      this.#states.set(name, nextState(before, read.stamp, read.manifest));
      this.#isChanged = true;
    } else if (before?.isMissing === true) this.#states.set(name, { ...before, isMissing: false });
    return true;
  }

  /** A file is gone when two scans in a row miss it. @returns whether it is still given time. */
  #miss(name: string): boolean {
    const state = this.#states.get(name);
    if (state === undefined || state.isMissing) {
      this.#isChanged = this.#states.delete(name) || this.#isChanged;
      return false;
    }
    this.#states.set(name, { ...state, isMissing: true });
    return true;
  }

  #sorted(): readonly FileState[] {
    return [...this.#states].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
  }
}

/**
 * A version with faults leaves what the last good one gave: to drop an object that cannot be read would open or close
 * routes that nobody meant. Where there was no good version, what can be read counts.
 */
function nextState(before: FileState | undefined, stamp: string, manifest: ParsedManifest): FileState {
  const { objects, faults } = manifest;
  const isGood = faults.length === 0;
  if (isGood || before?.isGood !== true) return { stamp, objects, isGood, faults, isMissing: false };
  return { ...before, stamp, faults, isMissing: false };
}
