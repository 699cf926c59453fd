/** Writes the statuses of policies and Ingresses by server-side apply: the latest wins, and nothing is written when equal. */

import type { CompileResult } from '../compile/result.ts';
import { apiVersionOf, KINDS } from '../decode/kinds.ts';
import { isSameValue } from '../decode/same-value.ts';
import { POLICY_KIND, PRODUCT } from '../model/names.ts';
import { objectKey, type ObjectKey, type ObjectMeta } from '../model/objects.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import { writeFailure } from './api-failure.ts';
import { createBackoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { ClusterAccess } from './cluster.ts';
import {
  isSamePolicyStatus,
  loadBalancerIngress,
  policyStatus,
  publishedIn,
  type IssuerState,
  type LoadBalancerIngress,
} from './desired-status.ts';
import { createKubeHttp, type KubeHttp } from './http.ts';
import { readLiveObject, type FindLive, type LiveObject, type StatusKind } from './live-object.ts';
import { objectPath } from './paths.ts';
import { isOlder } from './resource-version.ts';

const CONCURRENCY = 8;
const WRITE_TIMEOUT_MS = 10_000;
/** What others overwrite is mended within this time. */
const RECHECK_MS = 60_000;

export interface StatusWriterOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Pick<WatchTelemetry, 'statusWritten'>;
  /** IP addresses and host names under which callers reach the gateway; empty: no Ingress gets a status. */
  readonly publishAddresses: readonly string[];
  /** The statuses as they stand: `KubeSource.findLive`. */
  readonly findLive: FindLive;
}

/** What the statuses shall say. */
export interface DesiredStatuses {
  readonly result: CompileResult;
  /** By `namespace/name` of the policy. */
  readonly issuerState: (policy: ObjectKey) => IssuerState;
}

/** One status that differs from what stands. */
interface Write {
  readonly kind: StatusKind;
  readonly meta: ObjectMeta;
  readonly status: object;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #http: KubeHttp;
  readonly #published: readonly LoadBalancerIngress[];
  readonly #closing = new AbortController();
  /** What the API server answered to writes, until the watch tells of it too. */
  readonly #written = new Map<string, LiveObject>();
  /** Ingresses that were ours, in this process. */
  readonly #claimed = new Map<ObjectKey, ObjectMeta>();
  readonly #backoff: ReturnType<typeof createBackoff>;
  #desired: DesiredStatuses | undefined;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #cancelNext: () => void = () => {};

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#http = createKubeHttp(options.access);
    this.#published = loadBalancerIngress(options.publishAddresses);
    this.#backoff = createBackoff(options.clock);
  }

  /** Returns at once; a later call replaces what has not been written yet. */
  update(desired: DesiredStatuses): void {
    this.#desired = desired;
    this.#start();
  }

  /** Writes no more; calls under way are broken off, which the API server survives. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelNext();
    await this.#running;
    this.#http.close();
  }

  #start(): void {
    if (this.#closing.signal.aborted) return;
    this.#isDirty = true;
    this.#cancelNext();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    let isComplete = true;
    while (this.#isDirty && this.#desired !== undefined && !this.#closing.signal.aborted) {
      this.#isDirty = false;
      isComplete = await this.#pass(this.#desired);
    }
    if (this.#closing.signal.aborted) return;
    const waitMs = isComplete ? RECHECK_MS : this.#backoff.failed();
    this.#cancelNext = this.#options.clock.schedule(waitMs, () => this.#start());
  }

  /** Brings what stands to what is desired. @returns whether nothing is left that a retry could mend. */
  async #pass(desired: DesiredStatuses): Promise<boolean> {
    const queue = [...this.#policyWrites(desired), ...this.#ingressWrites(desired)].values();
    const failures: string[] = [];
    let isComplete = true;
    const work = async (): Promise<void> => {
      for (const write of queue) {
        // A newer wish is known: what is left of this one is judged again.
        if (this.#isDirty || this.#closing.signal.aborted) return;
        const outcome = await this.#write(write);
        if (outcome === 'written') continue;
        failures.push(outcome.message);
        if (outcome.isTransient) isComplete = false;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    if (failures.length > 0 && !this.#closing.signal.aborted) {
      const fields = { cause: failures[0], statuses: failures.length };
      this.#options.logger.warn(fields, 'statuses could not be written');
    }
    return isComplete;
  }

  #policyWrites({ result, issuerState }: DesiredStatuses): readonly Write[] {
    const nowMs = this.#options.clock.nowMs();
    return Object.entries(result.policies).flatMap(([key, verdict]) => {
      const live = this.#liveOf(POLICY_KIND, verdict.meta);
      if (live === undefined) return [];
      const status = policyStatus(verdict, issuerState(key), live.status, nowMs);
      if (isSamePolicyStatus(live.status, status)) return this.#unchanged(POLICY_KIND);
      return [{ kind: POLICY_KIND, meta: verdict.meta, status }];
    });
  }

  #ingressWrites({ result }: DesiredStatuses): readonly Write[] {
    if (this.#published.length === 0) return [];
    const ours = new Set(result.ingresses.map(objectKey));
    const released = [...this.#claimed].filter(([key]) => !ours.has(key)).map(([, meta]) => meta);
    for (const meta of result.ingresses) this.#claimed.set(objectKey(meta), meta);
    return [
      ...result.ingresses.flatMap((meta) => this.#publication(meta)),
      ...released.flatMap((meta) => this.#release(meta)),
    ];
  }

  #publication(meta: ObjectMeta): readonly Write[] {
    const live = this.#liveOf('Ingress', meta);
    if (live === undefined) return [];
    if (isSameValue(publishedIn(live.status), this.#published)) return this.#unchanged('Ingress');
    return [{ kind: 'Ingress', meta, status: { loadBalancer: { ingress: this.#published } } }];
  }

  /** To apply nothing takes away what this product wrote, and only that. */
  #release(meta: ObjectMeta): readonly Write[] {
    const live = this.#liveOf('Ingress', meta);
    if (live?.isOurs === true && publishedIn(live.status).length > 0) {
      return [{ kind: 'Ingress', meta, status: { loadBalancer: {} } }];
    }
    this.#claimed.delete(objectKey(meta));
    return [];
  }

  /** The newest known state; `undefined` where the object is gone, or another has its name now. */
  #liveOf(kind: StatusKind, meta: ObjectMeta): LiveObject | undefined {
    const id = `${kind} ${objectKey(meta)}`;
    const seen = this.#options.findLive(kind, objectKey(meta));
    const written = this.#written.get(id);
    if (seen?.uid !== meta.uid) {
      this.#written.delete(id);
      return undefined;
    }
    if (written?.uid === seen.uid && isOlder(seen.resourceVersion, written.resourceVersion)) return written;
    this.#written.delete(id);
    return seen;
  }

  #unchanged(kind: StatusKind): readonly Write[] {
    this.#options.telemetry.statusWritten(kind, 'unchanged');
    return [];
  }

  async #write({ kind, meta, status }: Write): Promise<'written' | WriteFault> {
    const { telemetry } = this.#options;
    try {
      const { namespace, name, uid } = meta;
      const answer = await this.#http.request({
        method: 'PATCH',
        path: `${objectPath(kind, meta)}/status`,
        query: { fieldManager: PRODUCT, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        // The UID makes it a conflict to write to another object of the same name.
        body: { apiVersion: apiVersionOf(kind), kind, metadata: { namespace, name, uid }, status },
        timeoutMs: WRITE_TIMEOUT_MS,
        signal: this.#closing.signal,
      });
      // Gone meanwhile: the watch will tell.
      if (answer.status === 404) return 'written';
      if (answer.status !== 200) {
        telemetry.statusWritten(kind, 'failed');
        const isTransient = answer.status >= 500 || [401, 409, 429].includes(answer.status);
        return { message: writeFailure(`the status of ${KINDS[kind].plural}`, answer).message, isTransient };
      }
      const written = readLiveObject(answer.body);
      if (written !== undefined) this.#written.set(`${kind} ${objectKey(meta)}`, written);
      telemetry.statusWritten(kind, 'ok');
      return 'written';
    } catch (error) {
      if (!this.#closing.signal.aborted) telemetry.statusWritten(kind, 'failed');
      return { message: error instanceof Error ? error.message : String(error), isTransient: true };
    }
  }
}

interface WriteFault {
  readonly message: string;
  readonly isTransient: boolean;
}

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new StatusWriter(options);
}
