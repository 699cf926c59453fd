/** The outcome of decoding what an object says beside its metadata. */

import type { z } from 'zod';

import { check } from '../model/check.ts';
import type { Fault } from '../model/faults.ts';
import type { Metadata, RawObject } from './metadata.ts';

export type Body<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[]; readonly salvaged?: T | undefined };

/** Decodes one kind. Never throws; tolerates fields that this version does not know. */
export type BodyDecoder<T> = (raw: RawObject, metadata: Metadata) => Body<T>;

/** Checks `raw` against `schema` and cuts the result down by `reduce`. */
export function decodeBody<S extends z.ZodType, T>(
  schema: S,
  raw: RawObject,
  reduce: (parsed: z.output<S>) => T,
): Body<T> {
  const checked = check(schema, raw);
  return checked.kind === 'valid' ? { kind: 'valid', value: reduce(checked.value) } : checked;
}
