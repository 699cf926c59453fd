/** Keeps one kind in step with the API server: LIST, then WATCH for ever, whatever happens in between. */

import { KINDS } from '../decode/kinds.ts';
import type { RawObject } from '../decode/metadata.ts';
import type { Clock } from '../model/clock.ts';
import { objectKey, type ObjectKey } from '../model/objects.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import { ApiFailure, causeOf } from './api-failure.ts';
import { createBackoff } from './backoff.ts';
import { Unreachable, type KubeHttp } from './http.ts';
import { listPages, type Selection } from './list.ts';
import { pause } from './pause.ts';
import { isOlder } from './resource-version.ts';
import { watchEvents, type WatchEvent } from './watch.ts';

/** After so many failures in a row a version that the server keeps refusing is given up for a new list. */
const FAILURES_BEFORE_RELIST = 5;
/** Bound of the `Retry-After` that is obeyed. */
const MAX_RETRY_AFTER_MS = 60_000;

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
  /** Nothing waits for it: that it is refused is said once. */
  readonly isOptional?: boolean;
}

/** A watch with a life of its own; it ends only by {@link Reflector.close}. */
export class Reflector {
  /** Resolves when everything that exists has been told once. */
  readonly synced: Promise<void>;
  /** Resolves when {@link Reflector.synced} does, or when the API server has refused to tell anything. */
  readonly answered: Promise<void>;
  readonly #options: ReflectorOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** What has been told. */
  readonly #known = new Map<ObjectKey, Identity>();
  readonly #synced = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();
  #version: string | undefined;
  #fault: string | undefined;
  #hasSynced = false;
  #listsWhole = false;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.synced = this.#synced.promise;
    this.answered = this.#answered.promise;
    this.#running = this.#run();
  }

  /** Why the objects may be out of date; `undefined` while the watch is open. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Ends the watch. Nothing is told any more. */
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
    const { status, retryAfterMs } = error instanceof ApiFailure ? error : NO_ANSWER;
    if (status === 410) {
      this.#listsWhole = this.#version === undefined;
      this.#version = undefined;
      if (failures === 1) return 0;
    }
    // A version from before a restored backup is refused with errors of any kind, and would be for ever.
    if (failures >= FAILURES_BEFORE_RELIST && status !== 429 && !(error instanceof Unreachable)) {
      this.#version = undefined;
    }
    // Never sooner than the backoff: a server may say `Retry-After: 0` for as long as it is broken.
    return Math.max(backoffMs, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { http, selection, telemetry } = this.#options;
    if (this.#hasSynced) telemetry.relisted(selection.kind);
    const seen = new Set<ObjectKey>();
    let version = '';
    const pages = listPages({ http, selection, isWhole: this.#listsWhole, signal });
    for await (const { items, resourceVersion } of pages) {
      for (const object of items) seen.add(this.#set(identityOf(object), object));
      version = resourceVersion;
    }
    // Deletions that no watch told of.
    for (const key of this.#known.keys()) if (!seen.has(key)) this.#delete(key);
    this.#hasSynced = true;
    this.#listsWhole = false;
    this.#recovered();
    this.#synced.resolve();
    this.#answered.resolve();
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
    if (type === 'BOOKMARK') return;
    const identity = identityOf(object);
    const known = this.#known.get(identity.key);
    if (known !== undefined && isOlder(identity.version, known.version)) return;
    if (type === 'DELETED') this.#delete(identity.key);
    else this.#set(identity, object);
  }

  #set(identity: Identity, object: RawObject): ObjectKey {
    const { key, uid, version } = identity;
    const known = this.#known.get(key);
    if (known === undefined || known.uid !== uid || known.version !== version) {
      this.#known.set(key, identity);
      this.#tell({ kind: 'set', key, object });
    }
    return key;
  }

  #delete(key: ObjectKey): void {
    if (this.#known.delete(key)) this.#tell({ kind: 'deleted', key });
  }

  #tell(change: Change): void {
    if (this.#closing.signal.aborted) return;
    const { onChange, logger, selection } = this.#options;
    try {
      onChange(change);
    } catch (error) {
      logger.error({ err: error, kind: selection.kind, object: change.key }, 'a change could not be handled');
    }
  }

  #report(error: unknown, retryInMs: number): void {
    const { logger, selection, isOptional } = this.#options;
    const message = causeOf(error);
    const isRefused = error instanceof ApiFailure && [401, 403, 404].includes(error.status);
    if (isRefused) this.#answered.resolve();
    // Said once, but again and again where nothing has been read yet: the process is not ready for this reason alone.
    const isWaitedFor = !this.#hasSynced && isOptional !== true;
    const isNews = isWaitedFor || (message !== this.#fault && retryInMs > 0);
    const level = isNews ? (isRefused ? 'error' : 'warn') : 'debug';
    const fields = { kind: selection.kind, cause: message, retryInMs: Math.round(retryInMs) };
    logger[level](fields, this.#hasSynced ? 'watch interrupted' : 'nothing listed yet');
    this.#fault = message;
  }

  #recovered(): void {
    if (this.#fault === undefined) return;
    const { logger, selection } = this.#options;
    logger.info({ kind: selection.kind }, `watching ${KINDS[selection.kind].plural} again`);
    this.#fault = undefined;
  }
}

const NO_ANSWER = { status: 0, retryAfterMs: undefined };

interface Identity {
  readonly key: ObjectKey;
  readonly uid: string | undefined;
  readonly version: string;
}

function identityOf({ metadata }: RawObject): Identity {
  const { namespace, name, uid, resourceVersion } = (metadata ?? {}) as Readonly<
    Record<string, string | undefined>
  >;
  return {
    key: objectKey({ namespace: namespace ?? '', name: name ?? '' }),
    uid,
    version: resourceVersion ?? '',
  };
}
