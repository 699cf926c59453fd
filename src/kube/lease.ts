/** The `coordination.k8s.io/v1` Lease that replicas compete for: how it is read, judged and written. */

import { z } from 'zod';

/** A lease that was not renewed for so long may be taken by another. */
const LEASE_MS = 15_000;

export interface Lease {
  /** As the API server gave it, to be given back. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Empty: nobody holds it. */
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly acquireTime: string | undefined;
  /** Differs whenever the holder has renewed it, or another taken it. */
  readonly mark: string;
}

const leaseSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().min(1) }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.int().positive().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.int().nullish(),
    })
    .nullish(),
});

/** @returns `undefined` for what is no Lease. */
export function readLease(raw: unknown): Lease | undefined {
  const parsed = leaseSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const spec = parsed.data.spec ?? {};
  const holder = spec.holderIdentity ?? '';
  const transitions = spec.leaseTransitions ?? 0;
  return {
    raw: parsed.data,
    holder,
    durationMs: (spec.leaseDurationSeconds ?? LEASE_MS / 1_000) * 1_000,
    transitions,
    acquireTime: spec.acquireTime ?? undefined,
    mark: JSON.stringify([holder, transitions, spec.acquireTime, spec.renewTime]),
  };
}

export function newLease(place: { readonly namespace: string; readonly name: string }): object {
  const { namespace, name } = place;
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name } };
}

/** `holder` takes or renews `lease`; `undefined`: it is made. */
export function heldSpec(lease: Lease | undefined, holder: string, nowMs: number): object {
  const now = microTime(nowMs);
  const isRenewal = lease?.holder === holder;
  return {
    holderIdentity: holder,
    leaseDurationSeconds: LEASE_MS / 1_000,
    acquireTime: isRenewal ? (lease.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: isRenewal || lease === undefined ? (lease?.transitions ?? 0) : lease.transitions + 1,
  };
}

/** The holder gives it up: another may take it at once. */
export function releasedSpec(lease: Lease, nowMs: number): object {
  const now = microTime(nowMs);
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: lease.transitions,
  };
}

/** RFC 3339 with the six decimals that the API server wants. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
