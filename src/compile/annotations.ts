/** Reads the annotations of an Ingress that are ours. */

import {
  ANNOTATION_PREFIX,
  AUDIENCE_ANNOTATION,
  INGRESS_ANNOTATIONS,
  POLICY_ANNOTATION,
  SCOPES_ANNOTATION,
} from '../model/names.ts';
import type { IngressObject, ObjectKey, ObjectMeta } from '../model/objects.ts';
import { SCOPE_PATTERN } from '../policy/fields.ts';
import type { Tailoring } from './plan.ts';
import { compareTexts } from './order.ts';
import type { Cause, Report } from './problem-list.ts';

export type PolicyReference =
  | { readonly kind: 'unset' }
  /** `none`: opts out of protection. */
  | { readonly kind: 'none' }
  | { readonly kind: 'policy'; readonly namespace: string; readonly key: ObjectKey };

export interface IngressAnnotations {
  readonly policy: PolicyReference;
  /** `undefined` where no annotation changes the policy. */
  readonly tailoring: Tailoring | undefined;
  /** The first fault: an annotation that is not understood must not open what it meant to protect. */
  readonly fault: Cause | undefined;
}

const NAME = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const POLICY = new RegExp(`^(?:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/)?(${NAME})$`);
const SCOPES = new RegExp(SCOPE_PATTERN);
const AUDIENCE = /^[\x21-\x7e]{1,2048}$/;

const NOTHING: IngressAnnotations = { policy: { kind: 'unset' }, tailoring: undefined, fault: undefined };

export function readAnnotations(
  { annotations }: IngressObject,
  { namespace }: ObjectMeta,
  report: Report,
): IngressAnnotations {
  const names = Object.keys(annotations).filter((name) => name.startsWith(ANNOTATION_PREFIX));
  if (names.length === 0) return NOTHING;
  const faults: Cause[] = [];
  const reject = (name: string, reason: Cause['reason'], message: string): void => {
    faults.push({ reason, message: `${name}: ${message}` });
    report(`metadata.annotations.${name}`, { reason, message });
  };
  for (const name of names.sort(compareTexts)) {
    if (!INGRESS_ANNOTATIONS.includes(name)) {
      reject(name, 'UnknownAnnotation', `must be one of ${INGRESS_ANNOTATIONS.join(', ')}`);
    }
  }
  const policy = readPolicy(annotations[POLICY_ANNOTATION], namespace);
  if (policy === undefined) {
    const expected = 'must be NAME, NAMESPACE/NAME or none';
    reject(
      POLICY_ANNOTATION,
      'InvalidAnnotation',
      `${JSON.stringify(annotations[POLICY_ANNOTATION])} ${expected}`,
    );
  }
  const audience = annotations[AUDIENCE_ANNOTATION];
  if (audience !== undefined && !AUDIENCE.test(audience)) {
    reject(
      AUDIENCE_ANNOTATION,
      'InvalidAnnotation',
      'must be 1-2048 printable ASCII characters without spaces',
    );
  }
  const scopes = annotations[SCOPES_ANNOTATION];
  if (scopes !== undefined && !SCOPES.test(scopes)) {
    reject(
      SCOPES_ANNOTATION,
      'InvalidAnnotation',
      'must be scopes separated by single spaces (RFC 6749, section 3.3)',
    );
  }
  const isTailored = audience !== undefined || scopes !== undefined;
  return {
    policy: policy ?? { kind: 'unset' },
    tailoring: isTailored ? { audience, scopes: scopes?.split(' ') ?? [] } : undefined,
    fault: faults[0],
  };
}

function readPolicy(text: string | undefined, namespace: string): PolicyReference | undefined {
  if (text === undefined) return { kind: 'unset' };
  if (text === 'none') return { kind: 'none' };
  const match = POLICY.exec(text);
  if (match === null) return undefined;
  const [, place = namespace, name = ''] = match;
  return { kind: 'policy', namespace: place, key: `${place}/${name}` };
}
