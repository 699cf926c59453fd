/** A directory of manifests as the source of objects: read at once, then followed. */

import { relative, sep } from 'node:path';

import { watch, type FSWatcher } from 'chokidar';

import type { ObjectSource, OnChange, SourceFault } from '../decode/source.ts';
import { createObjectStore } from '../decode/store.ts';
import { objectKey, type Snapshot } from '../model/objects.ts';
import type { Logger } from '../telemetry/ports.ts';
import { FileStates } from './file-states.ts';
import { mergeObjects } from './merge-manifests.ts';
import type { LocatedObject } from './parse-manifest.ts';

/** A file that changed less than this ago may be half-written; events of one save come within it. */
const SETTLE_MS = 50;

/** Changes on a network file system that another machine made raise no event here. */
const RESCAN_MS = 30_000;

/** A directory that is not there yet is looked for more often. */
const RETRY_MS = 1_000;

export interface FileSourceOptions {
  readonly directory: string;
  readonly logger: Logger;
  readonly onChange: OnChange;
}

/**
 * Reads every `.yaml`, `.yml` and `.json` file under `directory`. A file that becomes unreadable keeps the objects that
 * it had and is a fault until it is mended; a file that is deleted takes its objects with it. `synced` waits for the
 * directory to exist.
 */
export function openFileSource(options: FileSourceOptions): ObjectSource {
  return new FileSource(options);
}

class FileSource implements ObjectSource {
  readonly synced: Promise<void>;
  readonly #options: FileSourceOptions;
  readonly #store = createObjectStore();
  readonly #states: FileStates;
  readonly #watcher: FSWatcher;
  #objects: ReadonlyMap<string, LocatedObject> = new Map();
  /** Of objects that several files declare. */
  #mergeFaults: readonly SourceFault[] = [];
  #faults: readonly SourceFault[] = [];
  #watchFault: SourceFault | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #scanning: Promise<void>;
  #resolveSynced: () => void = () => {};
  #hasSynced = false;
  #isClosed = false;

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#states = new FileStates(options.directory);
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
    this.#watcher = watch(options.directory, {
      ignoreInitial: true,
      ignored: (path) => isIgnored(options.directory, path),
    });
    this.#watcher.on('all', () => this.#scanWithin(SETTLE_MS));
    // What changed while the watches were being set up.
    this.#watcher.on('ready', () => this.#scanWithin(0));
    this.#watcher.on('error', (error) => this.#watchFailed(error));
    this.#scanning = this.#scan(0);
  }

  snapshot(): Snapshot {
    return this.#store.snapshot();
  }

  faults(): readonly SourceFault[] {
    return this.#faults;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#watcher.close();
    await this.#scanning;
  }

  /** One scan at a time; the earliest one that is wanted counts. */
  #scanWithin(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (this.#isClosed || atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#scanning = this.#scanning.then(() => this.#scan(SETTLE_MS));
    }, delayMs);
  }

  async #scan(settledForMs: number): Promise<void> {
    if (this.#isClosed) return;
    const { isChanged, isUnsettled, isListed } = await this.#states.scan(settledForMs);
    this.#publish(isChanged);
    if (isListed && !this.#hasSynced) {
      this.#hasSynced = true;
      this.#resolveSynced();
    }
    this.#scanWithin(isUnsettled ? SETTLE_MS : isListed ? RESCAN_MS : RETRY_MS);
  }

  #publish(isChanged: boolean): void {
    // The log of something else in the directory may wake us many times a second.
    const isObjectChanged = isChanged && this.#replaceObjects();
    const watchFaults = this.#watchFault === undefined ? [] : [this.#watchFault];
    const isFaultChanged = this.#report([...this.#states.faults(), ...this.#mergeFaults, ...watchFaults]);
    if (isObjectChanged || isFaultChanged) this.#options.onChange();
  }

  /** @returns whether there is a difference that matters */
  #replaceObjects(): boolean {
    const merged = mergeObjects(this.#states.objects());
    const before = this.#objects;
    this.#objects = merged.objects;
    this.#mergeFaults = merged.faults;
    let isChanged = false;
    for (const [name, { object }] of before) {
      if (merged.objects.has(name)) continue;
      if (this.#store.delete(object.kind, objectKey(object.decoded.meta))) isChanged = true;
    }
    for (const { object } of merged.objects.values()) if (this.#store.set(object)) isChanged = true;
    return isChanged;
  }

  /** Logs faults when they appear and when they are gone. @returns whether there is a difference. */
  #report(faults: readonly SourceFault[]): boolean {
    const { logger } = this.#options;
    const before = new Map(this.#faults.map((fault) => [`${fault.location} ${fault.message}`, fault]));
    const now = new Map(faults.map((fault) => [`${fault.location} ${fault.message}`, fault]));
    const appeared = [...now].filter(([key]) => !before.has(key));
    const mended = [...before].filter(([key]) => !now.has(key));
    for (const [, { location, message }] of appeared) logger.error({ location }, message);
    for (const [, { location, message }] of mended) logger.info({ location }, `mended: ${message}`);
    this.#faults = faults;
    return appeared.length > 0 || mended.length > 0;
  }

  #watchFailed(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    const message = `cannot be watched, changes are found every ${RESCAN_MS / 1_000} s: ${cause}`;
    this.#watchFault = { location: this.#options.directory, message };
    this.#scanWithin(0);
  }
}

/** Hidden directories are not entered, but those of a mounted ConfigMap, whose `..data` tells of a change. */
function isIgnored(directory: string, path: string): boolean {
  return relative(directory, path)
    .split(sep)
    .some((name) => name.startsWith('.') && !name.startsWith('..'));
}
