/** What a caller presents to say who it is, and what can be wrong with that. */

import { Redacted } from '../model/redacted.ts';
import type { ClientCredentialsPlan } from '../model/table.ts';

export type CredentialSource = ClientCredentialsPlan['sources'][number];

/** Names of the credential parameters in query and body. */
export type ParameterNames = ClientCredentialsPlan['parameterNames'];

/** Where nothing else is said. A caller may send its secret also to a route that asks for none. */
export const DEFAULT_NAMES: ParameterNames = { clientId: 'client_id', clientSecret: 'client_secret' };

export type Credentials =
  | {
      readonly kind: 'client';
      readonly source: CredentialSource;
      readonly clientId: string;
      readonly clientSecret: Redacted<string>;
    }
  | { readonly kind: 'bearer'; readonly token: Redacted<string> };

export interface CredentialFault {
  readonly kind: 'fault';
  readonly reason: 'MalformedCredentials' | 'AmbiguousCredentials' | 'MalformedBody' | 'BodyTooLarge';
  /** For the caller: never a word of what it sent. */
  readonly detail: string;
}

export type TakenCredentials = Credentials | { readonly kind: 'none' } | CredentialFault;

export const NO_CREDENTIALS: TakenCredentials = { kind: 'none' };

/** Longer than any provider's client ID: what is counted, logged and cached per client must have a bound. */
const MAX_CLIENT_ID_LENGTH = 1024;

export function credentialFault(reason: CredentialFault['reason'], detail: string): CredentialFault {
  return { kind: 'fault', reason, detail };
}

/** Checks what all sources have in common. */
export function presentedClient(
  source: CredentialSource,
  clientId: string,
  clientSecret: string,
): TakenCredentials {
  if (clientId === '') return malformed('the client ID must not be empty');
  if (clientId.length > MAX_CLIENT_ID_LENGTH) {
    return malformed(`the client ID must not exceed ${MAX_CLIENT_ID_LENGTH} characters`);
  }
  if (!isText(clientId)) return malformed('the client ID must not hold control characters');
  if (!isText(clientSecret)) return malformed('the client secret must not hold control characters');
  return { kind: 'client', source, clientId, clientSecret: new Redacted(clientSecret) };
}

/** As {@link presentedClient}, from a place that can hold each of the two any number of times. */
export function presentedParameters(
  source: 'Query' | 'Body',
  clientIds: readonly (string | undefined)[],
  clientSecrets: readonly (string | undefined)[],
): TakenCredentials {
  if (clientIds.length === 0 && clientSecrets.length === 0) return NO_CREDENTIALS;
  const place = source.toLowerCase();
  if (clientIds.length > 1 || clientSecrets.length > 1) {
    return credentialFault('AmbiguousCredentials', `the ${place} must hold client ID and client secret once`);
  }
  if (clientIds.length === 0) return malformed(`the ${place} holds a client secret without a client ID`);
  if (clientSecrets.length === 0) return malformed(`the ${place} holds a client ID without a client secret`);
  const [clientId] = clientIds;
  const [clientSecret] = clientSecrets;
  if (clientId === undefined || clientSecret === undefined) {
    return malformed(`client ID and client secret in the ${place} must be readable text`);
  }
  return presentedClient(source, clientId, clientSecret);
}

export function malformed(detail: string): CredentialFault {
  return credentialFault('MalformedCredentials', detail);
}

/** RFC 7617, section 2, forbids control characters; a lone surrogate, which JSON can hold, has no UTF-8 form. */
function isText(text: string): boolean {
  return !/[\x00-\x1f\x7f]/.test(text) && text.isWellFormed();
}
