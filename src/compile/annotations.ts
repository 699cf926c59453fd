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
import { quote } from './quote.ts';

export type PolicyReference =
  | { readonly kind: 'unset' }
  /** `none`: opts out of protection. */
  | { readonly kind: 'none' }
  | { readonly kind: 'policy'; readonly key: ObjectKey };

export interface IngressAnnotations {
  readonly policy: PolicyReference;
  /** `undefined` where no annotation changes the policy. */
  readonly tailoring: Tailoring | undefined;
  /** The first fault: an annotation that is not understood must not open what it meant to protect. */
  readonly fault: Cause | undefined;
}

const PLACE = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const NAME = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const POLICY = new RegExp(`^(?:(${PLACE})/)?(${NAME})$`);

const RULES: readonly { readonly name: string; readonly form: RegExp; readonly expected: string }[] = [
  { name: POLICY_ANNOTATION, form: POLICY, expected: 'must be NAME, NAMESPACE/NAME or none' },
  {
    name: AUDIENCE_ANNOTATION,
    form: /^[\x21-\x7e]{1,2048}$/,
    expected: 'must be 1-2048 printable ASCII characters without spaces',
  },
  {
    name: SCOPES_ANNOTATION,
    form: new RegExp(SCOPE_PATTERN),
    expected: 'must be scopes separated by single spaces (RFC 6749, section 3.3)',
  },
];

const NOTHING: IngressAnnotations = { policy: { kind: 'unset' }, tailoring: undefined, fault: undefined };

export function readAnnotations(
  { annotations }: IngressObject,
  { namespace }: ObjectMeta,
  report: Report,
): IngressAnnotations {
  const names = Object.keys(annotations).filter((name) => name.startsWith(ANNOTATION_PREFIX));
  if (names.length === 0) return NOTHING;
  const [fault] = names.sort(compareTexts).flatMap((name) => {
    const cause = faultOf(name, annotations[name] ?? '');
    if (cause === undefined) return [];
    report(`metadata.annotations.${name}`, cause);
    return [{ ...cause, message: `${name}: ${cause.message}` }];
  });
  const audience = annotations[AUDIENCE_ANNOTATION];
  const scopes = annotations[SCOPES_ANNOTATION];
  const isTailored = audience !== undefined || scopes !== undefined;
  return {
    policy: readPolicy(annotations[POLICY_ANNOTATION], namespace),
    tailoring: isTailored ? { audience, scopes: scopes?.split(' ') ?? [] } : undefined,
    fault,
  };
}

function faultOf(name: string, value: string): Cause | undefined {
  const rule = RULES.find((candidate) => candidate.name === name);
  if (rule === undefined) {
    return { reason: 'UnknownAnnotation', message: `must be one of ${INGRESS_ANNOTATIONS.join(', ')}` };
  }
  if (rule.form.test(value)) return undefined;
  return { reason: 'InvalidAnnotation', message: `${quote(value)} ${rule.expected}` };
}

function readPolicy(text: string | undefined, namespace: string): PolicyReference {
  const match = text === undefined ? null : POLICY.exec(text);
  if (match === null) return { kind: 'unset' };
  if (text === 'none') return { kind: 'none' };
  const [, place = namespace, name = ''] = match;
  return { kind: 'policy', key: `${place}/${name}` };
}
