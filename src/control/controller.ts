/** The control loop: objects change, the table is compiled, published and, once it is live, reported. */

import { shownToBackends } from '../compile/client-certificates.ts';
import { compile } from '../compile/compile.ts';
import { keepLastGood } from '../compile/keep-last-good.ts';
import type { CompileOptions, CompileResult } from '../compile/result.ts';
import type { ObjectSource, OnChange } from '../decode/source.ts';
import type { Snapshot } from '../model/objects.ts';
import { PROBLEM_REASONS } from '../model/problems.ts';
import type { RoutingTable } from '../model/table.ts';
import type { Logger } from '../telemetry/ports.ts';
import { debounce, type Debounced } from './debounce.ts';
import type { Readiness } from './readiness.ts';

const DEBOUNCE = { quietMs: 100, ceilingMs: 500 };

/** Where compiled tables go: the proxy threads. */
export interface TablePublisher {
  /** Takes the first table and binds the listeners; rejects when they cannot be bound. */
  start(first: CompileResult): Promise<unknown>;
  /** Resolves when every proxy thread serves `next`. */
  publish(next: CompileResult): Promise<void>;
}

/** What the controller says of itself. */
export interface ControllerTelemetry {
  compiled(
    seconds: number,
    objects: number,
    problems: { readonly errors: number; readonly warnings: number },
  ): void;
  applied(atMs: number): void;
  compileFailed(): void;
  /** Ends of validity of all certificates that callers and backends are shown. */
  certificates(notAfterMs: Readonly<Record<string, number>>): void;
}

export interface ControllerOptions {
  readonly openSource: (onChange: OnChange) => ObjectSource;
  readonly compileOptions: CompileOptions;
  readonly publisher: TablePublisher;
  readonly readiness: Readiness;
  readonly telemetry: ControllerTelemetry;
  readonly logger: Logger;
  /** Told of every result before it is published, so that providers can be looked at early. */
  readonly onCompiled: (result: CompileResult) => void;
  /** Told of every result once every proxy thread serves it: statuses and Events. */
  readonly onApplied: (result: CompileResult) => void;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #source: ObjectSource;
  readonly #changes: Debounced;
  #current: CompileResult | undefined;
  #appliedAtMs: number | undefined;
  /** How many there were when they were compiled before all were listed. */
  #rehearsedObjects = 0;
  #isPublishing = false;
  #isDirty = false;
  #isClosed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#changes = debounce(() => void this.#update(), DEBOUNCE);
    this.#source = options.openSource(() => this.#changes.trigger());
  }

  /** The newest result that compiled; `undefined` until the first. */
  get current(): CompileResult | undefined {
    return this.#current;
  }

  /** When every proxy thread last served a new table. */
  get appliedAtMs(): number | undefined {
    return this.#appliedAtMs;
  }

  get source(): ObjectSource {
    return this.#source;
  }

  /** Resolves when the first table is live in every proxy thread and the listeners are bound. */
  async start(): Promise<void> {
    const { publisher, readiness } = this.#options;
    await this.#source.synced;
    if (this.#isClosed) return;
    this.#changes.cancel();
    readiness.reach('objects listed');
    const first = this.#compile(this.#source.snapshot());
    this.#current = first;
    this.#options.onCompiled(first);
    this.#isPublishing = true;
    await publisher.start(first);
    readiness.reach('first table applied in every proxy thread');
    readiness.reach('listeners bound');
    this.#applied(first);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#changes.cancel();
    await this.#source.close();
  }

  /** One at a time: a change during a publication starts the next one when it is done. */
  async #update(): Promise<void> {
    // A source may tell of a change while it closes.
    if (this.#isClosed) return;
    if (this.#current === undefined) {
      this.#rehearse();
      return;
    }
    if (this.#isPublishing) {
      this.#isDirty = true;
      return;
    }
    const next = this.#tryCompile();
    if (next === undefined) return;
    this.#current = next;
    this.#options.onCompiled(next);
    this.#isPublishing = true;
    await this.#options.publisher.publish(next);
    this.#applied(next);
  }

  /**
   * Compiles what is listed so far, for what compile remembers of it: of the first table less is then left to do at once.
   * Nobody is told the result, for what has not been listed yet seems to be missing. Only where as many objects have come
   * as there were before: however slowly the lists come, all of it together costs no more than two compiles.
   */
  #rehearse(): void {
    const { compileOptions, logger } = this.#options;
    const snapshot = this.#source.snapshot();
    const objects = countObjects(snapshot);
    if (objects < 2 * this.#rehearsedObjects) return;
    this.#rehearsedObjects = objects;
    const startedAt = performance.now();
    try {
      compile(snapshot, compileOptions);
    } catch (error) {
      // Once: the first table needs none of it, and says by itself whether it compiles.
      this.#rehearsedObjects = Infinity;
      logger.warn({ err: error }, 'what is listed so far does not compile');
      return;
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    logger.debug({ seconds, objects }, 'compiled what is listed so far');
  }

  #applied(result: CompileResult): void {
    const { telemetry, onApplied } = this.#options;
    this.#isPublishing = false;
    this.#appliedAtMs = Date.now();
    telemetry.applied(this.#appliedAtMs);
    onApplied(result);
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#changes.trigger();
  }

  /** A compile that throws is a defect of ours: the last good table stays. */
  #tryCompile(): CompileResult | undefined {
    try {
      return this.#compile(this.#source.snapshot());
    } catch (error) {
      this.#options.telemetry.compileFailed();
      this.#options.logger.error({ err: error }, 'compile failed; the last good table stays');
      return undefined;
    }
  }

  #compile(snapshot: Snapshot): CompileResult {
    const { compileOptions, telemetry, logger } = this.#options;
    const startedAt = performance.now();
    const result = keepLastGood(this.#current, compile(snapshot, compileOptions));
    const seconds = (performance.now() - startedAt) / 1_000;
    const objects = countObjects(snapshot);
    const errors = result.problems.filter((problem) => PROBLEM_REASONS[problem.reason] === 'error').length;
    telemetry.compiled(seconds, objects, { errors, warnings: result.problems.length - errors });
    telemetry.certificates(endsOfValidity(result.table));
    logger.debug({ seconds, objects, problems: result.problems.length }, 'compiled');
    return result;
  }
}

function endsOfValidity(table: RoutingTable): Readonly<Record<string, number>> {
  const shown = [...shownToBackends(table)].map(([key, { certificate }]) => [key, certificate] as const);
  const all = [...shown, ...Object.entries(table.certificates)];
  return Object.fromEntries(all.map(([key, { notAfterMs }]) => [key, notAfterMs]));
}

function countObjects(snapshot: Snapshot): number {
  const maps: readonly ReadonlyMap<string, unknown>[] = Object.values(snapshot);
  return maps.reduce((sum, map) => sum + map.size, 0);
}
