/** Writes Events: one for each problem while it lasts and one for each Ingress that became live, at a bounded rate. */

import type { CompileResult } from '../compile/result.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../telemetry/ports.ts';
import { causeOf, isNamespaceEnding, isTransient, writeFailure } from './api-failure.ts';
import { createBackoff, type Backoff } from './backoff.ts';
import type { ClusterAccess } from './cluster.ts';
import {
  eventBody,
  eventName,
  eventNamespace,
  problemNotes,
  programmedNotes,
  seriesBody,
  type EventNote,
  type FindMeta,
} from './event-note.ts';
import { createKubeHttp, type KubeHttp, type KubeResponse } from './http.ts';
import type { Lead } from './lead.ts';
import { pause } from './pause.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

const WRITE_TIMEOUT_MS = 10_000;
const PER_SECOND = 5;
const BURST = 50;
/** Bound of Events that wait; what is beyond it is told at a later update. */
const MAX_WAITING = 1_000;
/** A problem that is found again is told again no sooner than this. */
const SERIES_MS = 5 * 60_000;
/** Events are forgotten after an hour; those of problems that last are told again before. */
const REFRESH_MS = 30 * 60_000;

export interface EventWriterOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Finds an object that an Event is about. */
  readonly findMeta: FindMeta;
  /** Names this process, such as its pod. */
  readonly instance: string;
  /** Without it nothing is written. */
  readonly lead: Lead;
}

/** What has been told, and when. */
interface Told {
  readonly count: number;
  readonly lastMs: number;
}

export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #http: KubeHttp;
  readonly #bucket: TokenBucket;
  readonly #backoff: Backoff;
  #isClosed = false;
  /** Aborted where the lead is lost, and at the end. */
  #term = new AbortController();
  #latest: CompileResult | undefined;
  /** Standing problems and live Ingresses. */
  readonly #told = new Map<string, Told>();
  /** Ingresses that are broken: once mended, each is said to be live anew, or what was wrong would be its last word. */
  readonly #broken = new Set<string>();
  readonly #waiting = new Map<string, EventNote>();
  /** The Event that is being written. */
  #current: string | undefined;
  #running: Promise<void> | undefined;
  #cancelRefresh: () => void = () => {};

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#http = createKubeHttp(options.access);
    this.#bucket = createTokenBucket(options.clock, PER_SECOND, BURST);
    this.#backoff = createBackoff(options.clock);
    options.lead.onChange((isHeld) => {
      this.#stop();
      if (!isHeld) return;
      this.#term = new AbortController();
      // Others have told meanwhile.
      this.#told.clear();
      if (this.#latest !== undefined) this.update(this.#latest);
    });
  }

  /** Returns at once. To be called once `result` is live. */
  update(result: CompileResult): void {
    this.#latest = result;
    if (!this.#mayWrite()) return;
    const { clock, findMeta } = this.#options;
    const problems = problemNotes(result, findMeta);
    const { live, broken } = programmedNotes(result);
    const standing = new Set([...problems, ...live].map(({ id }) => id));
    for (const id of this.#told.keys()) if (!standing.has(id)) this.#told.delete(id);
    for (const id of this.#waiting.keys()) if (!standing.has(id)) this.#waiting.delete(id);
    for (const id of this.#broken) if (!standing.has(id)) this.#broken.delete(id);
    for (const { id } of broken) this.#broken.add(id);
    const nowMs = clock.nowMs();
    for (const note of problems) {
      const told = this.#told.get(note.id);
      if (told === undefined || nowMs - told.lastMs >= SERIES_MS) this.#enqueue(note);
    }
    for (const note of live) {
      if (this.#waiting.size >= MAX_WAITING) break;
      if (!this.#told.has(note.id)) this.#enqueue(note);
    }
    this.#cancelRefresh();
    this.#cancelRefresh = clock.schedule(REFRESH_MS, () => this.update(result));
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Events that wait are not written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop();
    await this.#running;
    this.#http.close();
  }

  #stop(): void {
    this.#term.abort();
    this.#cancelRefresh();
    this.#waiting.clear();
  }

  #mayWrite(): boolean {
    return !this.#isClosed && this.#options.lead.isHeld();
  }

  #enqueue(note: EventNote): void {
    if (note.id === this.#current || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(note.id, note);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (this.#waiting.size > 0 && this.#mayWrite()) {
      await pause(clock, this.#bucket.take(), this.#term.signal);
      const note = this.#next();
      if (note === undefined || !this.#mayWrite()) continue;
      this.#waiting.delete(note.id);
      this.#current = note.id;
      try {
        await this.#tell(note);
      } catch (error) {
        if (this.#mayWrite()) await this.#failed(note, error);
      }
      this.#current = undefined;
    }
    this.#running = undefined;
  }

  /** What is wrong comes first. */
  #next(): EventNote | undefined {
    const notes = [...this.#waiting.values()];
    return notes.find(({ type }) => type === 'Warning') ?? notes[0];
  }

  async #failed(note: EventNote, error: unknown): Promise<void> {
    const { clock, logger } = this.#options;
    logger.warn({ cause: causeOf(error), reason: note.reason }, 'an Event could not be written');
    if (isTransient(error)) {
      this.#waiting.set(note.id, note);
      await pause(clock, this.#backoff.failed(), this.#term.signal);
    } else {
      this.#told.set(note.id, { count: 1, lastMs: clock.nowMs() });
    }
  }

  async #tell(note: EventNote): Promise<void> {
    const told = this.#told.get(note.id);
    const nowMs = this.#options.clock.nowMs();
    if (told === undefined) {
      const count = (await this.#create(note, nowMs)) === 'created' ? 1 : 2;
      this.#broken.delete(note.id);
      this.#told.set(note.id, { count, lastMs: nowMs });
      return;
    }
    const count = told.count + 1;
    const isGone = (await this.#continue(note, count, nowMs)) === 'gone';
    if (isGone) await this.#create(note, nowMs);
    this.#told.set(note.id, { count: isGone ? 1 : count, lastMs: nowMs });
  }

  /** An Event that an earlier process wrote stands for this one too. */
  async #create(note: EventNote, nowMs: number): Promise<'created' | 'stood'> {
    const answer = await this.#send('POST', note, eventBody(note, this.#options.instance, nowMs));
    if (answer.status === 201) return 'created';
    // Its Services go before its Ingresses; nobody is left to be told.
    if (isNamespaceEnding(answer)) return 'stood';
    if (answer.status !== 409) throw writeFailure('an Event', answer);
    const isNews = note.type === 'Warning' || this.#broken.has(note.id);
    if (isNews) await this.#continue(note, 2, nowMs);
    return 'stood';
  }

  async #continue(note: EventNote, count: number, nowMs: number): Promise<'written' | 'gone'> {
    const answer = await this.#send('PATCH', note, seriesBody(count, nowMs));
    if (answer.status === 404) return 'gone';
    if (answer.status !== 200) throw writeFailure('an Event', answer);
    return 'written';
  }

  async #send(method: 'POST' | 'PATCH', note: EventNote, body: object): Promise<KubeResponse> {
    const collection = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(eventNamespace(note))}/events`;
    return await this.#http.request({
      method,
      path: method === 'POST' ? collection : `${collection}/${encodeURIComponent(eventName(note))}`,
      contentType: method === 'POST' ? 'application/json' : 'application/merge-patch+json',
      body,
      timeoutMs: WRITE_TIMEOUT_MS,
      signal: this.#term.signal,
      mayStart: () => this.#options.lead.isHeld(),
    });
  }
}

export function createEventWriter(options: EventWriterOptions): EventWriter {
  return new EventWriter(options);
}
