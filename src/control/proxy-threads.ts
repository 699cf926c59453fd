/** The set of proxy threads: started together, fed with tables, replaced when one dies, drained at the end. */

import { createServer } from 'node:net';

import type { Eviction, TokenBroker } from '../authz/ports.ts';
import { splitDelta } from '../compile/delta-parts.ts';
import { diffTables } from '../compile/delta.ts';
import type { CompileResult } from '../compile/result.ts';
import { CannotListen } from '../config/cannot-listen.ts';
import type { ListenAddress } from '../config/values.ts';
import type { ActivityReport } from '../model/activity.ts';
import type { Redacted } from '../model/redacted.ts';
import { emptyTable } from '../model/table.ts';
import type { Logger } from '../telemetry/ports.ts';
import type { SeriesNames } from '../telemetry/samples.ts';
import type { CollectedThreads } from './metrics-text.ts';
import { ProxyThread, type TableUpdate } from './proxy-thread.ts';
import type { BoundPorts, ListenTarget, ThreadMetrics, ThreadSettings } from './protocol.ts';
import { ThreadLedger } from './thread-ledger.ts';

/** A thread that dies again and again is restarted no faster than this. */
const RESTART_DELAY_MS = 1_000;

export interface ProxyThreadsOptions {
  readonly count: number;
  readonly entry: URL;
  readonly settings: Omit<ThreadSettings, 'name' | 'index'>;
  readonly broker: TokenBroker;
  readonly http: ListenAddress | undefined;
  readonly https: ListenAddress | undefined;
  readonly logger: Logger;
  readonly onReplaced: () => void;
  readonly onActivity: (report: ActivityReport) => void;
  /** Takes whole lines of the log. */
  readonly onLines: (lines: string | Uint8Array) => void;
}

type Published = Pick<CompileResult, 'table' | 'certificateKeys' | 'backendKeys'>;

const NOTHING: Published = { table: emptyTable(), certificateKeys: {}, backendKeys: {} };

/**
 * Publishes routing tables to the proxy threads. A thread binds its listeners after its first table, so that no caller
 * meets an empty one.
 */
export class ProxyThreads {
  readonly #options: ProxyThreadsOptions;
  readonly #ledger = new ThreadLedger();
  #threads: ProxyThread[] = [];
  #published: Published = NOTHING;
  #version = 0;
  #ports: BoundPorts | undefined;
  #isClosing = false;

  constructor(options: ProxyThreadsOptions) {
    this.#options = options;
  }

  /** The ports that are bound; `undefined` until {@link ProxyThreads.start} is done. */
  get ports(): BoundPorts | undefined {
    return this.#ports;
  }

  /** Starts every thread with `first` and binds the listeners. Rejects when an address cannot be bound. */
  async start(first: Published): Promise<BoundPorts> {
    const { count, http, https } = this.#options;
    // With SO_REUSEPORT a second process could bind the same port and take half of the requests unseen.
    await Promise.all([assertFree('http-address', http), assertFree('https-address', https)]);
    this.#published = first;
    this.#version = 1;
    const [firstThread, ...others] = Array.from({ length: count }, (_, index) => this.#spawn(index));
    if (firstThread === undefined) throw new Error('at least one proxy thread is needed');
    // Port 0 is resolved once, by the first thread; the others share what it got.
    this.#ports = await this.#prepare(firstThread, http, https);
    await Promise.all(others.map((thread) => this.#prepare(thread, ...this.#targets())));
    return this.#ports;
  }

  /** Resolves when every living thread serves `next`. */
  async publish(next: Published): Promise<void> {
    const update = difference(this.#published, next);
    this.#published = next;
    this.#version += 1;
    const version = this.#version;
    // A thread that ends meanwhile is replaced by one that starts with the whole of the newest table.
    await Promise.allSettled(this.#threads.map((thread) => thread.apply(version, update)));
  }

  /** Resolves when no living thread holds what `eviction` names. */
  async evict(eviction: Eviction): Promise<void> {
    await Promise.allSettled(this.#threads.map((thread) => thread.evict(eviction)));
  }

  /** Whether every thread answers within `timeoutMs`: its event loop turns. */
  async areAlive(timeoutMs: number): Promise<boolean> {
    const answers = await this.#ask(timeoutMs, (thread) => thread.ping());
    return answers.every((answer) => answer.status === 'fulfilled');
  }

  /** What the threads report. Of one that does not answer within `timeoutMs`, what it told last counts. */
  async collect(timeoutMs: number): Promise<CollectedThreads> {
    const answers = await this.#ask(timeoutMs, (thread) => this.#collectFrom(thread));
    const runtimes = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value.runtime] : [],
    );
    return { product: this.#ledger.total(), runtimes };
  }

  /** Drops the series of what is no more. */
  forget(names: SeriesNames): void {
    this.#ledger.forget(names);
    for (const thread of this.#threads) thread.send({ kind: 'forget', names });
  }

  /** Stops accepting after `delayMs`, lets requests finish for up to `timeoutMs`, then ends the threads. */
  async drain(delayMs: number, timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    await Promise.allSettled(this.#threads.map((thread) => thread.drain(delayMs, timeoutMs)));
    await this.close();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  async #ask<T>(
    timeoutMs: number,
    question: (thread: ProxyThread) => Promise<T>,
  ): Promise<readonly PromiseSettledResult<T>[]> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const answers = this.#threads.map((thread) => Promise.race([question(thread), late]));
    const settled = await Promise.allSettled(answers);
    clearTimeout(timer);
    return settled;
  }

  async #collectFrom(thread: ProxyThread): Promise<ThreadMetrics> {
    const metrics = await thread.collect();
    this.#ledger.told(thread.name, metrics.product);
    return metrics;
  }

  #spawn(index: number): ProxyThread {
    const { entry, settings, broker, onActivity, onLines } = this.#options;
    const name = `proxy-${index}`;
    const thread = new ProxyThread({
      entry,
      broker,
      onActivity,
      onLines,
      settings: { ...settings, name, index },
    });
    this.#threads[index] = thread;
    void thread.ended.then((cause) => this.#replace(index, cause));
    return thread;
  }

  async #prepare(
    thread: ProxyThread,
    http: ListenAddress | undefined,
    https: ListenAddress | undefined,
  ): Promise<BoundPorts> {
    await thread.apply(this.#version, difference(NOTHING, this.#published));
    const reusePort = this.#options.count > 1;
    const target = (on: ListenAddress | undefined): ListenTarget | undefined => on && { ...on, reusePort };
    return thread.listen(target(http), target(https));
  }

  #targets(): readonly [ListenAddress | undefined, ListenAddress | undefined] {
    const { http, https } = this.#options;
    const ports = this.#ports;
    return [
      http && { ...http, port: ports?.http ?? http.port },
      https && { ...https, port: ports?.https ?? https.port },
    ];
  }

  async #replace(index: number, cause: Error): Promise<void> {
    if (this.#isClosing || this.#ports === undefined) return;
    this.#ledger.ended(`proxy-${index}`);
    const { logger, onReplaced } = this.#options;
    logger.error({ err: cause, thread: `proxy-${index}` }, 'proxy thread ended; starting another');
    onReplaced();
    await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
    if (this.#isClosing) return;
    const thread = this.#spawn(index);
    try {
      await this.#prepare(thread, ...this.#targets());
    } catch (error) {
      logger.error({ err: error, thread: thread.name }, 'proxy thread did not start');
      await thread.terminate();
    }
  }
}

function difference(previous: Published, next: Published): TableUpdate {
  const delta = diffTables(previous.table, next.table);
  const shown = Object.values(delta.backends.set).flatMap(({ tls }) => tls?.clientCertificate?.secret ?? []);
  const keys = {
    certificateKeys: reveal(next.certificateKeys, Object.keys(delta.certificates.set)),
    backendKeys: reveal(next.backendKeys, shown),
  };
  return { ...splitDelta(delta), keys };
}

function reveal(
  keys: Readonly<Record<string, Redacted<string>>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const revealed: Record<string, string> = {};
  for (const name of names) {
    const key = keys[name];
    if (key !== undefined) revealed[name] = key.reveal();
  }
  return revealed;
}

/** Rejects when another process listens on the address. Port 0 is always free. */
async function assertFree(flag: string, address: ListenAddress | undefined): Promise<void> {
  if (address === undefined || address.port === 0) return;
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => {
    reject(new CannotListen(flag, address, error));
  });
  server.listen(
    { port: address.port, ...(address.host === undefined ? {} : { host: address.host }) },
    resolve,
  );
  await promise;
  await new Promise((closed) => server.close(closed));
}
