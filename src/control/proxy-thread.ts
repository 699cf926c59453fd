/** One proxy thread as the control thread sees it: a worker, its questions and its answers. */

import { Worker } from 'node:worker_threads';

import type { Eviction, TokenBroker } from '../authz/ports.ts';
import type { DeltaKeys, TableDelta } from '../compile/delta.ts';
import type { ActivityReport } from '../model/activity.ts';
import { Redacted } from '../model/redacted.ts';
import type {
  BoundPorts,
  FromThread,
  ListenTarget,
  ThreadMetrics,
  ThreadSettings,
  ToThread,
  WireTokenRequest,
} from './protocol.ts';

export interface ProxyThreadOptions {
  /** The module that the worker runs. */
  readonly entry: URL;
  readonly settings: ThreadSettings;
  readonly broker: TokenBroker;
  readonly onActivity: (report: ActivityReport) => void;
  /** Takes whole lines of the log. */
  readonly onLines: (lines: string | Uint8Array) => void;
}

/** What a thread has to apply to serve the next table. */
export interface TableUpdate {
  /** Sent one by one before `last`. */
  readonly parts: readonly TableDelta[];
  readonly last: TableDelta;
  /** For all of them. */
  readonly keys: DeltaKeys;
}

/** Every promise rejects when the thread ends before it answers. */
export class ProxyThread {
  readonly name: string;
  /** Settles when the worker has ended, for whatever cause. */
  readonly ended: Promise<Error>;
  readonly #worker: Worker;
  readonly #broker: TokenBroker;
  readonly #onActivity: (report: ActivityReport) => void;
  readonly #onLines: (lines: string | Uint8Array) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<FromThread>>();
  #lastTurn: Promise<void> = Promise.resolve();
  #nextId = 0;
  #isEnded = false;

  constructor(options: ProxyThreadOptions) {
    this.name = options.settings.name;
    this.#broker = options.broker;
    this.#onActivity = options.onActivity;
    this.#onLines = options.onLines;
    this.#worker = new Worker(options.entry, { workerData: options.settings, name: this.name });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.ended = promise;
    let cause: Error | undefined;
    this.#worker.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on('exit', (code) => {
      this.#isEnded = true;
      const reason = cause ?? new Error(`thread ${this.name} ended with code ${code}`);
      for (const waiting of this.#waiting.values()) waiting.reject(reason);
      this.#waiting.clear();
      resolve(reason);
    });
  }

  /** One update after the other, in the order of the calls: the parts of two would mix. */
  async apply(version: number, update: TableUpdate): Promise<void> {
    const turn = this.#lastTurn.then(() => this.#apply(version, update));
    this.#lastTurn = turn.catch(() => undefined);
    await turn;
  }

  /** @returns the ports that were bound; rejects with a message for people when one cannot be bound. */
  async listen(http: ListenTarget | undefined, https: ListenTarget | undefined): Promise<BoundPorts> {
    const answer = await this.#ask('listening', { kind: 'listen', http, https });
    if (answer.kind === 'listening') return answer.ports;
    throw new Error(answer.kind === 'failed' ? answer.message : `unexpected answer ${answer.kind}`);
  }

  /** Resolves when the thread's cache no longer holds what `eviction` names. */
  async evict(eviction: Eviction): Promise<void> {
    const id = this.#nextId++;
    await this.#ask(`evicted ${id}`, { kind: 'evict', id, eviction });
  }

  async ping(): Promise<void> {
    const id = this.#nextId++;
    await this.#ask(`pong ${id}`, { kind: 'ping', id });
  }

  async collect(): Promise<ThreadMetrics> {
    const id = this.#nextId++;
    const answer = await this.#ask(`metrics ${id}`, { kind: 'collect', id });
    if (answer.kind === 'metrics') return answer.metrics;
    throw new Error(`unexpected answer ${answer.kind}`);
  }

  async drain(delayMs: number, timeoutMs: number): Promise<void> {
    await this.#ask('drained', { kind: 'drain', delayMs, timeoutMs });
  }

  send(message: ToThread): void {
    if (!this.#isEnded) this.#worker.postMessage(message);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  /** A part is sent when the one before it has been taken: the thread then has time for its callers in between. */
  async #apply(version: number, { parts, last, keys }: TableUpdate): Promise<void> {
    for (const delta of parts) {
      const id = this.#nextId++;
      await this.#ask(`taken ${id}`, { kind: 'part', id, delta });
    }
    await this.#ask(`applied ${version}`, { kind: 'apply', version, delta: last, keys });
  }

  #ask(answerKey: string, question: ToThread): Promise<FromThread> {
    if (this.#isEnded) return Promise.reject(new Error(`thread ${this.name} has ended`));
    const waiting = Promise.withResolvers<FromThread>();
    this.#waiting.set(answerKey, waiting);
    this.send(question);
    return waiting.promise;
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'obtain':
        void this.#obtain(message.id, message.request);
        return;
      case 'activity':
        this.#onActivity(message.report);
        return;
      case 'lines':
        this.#onLines(message.lines);
        return;
      case 'applied':
        return this.#settle(`applied ${message.version}`, message);
      case 'taken':
        return this.#settle(`taken ${message.id}`, message);
      case 'evicted':
        return this.#settle(`evicted ${message.id}`, message);
      case 'pong':
        return this.#settle(`pong ${message.id}`, message);
      case 'metrics':
        return this.#settle(`metrics ${message.id}`, message);
      case 'failed':
        return this.#settle('listening', message);
      case 'listening':
      case 'drained':
        return this.#settle(message.kind, message);
    }
  }

  #settle(answerKey: string, message: FromThread): void {
    this.#waiting.get(answerKey)?.resolve(message);
    this.#waiting.delete(answerKey);
  }

  /** The broker never rejects. */
  async #obtain(id: number, request: WireTokenRequest): Promise<void> {
    const outcome = await this.#broker.obtain(
      request.kind === 'bearer'
        ? { ...request, token: new Redacted(request.token) }
        : { ...request, clientSecret: new Redacted(request.clientSecret) },
    );
    this.send({ kind: 'outcome', id, outcome });
  }
}
