/** Takes the credentials of a caller from the places that the policy allows. */

import type { Redacted } from '../model/redacted.ts';
import type { ClientCredentialsPlan, NameValue, PolicyPlan } from '../model/table.ts';

export type Credentials =
  | {
      readonly kind: 'client';
      readonly source: 'Basic' | 'Query' | 'Body';
      readonly clientId: string;
      readonly clientSecret: Redacted<string>;
    }
  | { readonly kind: 'bearer'; readonly token: Redacted<string> };

export type TakenCredentials =
  | Credentials
  | { readonly kind: 'none' }
  | {
      readonly kind: 'fault';
      readonly reason: 'MalformedCredentials' | 'AmbiguousCredentials' | 'MalformedBody' | 'BodyTooLarge';
      readonly detail: string;
    };

export interface CredentialBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export const MAX_CREDENTIAL_BODY_BYTES = 65_536;

export type ParameterNames = ClientCredentialsPlan['parameterNames'];

export type TakenParameters =
  | { readonly kind: 'taken'; readonly parameters: readonly NameValue[] }
  | { readonly kind: 'fault'; readonly reason: 'BadRequest'; readonly detail: string };

export declare function takeCredentials(
  plan: PolicyPlan,
  input: {
    /** The values of all Authorization lines. */
    readonly authorization: readonly string[];
    readonly query: string | undefined;
    /** `undefined` where it was not read. */
    readonly body: CredentialBody | undefined;
  },
): TakenCredentials;

export declare function isCredentialBodyType(contentType: string | undefined): boolean;

export declare function hideQueryCredentials(
  query: string | undefined,
  names: ParameterNames,
): string | undefined;

export declare function hideBodyCredentials(body: CredentialBody, names: ParameterNames): Uint8Array;

export declare function takeCallerParameters(
  plan: ClientCredentialsPlan,
  header: (name: string) => string | undefined,
  query: string | undefined,
): TakenParameters;
