/** Takes the credentials of a caller from the places that the policy allows. */

import type { PolicyPlan } from '../model/table.ts';
import { authorizationCredentials } from './authorization.ts';
import { bodyCredentials, type CredentialBody } from './credential-body.ts';
import { formValues, withoutParameters } from './form.ts';
import {
  credentialFault,
  presentedParameters,
  type ParameterNames,
  type TakenCredentials,
} from './presented.ts';

export { takeCallerParameters } from './caller-parameters.ts';
export {
  CREDENTIALS_IN_LARGE_BODY,
  hideBodyCredentials,
  isCredentialBodyType,
  MAX_CREDENTIAL_BODY_BYTES,
  type CredentialBody,
} from './credential-body.ts';
export { credentialScan, type CredentialScan } from './credential-scan.ts';
export type { Credentials, ParameterNames, TakenCredentials } from './presented.ts';

export interface CredentialInput {
  /** The value of every Authorization line. */
  readonly authorization: readonly string[];
  readonly query: string | undefined;
  /** `undefined` where it was not read: not allowed, none sent, or of another type. */
  readonly body: CredentialBody | undefined;
}

/**
 * Looks at every place that the policy allows. Places that agree are one set of credentials, named after the first of
 * Basic, Query, Body; places that disagree are `AmbiguousCredentials` (RFC 6749, section 2.3).
 */
export function takeCredentials(plan: PolicyPlan, input: CredentialInput): TakenCredentials {
  let taken = authorizationCredentials(plan, input.authorization);
  const grant = plan.clientCredentials;
  if (grant === undefined) return taken;
  if (input.query !== undefined && grant.sources.includes('Query')) {
    taken = agreed(taken, queryCredentials(input.query, grant.parameterNames));
  }
  if (input.body !== undefined && grant.sources.includes('Body')) {
    taken = agreed(taken, bodyCredentials(input.body, grant.parameterNames));
  }
  return taken;
}

/** The query without the credential parameters, what stays untouched; `undefined` where nothing is left. */
export function hideQueryCredentials(query: string | undefined, names: ParameterNames): string | undefined {
  if (query === undefined) return undefined;
  const hidden = withoutParameters(query, [names.clientId, names.clientSecret]);
  return hidden === '' && query !== '' ? undefined : hidden;
}

function queryCredentials(query: string, names: ParameterNames): TakenCredentials {
  return presentedParameters(
    'Query',
    formValues(query, names.clientId),
    formValues(query, names.clientSecret),
  );
}

function agreed(first: TakenCredentials, second: TakenCredentials): TakenCredentials {
  if (first.kind === 'fault' || second.kind === 'none') return first;
  if (first.kind === 'none') return second;
  if (second.kind === 'fault') return isAboutBody(second.reason) ? first : second;
  const isSame =
    first.kind === 'client' &&
    second.kind === 'client' &&
    first.clientId === second.clientId &&
    first.clientSecret.equals(second.clientSecret);
  return isSame
    ? first
    : credentialFault('AmbiguousCredentials', 'two sets of credentials were sent, and they differ');
}

/** A body that cannot be read matters only where the credentials would have to be in it. */
function isAboutBody(reason: string): boolean {
  return reason === 'MalformedBody' || reason === 'BodyTooLarge';
}
