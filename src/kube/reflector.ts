/** Keeps one kind in step with the API server: LIST, then WATCH for ever, whatever happens in between. */

import { KINDS } from '../decode/kinds.ts';
import type { RawObject } from '../decode/metadata.ts';
import { objectKey, type ObjectKey } from '../model/objects.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import { ApiFailure } from './api-failure.ts';
import { createBackoff } from './backoff.ts';
import { pause, type Clock } from './clock.ts';
import { Unreachable, type KubeHttp } from './http.ts';
import { listPages, type Selection } from './list.ts';
import { watchEvents, type WatchEvent } from './watch.ts';

/** After so many failures in a row a version that the server keeps refusing is given up for a new list. */
const FAILURES_BEFORE_RELIST = 5;

export type Change =
  | { readonly kind: 'set'; readonly key: ObjectKey; readonly object: RawObject }
  | { readonly kind: 'deleted'; readonly key: ObjectKey };

export interface ReflectorOptions {
  readonly http: KubeHttp;
  readonly selection: Selection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: WatchTelemetry;
  /** Told of each change once, in order. What it throws is logged and stops nothing. */
  readonly onChange: (change: Change) => void;
  /** Told when {@link Reflector.fault} changes. */
  readonly onFault: () => void;
}

/** A watch with a life of its own; it ends only by {@link Reflector.close}. */
export class Reflector {
  /** Resolves when everything that exists has been told once. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** What has been told: by key the UID and version of the object. */
  readonly #known = new Map<ObjectKey, string>();
  #resolveSynced: () => void = () => {};
  #version: string | undefined;
  #fault: string | undefined;
  #hasSynced = false;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
    this.#running = this.#run();
  }

  /** Why the objects may be out of date; `undefined` while the watch is open. */
  get fault(): string | undefined {
    return this.#fault;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    const backoff = createBackoff(clock);
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list(signal);
        await this.#watch(this.#version, signal);
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = this.#delayAfter(error, backoff.failed(), backoff.failures());
        this.#report(error, waitMs);
        await pause(clock, waitMs, signal);
      }
    }
  }

  /** Decides from where to go on after `error`, and when. */
  #delayAfter(error: unknown, backoffMs: number, failures: number): number {
    const status = error instanceof ApiFailure ? error.status : 0;
    const isExpired = status === 410;
    if (isExpired || (failures >= FAILURES_BEFORE_RELIST && !(error instanceof Unreachable))) {
      this.#version = undefined;
    }
    if (isExpired && failures === 1) return 0;
    return (error instanceof ApiFailure ? error.retryAfterMs : undefined) ?? backoffMs;
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { http, selection, telemetry } = this.#options;
    if (this.#hasSynced) telemetry.relisted(selection.kind);
    const seen = new Set<ObjectKey>();
    let version = '';
    for await (const { items, resourceVersion } of listPages(http, selection, signal)) {
      for (const object of items) seen.add(this.#set(object));
      version = resourceVersion;
    }
    // Deletions that no watch told of.
    for (const key of this.#known.keys()) if (!seen.has(key)) this.#delete(key);
    this.#hasSynced = true;
    this.#recovered();
    this.#resolveSynced();
    return version;
  }

  async #watch(fromVersion: string, signal: AbortSignal): Promise<void> {
    const { http, selection, clock, telemetry } = this.#options;
    const onOpen = (): void => this.#recovered();
    telemetry.reconnected(selection.kind);
    for await (const event of watchEvents({ http, selection, fromVersion, clock, signal, onOpen })) {
      this.#apply(event);
      this.#version = event.resourceVersion;
      telemetry.eventReceived(selection.kind, clock.nowMs());
    }
  }

  #apply({ type, object }: WatchEvent): void {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#set(object);
        break;
      case 'DELETED':
        this.#delete(identityOf(object).key);
        break;
      case 'BOOKMARK':
        break;
    }
  }

  #set(object: RawObject): ObjectKey {
    const { key, stamp } = identityOf(object);
    if (this.#known.get(key) !== stamp) {
      this.#known.set(key, stamp);
      this.#tell({ kind: 'set', key, object });
    }
    return key;
  }

  #delete(key: ObjectKey): void {
    if (this.#known.delete(key)) this.#tell({ kind: 'deleted', key });
  }

  #tell(change: Change): void {
    const { onChange, logger, selection } = this.#options;
    try {
      onChange(change);
    } catch (error) {
      logger.error({ err: error, kind: selection.kind, object: change.key }, 'a change could not be handled');
    }
  }

  #report(error: unknown, retryInMs: number): void {
    const { logger, selection, onFault } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    const fields = { kind: selection.kind, cause: message, retryInMs: Math.round(retryInMs) };
    if (message === this.#fault || retryInMs === 0) {
      logger.debug(fields, 'watch interrupted');
    } else {
      logger.warn(fields, 'watch interrupted');
    }
    this.#fault = message;
    onFault();
  }

  #recovered(): void {
    if (this.#fault === undefined) return;
    const { logger, selection, onFault } = this.#options;
    logger.info({ kind: selection.kind }, `watching ${KINDS[selection.kind].plural} again`);
    this.#fault = undefined;
    onFault();
  }
}

/** The key of an object, and what differs between any two states of it. */
function identityOf({ metadata }: RawObject): { readonly key: ObjectKey; readonly stamp: string } {
  const { namespace, name, uid, resourceVersion } = (metadata ?? {}) as Readonly<
    Record<string, string | undefined>
  >;
  return {
    key: objectKey({ namespace: namespace ?? '', name: name ?? '' }),
    stamp: `${uid}/${resourceVersion}`,
  };
}
