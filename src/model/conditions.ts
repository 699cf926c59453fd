/** What the conditions of a policy can say: the one table of their reasons. Documentation is checked against it. */

import type { ProblemReason } from './problems.ts';

type ConditionStatus = 'True' | 'False' | 'Unknown';

/** By type of the condition; the warnings of the policy itself are problems, and stand in their table. */
export const CONDITION_REASONS = {
  Accepted: {
    Accepted: 'True',
    Invalid: 'False',
    InsecureIssuer: 'False',
    IssuerNotAllowed: 'False',
    SecretNotFound: 'False',
    SecretInvalid: 'False',
    ConfigMapNotFound: 'False',
    ConfigMapInvalid: 'False',
  },
  IssuerReady: {
    Ready: 'True',
    Pending: 'Unknown',
    DiscoveryFailed: 'False',
    IssuerMismatch: 'False',
    NoKeys: 'False',
    UnsupportedAlgorithm: 'False',
  },
  Programmed: {
    Programmed: 'True',
    NotAccepted: 'False',
  },
  Warnings: {
    None: 'False',
    GrantNotOffered: 'True',
    AuthMethodNotOffered: 'True',
    ProviderStale: 'True',
    ProviderMisconfigured: 'True',
    TokenRejected: 'True',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ConditionStatus>>>>;

export type ConditionType = keyof typeof CONDITION_REASONS;
export type ConditionReason<T extends ConditionType> = keyof (typeof CONDITION_REASONS)[T];

/** What is odd about a provider but stops nothing. */
export interface IssuerWarning {
  readonly reason: Exclude<ConditionReason<'Warnings'>, 'None'>;
  readonly message: string;
}

/** What is known of the issuer of a policy: its discovery document, its keys, and how the last exchanges went. */
export interface IssuerState {
  readonly status: ConditionStatus;
  readonly reason: ConditionReason<'IssuerReady'>;
  readonly message: string;
  readonly warnings: readonly IssuerWarning[];
}

type Said<T extends ConditionType, R = ConditionReason<T>> = {
  readonly type: T;
  readonly status: ConditionStatus;
  readonly reason: R;
  readonly message: string;
};

/** A condition as it is to be, before it has a time. */
export type Condition =
  | Said<'Accepted'>
  | Said<'IssuerReady'>
  | Said<'Programmed'>
  | Said<'Warnings', ConditionReason<'Warnings'> | ProblemReason>;
