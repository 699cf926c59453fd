/** Reads `metadata` of any Kubernetes object, and salvages from a broken one what is needed to keep its place. */

import { z } from 'zod';

import { check } from '../model/check.ts';
import type { Fault } from '../model/faults.ts';
import type { ObjectMeta } from '../model/objects.ts';

/** A JSON object of which nothing else is known yet. */
export type RawObject = Readonly<Record<string, unknown>>;

export interface Metadata {
  readonly meta: ObjectMeta;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export type ReadMetadata =
  | { readonly kind: 'read'; readonly metadata: Metadata }
  /** The object has a name, so it can be kept as invalid. */
  | { readonly kind: 'salvaged'; readonly meta: ObjectMeta; readonly faults: readonly Fault[] }
  | { readonly kind: 'unreadable'; readonly faults: readonly Fault[] };

/** `scope` says which namespace an object without one gets; a cluster-scoped object gets the empty one, whatever it says. */
export type Scope =
  | { readonly kind: 'cluster' }
  | { readonly kind: 'namespaced'; readonly defaultNamespace: string | undefined };

const name = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/, { error: 'must be the name of a Kubernetes object' });
const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: 'must be the name of a namespace' });

const identitySchema = z.object({ name, namespace: namespace.nullish() });

const texts = z.record(z.string(), z.string());

const metadataSchema = z.object({
  uid: z.string().nullish(),
  generation: z.int().nullish(),
  creationTimestamp: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })
    .nullish(),
  annotations: texts.nullish(),
  labels: texts.nullish(),
});

export function isRawObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Never throws. An object without a usable name cannot be kept and is `unreadable`. */
export function readMetadata(raw: RawObject, scope: Scope): ReadMetadata {
  const identity = check(identitySchema, raw['metadata'], ['metadata']);
  if (identity.kind === 'invalid') return { kind: 'unreadable', faults: identity.faults };
  const place = placeOf(identity.value.namespace ?? undefined, scope);
  if (place === undefined) {
    return { kind: 'unreadable', faults: [{ path: 'metadata.namespace', message: 'must be set' }] };
  }
  const base = { namespace: place, name: identity.value.name };
  const rest = check(metadataSchema, raw['metadata'], ['metadata']);
  if (rest.kind === 'invalid') {
    const meta = { ...base, uid: '', generation: 0, createdAtMs: 0 };
    return { kind: 'salvaged', meta, faults: rest.faults };
  }
  const { uid, generation, creationTimestamp, annotations, labels } = rest.value;
  const meta: ObjectMeta = {
    ...base,
    uid: uid ?? '',
    generation: generation ?? 0,
    createdAtMs: typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : 0,
  };
  return { kind: 'read', metadata: { meta, annotations: annotations ?? {}, labels: labels ?? {} } };
}

function placeOf(namespace: string | undefined, scope: Scope): string | undefined {
  return scope.kind === 'cluster' ? '' : (namespace ?? scope.defaultNamespace);
}
