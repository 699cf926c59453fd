/** Which statuses differ from what the API server holds. */

import { memoizeByObject } from '../compile/memoize.ts';
import type { CompileResult, PolicyVerdict } from '../compile/result.ts';
import { isSameValue } from '../decode/same-value.ts';
import type { IssuerState } from '../model/conditions.ts';
import { POLICY_KIND } from '../model/names.ts';
import { objectKey, type ObjectKey, type ObjectMeta } from '../model/objects.ts';
import type { WatchTelemetry } from '../telemetry/ports.ts';
import {
  isSamePolicyStatus,
  loadBalancerIngress,
  policyStatus,
  publishedIn,
  type LoadBalancerIngress,
} from './desired-status.ts';
import { readLiveObject, type FindLive, type LiveObject, type StatusKind } from './live-object.ts';
import { isOlder } from './resource-version.ts';

/** What the statuses shall say. */
export interface DesiredStatuses {
  readonly result: CompileResult;
  /** By `namespace/name` of the policy. */
  readonly issuerState: (policy: ObjectKey) => IssuerState;
}

/** One status to be written. */
export interface StatusWrite {
  readonly kind: StatusKind;
  readonly meta: ObjectMeta;
  readonly status: object;
}

/** A status that was found to be as it shall. */
interface Standing {
  readonly live: LiveObject;
  /** The state of the issuer, or what is published. */
  readonly wanted: unknown;
}

export interface StatusPlanOptions {
  readonly telemetry: Pick<WatchTelemetry, 'statusWritten'>;
  readonly findLive: FindLive;
}

export class StatusPlan {
  readonly #options: StatusPlanOptions;
  /** What the API server answered to writes, until the watch tells of it too. */
  readonly #written = new Map<string, LiveObject>();
  /** Of policies and Ingresses whose status was found to be as it shall. */
  readonly #standing = new WeakMap<PolicyVerdict | ObjectMeta, Standing>();
  /** Ingresses that were ours, in this process. */
  readonly #claimed = new Map<ObjectKey, ObjectMeta>();
  #published: readonly LoadBalancerIngress[] = [];
  #lastClaimed: readonly ObjectMeta[] | undefined;

  constructor(options: StatusPlanOptions) {
    this.#options = options;
  }

  /**
   * Goes from one object to the next, so that whoever asks can take a rest in between; `undefined` for one that stands as
   * it shall. One of which nothing new has been seen since it did is passed over: that are nearly all of them, after nearly
   * every change. Not to be gone on with after another {@link StatusPlan.claim}. `addresses` `undefined`: what Ingresses
   * publish is left as it is.
   */
  *writesFor(
    desired: DesiredStatuses,
    addresses: readonly string[] | undefined,
    nowMs: number,
  ): Iterable<StatusWrite | undefined> {
    const { policies, ingresses } = desired.result;
    for (const [key, verdict] of Object.entries(policies)) {
      const issuer = desired.issuerState(key);
      if (!this.#stands(POLICY_KIND, verdict, issuer)) yield this.#policyWrite(verdict, issuer, nowMs);
    }
    if (addresses === undefined) return;
    const published = this.#publishedAt(addresses);
    for (const meta of ingresses) {
      if (!this.#stands('Ingress', meta, published)) yield this.#publication(meta, published);
    }
    for (const meta of this.#noLonger(ingresses)) yield this.#release(meta);
  }

  /** Takes back what is published on every Ingress that is ours. */
  withdrawals(): readonly StatusWrite[] {
    return [...this.#claimed.values()].flatMap((meta) => this.#release(meta) ?? []);
  }

  /** Takes the answer to a write, which is the object as it stands then. */
  written({ kind, meta }: StatusWrite, answer: unknown): void {
    const live = readLiveObject(answer);
    if (live !== undefined) this.#written.set(`${kind} ${objectKey(meta)}`, live);
  }

  /** Remembers which Ingresses are ours: where one ceases to be, what is published on it goes. */
  claim({ ingresses }: CompileResult): void {
    if (ingresses === this.#lastClaimed) return;
    this.#lastClaimed = ingresses;
    for (const meta of ingresses) this.#claimed.set(keyOf(meta), meta);
  }

  #policyWrite(verdict: PolicyVerdict, issuer: IssuerState, nowMs: number): StatusWrite | undefined {
    const { meta } = verdict;
    const live = this.#liveOf(POLICY_KIND, meta);
    if (live === undefined) return undefined;
    const status = policyStatus(verdict, issuer, live.status, nowMs);
    if (!isSamePolicyStatus(live.status, status)) return { kind: POLICY_KIND, meta, status };
    return this.#unchanged(POLICY_KIND, verdict, { live, wanted: issuer });
  }

  #publication(meta: ObjectMeta, published: readonly unknown[]): StatusWrite | undefined {
    const live = this.#liveOf('Ingress', meta);
    if (live === undefined) return undefined;
    if (isSameValue(publishedIn(live.status), published)) {
      return this.#unchanged('Ingress', meta, { live, wanted: published });
    }
    const loadBalancer = published.length === 0 ? {} : { ingress: published };
    return { kind: 'Ingress', meta, status: { loadBalancer } };
  }

  /** Claimed, but not among `ingresses`, which are claimed too. */
  #noLonger(ingresses: readonly ObjectMeta[]): readonly ObjectMeta[] {
    if (this.#claimed.size === ingresses.length) return [];
    const ours = new Set(ingresses.map(keyOf));
    return [...this.#claimed].flatMap(([key, meta]) => (ours.has(key) ? [] : [meta]));
  }

  /** To apply nothing takes away what this product wrote, and only that. */
  #release(meta: ObjectMeta): StatusWrite | undefined {
    const live = this.#liveOf('Ingress', meta);
    if (live?.isOurs === true && publishedIn(live.status).length > 0) {
      return { kind: 'Ingress', meta, status: { loadBalancer: {} } };
    }
    this.#claimed.delete(objectKey(meta));
    return undefined;
  }

  /** The newest known state; `undefined` where the object is gone, or another has its name now. */
  #liveOf(kind: StatusKind, meta: ObjectMeta): LiveObject | undefined {
    const key = keyOf(meta);
    const seen = this.#options.findLive(kind, key);
    const id = `${kind} ${key}`;
    const written = this.#written.get(id);
    if (seen?.uid === meta.uid && written?.uid === meta.uid) {
      if (isOlder(seen.resourceVersion, written.resourceVersion)) return written;
    }
    this.#written.delete(id);
    return seen?.uid === meta.uid ? seen : undefined;
  }

  #unchanged(kind: StatusKind, subject: PolicyVerdict | ObjectMeta, standing: Standing): undefined {
    this.#options.telemetry.statusWritten(kind, 'unchanged');
    this.#standing.set(subject, standing);
  }

  /** Whether the status of a subject says what is wanted, and nothing else has been seen of the object since. */
  #stands(kind: StatusKind, subject: PolicyVerdict | ObjectMeta, wanted: unknown): boolean {
    const standing = this.#standing.get(subject);
    if (standing === undefined) return false;
    const meta = 'meta' in subject ? subject.meta : subject;
    return (
      standing.live === this.#options.findLive(kind, keyOf(meta)) && isSameValue(standing.wanted, wanted)
    );
  }

  /** The same object for as long as it says the same: it is compared with thousands. */
  #publishedAt(addresses: readonly string[]): readonly LoadBalancerIngress[] {
    const published = loadBalancerIngress(addresses);
    if (!isSameValue(published, this.#published)) this.#published = published;
    return this.#published;
  }
}

const keyOf = memoizeByObject(objectKey);
