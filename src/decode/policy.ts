/** Decodes `oidc-ingress.io/v1alpha1` OIDCPolicy, strictly: an unknown field is a fault, never ignored. */

import { decodePolicySpec } from '../policy/decode.ts';
import type { PolicyObject } from '../model/objects.ts';
import type { BodyDecoder } from './body.ts';

const FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

export const decodePolicy: BodyDecoder<PolicyObject> = (raw) => {
  const unknown = Object.keys(raw)
    .filter((field) => !FIELDS.has(field))
    .map((path) => ({ path, message: 'unknown field' }));
  const decoded = decodePolicySpec(raw['spec']);
  if (decoded.kind === 'invalid') return { kind: 'invalid', faults: [...unknown, ...decoded.faults] };
  if (unknown.length > 0) return { kind: 'invalid', faults: unknown };
  return { kind: 'valid', value: { spec: decoded.spec } };
};
