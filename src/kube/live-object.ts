/** What the API server holds of an object whose status is ours to write. */

import { z } from 'zod';

import type { RawObject } from '../decode/metadata.ts';
import { PRODUCT, type POLICY_KIND } from '../model/names.ts';
import type { ObjectKey } from '../model/objects.ts';

/** The kinds whose status is written. */
export type StatusKind = 'Ingress' | typeof POLICY_KIND;

export interface LiveObject {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: unknown;
  /** Whether a field of the status was last written by this product, in this process or another. */
  readonly isOurs: boolean;
}

/** Finds the newest state of an object that has been seen; `undefined`: it does not exist. */
export type FindLive = (kind: StatusKind, key: ObjectKey) => LiveObject | undefined;

const liveSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    resourceVersion: z.string(),
    managedFields: z
      .array(z.object({ manager: z.string().optional(), subresource: z.string().optional() }))
      .optional(),
  }),
  status: z.unknown().optional(),
});

/** @returns `undefined` for what is no object of the API. */
export function readLiveObject(raw: unknown): LiveObject | undefined {
  const parsed = liveSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const { metadata, status } = parsed.data;
  const { uid, resourceVersion, managedFields } = metadata;
  const isOurs = managedFields?.some(
    ({ manager, subresource }) => manager === PRODUCT && subresource === 'status',
  );
  return { uid, resourceVersion, status, isOurs: isOurs ?? false };
}

export interface LiveObjects {
  readonly find: FindLive;
  set(kind: StatusKind, key: ObjectKey, raw: RawObject): void;
  delete(kind: StatusKind, key: ObjectKey): void;
}

export function createLiveObjects(): LiveObjects {
  const maps = { Ingress: new Map<ObjectKey, LiveObject>(), OIDCPolicy: new Map<ObjectKey, LiveObject>() };
  return {
    find: (kind, key) => maps[kind].get(key),
    set: (kind, key, raw) => {
      const live = readLiveObject(raw);
      if (live !== undefined) maps[kind].set(key, live);
    },
    delete: (kind, key) => {
      maps[kind].delete(key);
    },
  };
}
