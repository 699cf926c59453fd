/** The circuits to one provider: one for all policies, and one for each, whose requests alone may be what it fails at. */

import { LRUCache } from 'lru-cache';

import {
  CircuitBreaker,
  type CircuitOpen,
  type CircuitState,
  type Health,
  type Permit,
} from './circuit-breaker.ts';

/** As {@link Health}, and whose circuit it concerns. */
export type ProviderHealth =
  | Exclude<Health, Unavailable>
  /** `policy`: others may fare better with their requests. */
  | (Unavailable & { readonly scope: 'provider' | 'policy' });

type Unavailable = Extract<Health, { readonly kind: 'unavailable' }>;

/** Leave to send one exchange; report how it went, exactly once. */
export interface Leave {
  readonly kind: 'leave';
  readonly ofAll: Permit;
  readonly own: CircuitBreaker;
  readonly ofOwn: Permit;
}

/** The circuit of the policy that asked longest ago is forgotten first. */
const MAX_POLICIES = 1_000;

export class Circuits {
  readonly #onState: (state: CircuitState) => void;
  readonly #all: CircuitBreaker;
  readonly #byPolicy = new LRUCache<string, CircuitBreaker>({ max: MAX_POLICIES });
  #worst: CircuitState = 0;

  /** @param onState told of each change of the worst of them */
  constructor(onState: (state: CircuitState) => void) {
    this.#onState = onState;
    this.#all = new CircuitBreaker(() => this.#changed());
  }

  /** Whether an exchange for `policy` would be refused at `nowMs`. */
  check(policy: string, nowMs: number): CircuitOpen | undefined {
    return this.#all.check(nowMs) ?? this.#byPolicy.get(policy)?.check(nowMs);
  }

  /** Takes leave to send. */
  enter(policy: string, nowMs: number): Leave | CircuitOpen {
    const own = this.#of(policy);
    const open = own.check(nowMs);
    if (open !== undefined) return open;
    const ofAll = this.#all.enter(nowMs);
    if (ofAll.kind === 'open') return ofAll;
    const ofOwn = own.enter(nowMs);
    return ofOwn.kind === 'open' ? ofOwn : { kind: 'leave', ofAll, own, ofOwn };
  }

  report({ ofAll, own, ofOwn }: Leave, health: ProviderHealth, nowMs: number): void {
    const isOwn = health.kind === 'unavailable' && health.scope === 'policy';
    const isOfAll = health.kind === 'rateLimited' || (health.kind === 'unavailable' && !isOwn);
    this.#all.report(ofAll, isOwn ? { kind: 'unknown' } : health, nowMs);
    own.report(ofOwn, isOfAll ? { kind: 'unknown' } : health, nowMs);
  }

  #of(policy: string): CircuitBreaker {
    let own = this.#byPolicy.get(policy);
    if (own === undefined) {
      own = new CircuitBreaker(() => this.#changed());
      this.#byPolicy.set(policy, own);
    }
    return own;
  }

  #changed(): void {
    let worst = this.#all.state;
    for (const { state } of this.#byPolicy.values()) if (state > worst) worst = state;
    if (worst === this.#worst) return;
    this.#worst = worst;
    this.#onState(worst);
  }
}
