/** Writes the statuses of policies and Ingresses by server-side apply: the latest wins, and nothing is written when equal. */

import { setImmediate } from 'node:timers/promises';

import { apiVersionOf, KINDS } from '../decode/kinds.ts';
import type { Clock } from '../model/clock.ts';
import { PRODUCT } from '../model/names.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import { causeOf, isTransient, writeFailure } from './api-failure.ts';
import { createBackoff, type Backoff } from './backoff.ts';
import type { ClusterAccess } from './cluster.ts';
import { createKubeHttp, type KubeHttp } from './http.ts';
import type { Lead } from './lead.ts';
import type { FindLive } from './live-object.ts';
import { objectPath } from './paths.ts';
import type { PublishedAddresses } from './published-addresses.ts';
import { StatusPlan, type DesiredStatuses, type StatusWrite } from './status-plan.ts';

const CONCURRENCY = 8;
const WRITE_TIMEOUT_MS = 10_000;
/** Objects that are judged before others of the thread have their turn. */
const SLICE = 50;
/** What others overwrite is mended within this time. */
const RECHECK_MS = 60_000;

export interface StatusWriterOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Pick<WatchTelemetry, 'statusWritten'>;
  /** Where callers reach the gateway, asked before each round of writes. */
  readonly addresses: Pick<PublishedAddresses, 'read'>;
  /** The statuses as they stand: `KubeSource.findLive`. */
  readonly findLive: FindLive;
  /** Without it nothing is written; wishes are kept. */
  readonly lead: Lead;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #http: KubeHttp;
  readonly #plan: StatusPlan;
  readonly #backoff: Backoff;
  #isClosed = false;
  /** Aborted where the lead is lost, and at the end. */
  #term = new AbortController();
  #desired: DesiredStatuses | undefined;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #cancelNext: () => void = () => {};

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#http = createKubeHttp(options.access);
    this.#plan = new StatusPlan(options);
    this.#backoff = createBackoff(options.clock);
    options.lead.onChange((isHeld) => {
      this.#term.abort();
      if (!isHeld) return;
      this.#term = new AbortController();
      this.#start();
    });
  }

  /** Returns at once; a later call replaces what has not been written yet. To be called once `desired.result` is live. */
  update(desired: DesiredStatuses): void {
    this.#desired = desired;
    this.#plan.claim(desired.result);
    this.#start();
  }

  /** What changed beside objects, such as an address, is written now and not within a minute. */
  recheck(): void {
    if (this.#desired !== undefined) this.#start();
  }

  /** Takes back what is published on Ingresses, and writes nothing after that: for the last process that serves them. */
  async withdraw(): Promise<void> {
    this.#desired = undefined;
    this.#isDirty = false;
    await this.#running;
    this.#cancelNext();
    if (this.#mayWrite()) await this.#writeAll(this.#plan.withdrawals());
  }

  /** Writes no more; calls under way are broken off, which the API server survives. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#term.abort();
    this.#cancelNext();
    await this.#running;
    this.#http.close();
  }

  #start(): void {
    this.#cancelNext();
    if (!this.#mayWrite()) return;
    this.#isDirty = true;
    this.#running ??= this.#run();
  }

  #mayWrite(): boolean {
    return !this.#isClosed && this.#options.lead.isHeld();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let isDone = true;
    while (this.#isDirty && this.#desired !== undefined && this.#mayWrite()) {
      this.#isDirty = false;
      isDone = await this.#pass(this.#desired);
    }
    this.#running = undefined;
    if (!this.#mayWrite()) return;
    this.#cancelNext = clock.schedule(isDone ? RECHECK_MS : this.#backoff.failed(), () => this.#start());
  }

  /** Brings what stands to what is desired. @returns whether nothing is left that a retry could mend. */
  async #pass(desired: DesiredStatuses): Promise<boolean> {
    const { addresses, clock } = this.#options;
    const published = await addresses.read();
    const writes: StatusWrite[] = [];
    let judged = 0;
    for (const write of this.#plan.writesFor(desired, published, clock.nowMs())) {
      if (write !== undefined) writes.push(write);
      judged += 1;
      if (judged % SLICE === 0) await setImmediate();
      if (this.#isSuperseded()) return true;
    }
    return await this.#writeAll(writes);
  }

  /** A newer wish is known, or nothing may be written any more. */
  #isSuperseded(): boolean {
    return this.#isDirty || !this.#mayWrite();
  }

  async #writeAll(writes: readonly StatusWrite[]): Promise<boolean> {
    const failures: unknown[] = [];
    const queue = writes.values();
    const work = async (): Promise<void> => {
      for (const write of queue) {
        // What is left of this wish is judged again.
        if (this.#isSuperseded()) return;
        try {
          await this.#write(write);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    this.#report(failures);
    return !failures.some(isTransient);
  }

  async #write(write: StatusWrite): Promise<void> {
    const { kind, meta, status } = write;
    const { namespace, name, uid } = meta;
    const { telemetry, lead } = this.#options;
    try {
      const answer = await this.#http.request({
        method: 'PATCH',
        path: `${objectPath(kind, meta)}/status`,
        query: { fieldManager: PRODUCT, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        // The UID makes it a conflict to write to another object of the same name.
        body: { apiVersion: apiVersionOf(kind), kind, metadata: { namespace, name, uid }, status },
        timeoutMs: WRITE_TIMEOUT_MS,
        signal: this.#term.signal,
        mayStart: () => lead.isHeld(),
      });
      // Gone meanwhile: the watch will tell.
      if (answer.status === 404) return;
      if (answer.status !== 200) throw writeFailure(`the status of ${KINDS[kind].plural}`, answer);
      this.#plan.written(write, answer.body);
      telemetry.statusWritten(kind, 'ok');
    } catch (error) {
      if (this.#mayWrite()) telemetry.statusWritten(kind, 'failed');
      throw error;
    }
  }

  #report(failures: readonly unknown[]): void {
    if (failures.length === 0 || !this.#mayWrite()) return;
    const fields = { cause: causeOf(failures[0]), failures: failures.length };
    this.#options.logger.warn(fields, 'statuses could not be written');
  }
}

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new StatusWriter(options);
}
