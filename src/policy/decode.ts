/** Decodes the spec of an OIDCPolicy from the edge. */

import { check } from '../model/check.ts';
import type { Fault } from '../model/faults.ts';
import { policySpecSchema, type PolicySpec } from './schema.ts';

export type DecodedSpec =
  | { readonly kind: 'valid'; readonly spec: PolicySpec }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** Applies defaults and checks every bound; all faults are reported together. A field that is `null` counts as absent. */
export function decodePolicySpec(raw: unknown): DecodedSpec {
  const checked = check(policySpecSchema, withoutNulls(raw), ['spec']);
  return checked.kind === 'valid' ? { kind: 'valid', spec: checked.value } : checked;
}

/** The API server drops fields that are `null` before it applies defaults; entries of lists it keeps, and so refuses. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [key, withoutNulls(entry)]),
  );
}
