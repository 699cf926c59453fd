/** Decodes the spec of an OIDCPolicy from the edge. */

import { faultsFromZod, type Fault } from '../model/faults.ts';
import { policySpecSchema, type PolicySpec } from './schema.ts';

export type DecodedSpec =
  | { readonly kind: 'valid'; readonly spec: PolicySpec }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** Applies defaults and checks every bound; all faults are reported together. */
export function decodePolicySpec(raw: unknown): DecodedSpec {
  const result = policySpecSchema.safeParse(raw, { reportInput: true });
  return result.success
    ? { kind: 'valid', spec: result.data }
    : { kind: 'invalid', faults: faultsFromZod(result.error, ['spec']) };
}
