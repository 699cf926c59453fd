/**
 * Leader election by a Lease. Whether the lease of another has run out is judged by when this process saw it change,
 * never by the times that are written in it: clocks of machines differ.
 */

import type { Clock } from '../model/clock.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import { ApiFailure, causeOf, messageOf } from './api-failure.ts';
import type { ClusterAccess } from './cluster.ts';
import { createKubeHttp, type KubeHttp, type KubeResponse } from './http.ts';
import type { Lead } from './lead.ts';
import { heldSpec, newLease, readLease, releasedSpec, type Lease } from './lease.ts';
import { pause } from './pause.ts';

/**
 * A leader that has not renewed for so long stops writing. What it sent last has the rest of the lease, 5 s, to arrive
 * before another may begin.
 */
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
/** Short enough for a second try within the deadline. */
const CALL_TIMEOUT_MS = 3_000;

export interface LeaderElectionOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Pick<WatchTelemetry, 'leader'>;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Of this process, and of no other, not even of the same pod before. */
  readonly identity: string;
}

/** A moment on both clocks: the one stands still while the machine is suspended, the other can be set. */
interface Moment {
  readonly monotonicMs: number;
  readonly nowMs: number;
}

export class LeaderElection implements Lead {
  readonly #options: LeaderElectionOptions;
  readonly #http: KubeHttp;
  readonly #path: string;
  readonly #listeners: ((isHeld: boolean) => void)[] = [];
  readonly #closing = new AbortController();
  /** The lease of another as it was last seen to change, and until when it counts since then. */
  #seen: { readonly mark: string; readonly untilMs: number } | undefined;
  /** What the API server answered when this process last renewed. */
  #held: Lease | undefined;
  /** When the request began that last renewed. */
  #renewed: Moment | undefined;
  #isLeading = false;
  #fault: string | undefined;
  #running: Promise<void> | undefined;
  #cancelExpiry: () => void = () => {};

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#http = createKubeHttp(options.access);
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(options.namespace)}/leases`;
    options.telemetry.leader(false);
  }

  onChange(listener: (isHeld: boolean) => void): void {
    this.#listeners.push(listener);
  }

  isHeld(): boolean {
    return this.#isLeading && this.#renewed !== undefined && this.#since(this.#renewed) < RENEW_DEADLINE_MS;
  }

  /** Begins to compete; to be called once this process serves, and harmless when called again. */
  start(): void {
    if (!this.#closing.signal.aborted) this.#running ??= this.#run();
  }

  /** Gives the lead up, so that another has it at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    this.#lose('released');
    if (this.#running !== undefined) await this.#release().catch((error: unknown) => this.#report(error));
    this.#http.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#attempt();
        this.#fault = undefined;
      } catch (error) {
        if (!signal.aborted) this.#report(error);
      }
      await pause(clock, this.#untilNextMs(), signal);
    }
  }

  /** Not all at the same instant, and no later than the lease of another runs out. */
  #untilNextMs(): number {
    const { clock } = this.#options;
    const retryMs = RETRY_MS * (0.8 + clock.random() / 5);
    const leftMs = this.#seen === undefined ? 0 : this.#seen.untilMs - clock.monotonicMs();
    return leftMs > 0 ? Math.min(retryMs, leftMs) : retryMs;
  }

  /** Takes or renews the lease where that is possible. */
  async #attempt(): Promise<void> {
    const began = this.#moment();
    const lease = this.#held ?? (await this.#read());
    if (lease !== undefined && !this.#mayTake(lease)) {
      this.#lose(`held by ${lease.holder}`);
      return;
    }
    const spec = heldSpec(lease, this.#options.identity, began.nowMs);
    // Without an answer it may have been written all the same: then it is read next time.
    this.#held = undefined;
    const answer = await this.#write(lease, spec);
    // Another was faster, or the object was touched.
    if (answer.status === 409 || answer.status === 404) return;
    if (answer.status !== 200 && answer.status !== 201) throw failureOf('renew', answer);
    this.#held = readLease(answer.body);
    this.#renewed = began;
    this.#gain();
  }

  #mayTake(lease: Lease): boolean {
    const { clock, identity } = this.#options;
    if (lease.holder === identity || lease.holder === '') {
      this.#seen = undefined;
      return true;
    }
    const nowMs = clock.monotonicMs();
    if (this.#seen?.mark !== lease.mark) {
      this.#seen = { mark: lease.mark, untilMs: nowMs + lease.durationMs };
    }
    return nowMs >= this.#seen.untilMs;
  }

  async #read(): Promise<Lease | undefined> {
    const { name } = this.#options;
    const answer = await this.#call('GET', `${this.#path}/${encodeURIComponent(name)}`);
    if (answer.status === 404) return undefined;
    const lease = answer.status === 200 ? readLease(answer.body) : undefined;
    if (lease === undefined) throw failureOf('read', answer);
    return lease;
  }

  /** The version in `lease.raw` makes it a conflict where another has written since. */
  async #write(lease: Lease | undefined, spec: object): Promise<KubeResponse> {
    return lease === undefined
      ? await this.#call('POST', this.#path, { ...newLease(this.#options), spec })
      : await this.#call('PUT', `${this.#path}/${encodeURIComponent(this.#options.name)}`, {
          ...lease.raw,
          spec: { ...(lease.raw['spec'] as object | undefined), ...spec },
        });
  }

  async #release(): Promise<void> {
    const lease = await this.#read();
    if (lease?.holder !== this.#options.identity) return;
    const answer = await this.#write(lease, releasedSpec(lease, this.#options.clock.nowMs()));
    if (answer.status !== 200) throw failureOf('release', answer);
  }

  async #call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<KubeResponse> {
    const { signal } = this.#closing;
    return await this.#http.request({
      method,
      path,
      timeoutMs: CALL_TIMEOUT_MS,
      ...(body !== undefined && { body }),
      // What is called after closing is the release.
      ...(!signal.aborted && { signal }),
    });
  }

  #gain(): void {
    const { clock, logger, telemetry, identity } = this.#options;
    this.#cancelExpiry();
    if (this.#renewed === undefined) return;
    const leftMs = RENEW_DEADLINE_MS - this.#since(this.#renewed);
    this.#cancelExpiry = clock.schedule(leftMs, () => this.#lose('not renewed in time'));
    if (this.#isLeading) return;
    this.#isLeading = true;
    logger.info({ identity }, 'leading: this process writes statuses and Events');
    telemetry.leader(true);
    for (const listener of this.#listeners) listener(true);
  }

  #lose(why: string): void {
    this.#cancelExpiry();
    this.#held = undefined;
    if (!this.#isLeading) return;
    this.#isLeading = false;
    this.#options.logger.info({ why }, 'no longer leading');
    this.#options.telemetry.leader(false);
    for (const listener of this.#listeners) listener(false);
  }

  #report(error: unknown): void {
    const cause = causeOf(error);
    const { logger, name, namespace } = this.#options;
    const level = cause === this.#fault ? 'debug' : 'warn';
    this.#fault = cause;
    logger[level]({ cause, lease: `${namespace}/${name}` }, 'the lease for leading could not be had');
  }

  #moment(): Moment {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonicMs(), nowMs: clock.nowMs() };
  }

  #since({ monotonicMs, nowMs }: Moment): number {
    const now = this.#moment();
    return Math.max(now.monotonicMs - monotonicMs, now.nowMs - nowMs);
  }
}

function failureOf(what: string, { status, body, retryAfterMs }: KubeResponse): ApiFailure {
  const advice =
    status === 403 ? 'the ServiceAccount lacks get, create and update on leases' : messageOf(body);
  return new ApiFailure(
    `cannot ${what} the lease: ${status}: ${advice ?? 'no reason given'}`,
    status,
    retryAfterMs,
  );
}

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new LeaderElection(options);
}
