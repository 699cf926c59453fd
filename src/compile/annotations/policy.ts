/** Annotations that say what protects an Ingress: `policy`, `audience`, `scopes`. */

import type { ObjectKey } from '../../model/objects.ts';
import { SCOPE_PATTERN } from '../../policy/fields.ts';
import { invalid, valid, type Reading } from './reading.ts';

export type PolicyReference =
  /** Opts out of protection. */
  { readonly kind: 'none' } | { readonly kind: 'policy'; readonly key: ObjectKey };

const PLACE = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const NAME = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const POLICY = new RegExp(`^(?:(${PLACE})/)?(${NAME})$`);
const AUDIENCE = /^[\x21-\x7e]{1,2048}$/;
const SCOPES = new RegExp(SCOPE_PATTERN);

/** `namespace`: where a policy without one is looked up. */
export function readPolicy(text: string, namespace: string): Reading<PolicyReference> {
  const match = POLICY.exec(text);
  if (match === null) return invalid('must be NAME, NAMESPACE/NAME or none');
  if (text === 'none') return valid({ kind: 'none' });
  const [, place = namespace, name = ''] = match;
  return valid({ kind: 'policy', key: `${place}/${name}` });
}

export function readAudience(text: string): Reading<string> {
  return AUDIENCE.test(text)
    ? valid(text)
    : invalid('must be 1-2048 printable ASCII characters without spaces');
}

export function readScopes(text: string): Reading<readonly string[]> {
  // A comma may be part of a scope, but none that ends with one is meant.
  return SCOPES.test(text) && !/,(?: |$)/.test(text)
    ? valid(text.split(' '))
    : invalid('must be scopes separated by single spaces, without commas (RFC 6749, section 3.3)');
}
