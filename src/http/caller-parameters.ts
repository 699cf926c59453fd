/** Takes the token-request parameters that the caller may choose. */

import type { CallerParameter, ClientCredentialsPlan, NameValue } from '../model/table.ts';
import { formValues } from './form.ts';

export type TakenParameters =
  | { readonly kind: 'taken'; readonly parameters: readonly NameValue[] }
  | { readonly kind: 'fault'; readonly reason: 'BadRequest'; readonly detail: string };

const NONE_TAKEN: TakenParameters = { kind: 'taken', parameters: [] };

/**
 * In the order of the policy; a parameter that the caller does not send is left out. `header` takes a lower-case name.
 */
export function takeCallerParameters(
  plan: ClientCredentialsPlan,
  header: (name: string) => string | undefined,
  query: string | undefined,
): TakenParameters {
  if (plan.callerParameters.length === 0) return NONE_TAKEN;
  const parameters: NameValue[] = [];
  for (const { name, from, allowed } of plan.callerParameters) {
    const [value, ...more] = valuesAt(from, header, query);
    if (value === undefined && more.length === 0) continue;
    if (more.length > 0) return refused(name, 'must be sent at most once');
    if (value === undefined || !allowed.includes(value)) {
      return refused(name, 'must be one of the values that the policy allows');
    }
    parameters.push({ name, value });
  }
  return { kind: 'taken', parameters };
}

function valuesAt(
  from: CallerParameter['from'],
  header: (name: string) => string | undefined,
  query: string | undefined,
): readonly (string | undefined)[] {
  if ('header' in from) {
    const value = header(from.header);
    return value === undefined ? [] : [value];
  }
  // One that cannot be decoded was sent all the same, and no allow-list holds it.
  return query === undefined ? [] : formValues(query, from.query).map((value) => value ?? '\ufffd');
}

function refused(name: string, what: string): TakenParameters {
  return { kind: 'fault', reason: 'BadRequest', detail: `the token parameter "${name}" ${what}` };
}
