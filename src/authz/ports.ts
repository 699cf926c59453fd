/** The interfaces through which the proxy asks for tokens, whoever obtains them. */

import type { Reason } from '../model/reasons.ts';
import type { Redacted } from '../model/redacted.ts';
import type { NameValue, PlanKey, PolicyPlan } from '../model/table.ts';

/** Claims of a token whose signature, issuer, times and client have been verified. JSON values. */
export type VerifiedClaims = Readonly<Record<string, unknown>>;

interface RequestBase {
  /** {@link file://./cache-key.ts}: equal exactly for equal questions. */
  readonly key: string;
  readonly planKey: PlanKey;
  /** The plan as the thread saw it, so that a change of the table in flight cannot mix two policies. */
  readonly plan: PolicyPlan;
  /** Address of the caller, for `limits.failuresPerMinute`. */
  readonly clientAddress: string;
}

/** A token that the caller brought, to be verified. */
export interface BearerRequest extends RequestBase {
  readonly kind: 'bearer';
  readonly token: Redacted<string>;
}

/** What a proxy thread asks for on a cache miss, or once in the background when a token is about to expire. */
export interface ExchangeRequest extends RequestBase {
  readonly kind: 'exchange';
  readonly clientId: string;
  readonly clientSecret: Redacted<string>;
  /** Parameters that the caller chose from the allow-lists of the policy, in the order of the policy. */
  readonly callerParameters: readonly NameValue[];
  /** `refresh`: a token is being served; ask the provider once for its successor. */
  readonly purpose: 'miss' | 'refresh';
  /** W3C Trace Context of the span that asks; `undefined`: it is not recorded. */
  readonly traceparent?: string | undefined;
}

export type TokenRequest = BearerRequest | ExchangeRequest;

/** A verified token and how long it may be used. Times in milliseconds since the epoch. */
export interface Grant {
  readonly kind: 'granted';
  readonly token: string;
  readonly claims: VerifiedClaims;
  /** `kid` of the key that signed it. */
  readonly keyId: string | undefined;
  readonly issuer: string;
  /** From here on the token counts as expired: its `exp` less 5 s, or an earlier cap of the policy. */
  readonly usableUntilMs: number;
  /** From here on a request triggers one background refresh. */
  readonly refreshFromMs: number;
}

/** The provider, or a limit in front of it, said no. */
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: Reason;
  /** One lower-case sentence for the log and for `detail`: never a word of the provider's body, never a secret. */
  readonly detail: string;
  /** Until when the same key gets the same answer without asking; `undefined`: not to be kept. */
  readonly keepUntilMs: number | undefined;
  /** When a retry may succeed, for `Retry-After`; milliseconds since the epoch. */
  readonly retryAtMs: number | undefined;
}

export type ExchangeOutcome = Grant | Refusal;

/** Obtains verified tokens. Never rejects: whatever goes wrong is a {@link Refusal}. */
export interface TokenBroker {
  obtain(request: TokenRequest): Promise<ExchangeOutcome>;
}

/** A broker with the outcomes that this thread already knows; what the proxy asks. */
export interface TokenSource extends TokenBroker {
  /** An outcome that may still be used at `nowMs`, without asking anyone. */
  lookup(key: string, nowMs: number): ExchangeOutcome | undefined;
}

/** What the proxy threads drop from their caches, because the broker did. */
export type Eviction =
  | { readonly kind: 'key'; readonly key: string }
  /** `keyId` undefined: one without a `kid`. A token that names no key may have been signed with any. */
  | { readonly kind: 'signingKey'; readonly issuer: string; readonly keyId: string | undefined }
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'all' };
