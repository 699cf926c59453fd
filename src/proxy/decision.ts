/** Decides whether a request under a policy may pass: exemption, credentials, token, requirements. */

import type { CacheKeys } from '../authz/cache-key.ts';
import { mayClientCall, type Authorize } from '../authz/authorize.ts';
import { tokenClientId } from '../authz/claims.ts';
import { isExempt } from '../authz/exemption.ts';
import type { ExchangeOutcome, Grant, TokenRequest, TokenSource } from '../authz/ports.ts';
import { takeCallerParameters, type Credentials, type TakenCredentials } from '../http/credentials.ts';
import { headerValue } from '../http/header-list.ts';
import type { RequestHead } from '../http/request-head.ts';
import { formatTraceparent } from '../http/trace-context.ts';
import type { Reason } from '../model/reasons.ts';
import type { NameValue, PlanKey, PolicyPlan } from '../model/table.ts';
import type { Presentations } from './presented.ts';
import type { Transaction } from './transaction.ts';

export type Decision =
  | { readonly kind: 'exempt' }
  | { readonly kind: 'allow'; readonly grant: Grant }
  | Denial;

export interface Denial {
  readonly kind: 'deny';
  readonly reason: Reason;
  readonly detail: string | undefined;
  /** Milliseconds since the epoch. */
  readonly retryAtMs?: number | undefined;
  readonly requiredScope?: string | undefined;
  /** The caller brought a token of its own. */
  readonly isBearer?: boolean;
}

/** A request under a policy, as one table had it. */
export interface Guarded {
  readonly transaction: Transaction;
  readonly head: RequestHead;
  readonly planKey: PlanKey;
  readonly plan: PolicyPlan;
}

export interface Deciders {
  readonly tokens: TokenSource;
  readonly cacheKeys: CacheKeys;
  readonly presentations: Presentations;
  readonly authorize: Authorize;
  /** Wall clock. */
  readonly nowMs: () => number;
}

const NO_PARAMETERS: readonly NameValue[] = [];

/** What can be said without credentials. `undefined`: it depends on them. */
export function decideWithoutCredentials({ transaction, head, plan }: Guarded): Decision | undefined {
  const { rawHeaders } = transaction.fields;
  if (isExempt(plan, head, (name) => headerValue(rawHeaders, name))) return { kind: 'exempt' };
  if (plan.transport === 'TlsOnly' && !cameOverTls(transaction)) {
    return deny('TlsRequired', 'this host and path take credentials over TLS only');
  }
  return undefined;
}

/** A promise only where the provider has to be asked. */
export function decide(
  deciders: Deciders,
  guarded: Guarded,
  taken: TakenCredentials,
): Decision | Promise<Decision> {
  if (taken.kind === 'none') {
    const isForAnother = guarded.transaction.fields.authorization.length > 0;
    return deny(
      'MissingCredentials',
      isForAnother ? 'what Authorization holds is not taken on this path' : undefined,
    );
  }
  if (taken.kind === 'fault') return deny(taken.reason, taken.detail);
  return decideFor(deciders, guarded, taken);
}

function decideFor(
  deciders: Deciders,
  guarded: Guarded,
  credentials: Credentials,
): Decision | Promise<Decision> {
  const question = questionOf(deciders, guarded, credentials);
  if ('reason' in question) return question;
  const { tokens } = deciders;
  const nowMs = deciders.nowMs();
  const known = tokens.lookup(question.key, nowMs);
  if (known === undefined) {
    const asked = tokens.obtain(tokenRequest(guarded, question, 'miss'));
    return asked.then((outcome) => judge(deciders, guarded, credentials, outcome));
  }
  if (known.kind === 'granted' && credentials.kind === 'client' && nowMs >= known.refreshFromMs) {
    // This request is served with the token that is there; the token source sees to it that one refresh runs.
    void tokens.obtain(tokenRequest(guarded, question, 'refresh'));
  }
  return judge(deciders, guarded, credentials, known);
}

/** What a request asks of the token source. */
interface Question {
  readonly key: string;
  readonly credentials: Credentials;
  readonly callerParameters: readonly NameValue[];
}

function questionOf(
  { cacheKeys, presentations }: Deciders,
  guarded: Guarded,
  credentials: Credentials,
): Question | Denial {
  const { transaction, head, plan } = guarded;
  if (credentials.kind === 'bearer') {
    const key = presentations.keyOf(guarded, credentials, () => cacheKeys.forBearer(plan, credentials.token));
    return { key, credentials, callerParameters: NO_PARAMETERS };
  }
  const { clientId, source } = credentials;
  transaction.clientId = clientId;
  transaction.credentialSource = source;
  const allowed = mayClientCall(plan, clientId, head);
  if (allowed.kind === 'deny') return deny(allowed.reason, allowed.detail);
  if (plan.clientCredentials === undefined) return deny('MissingCredentials', undefined);
  const { rawHeaders } = transaction.fields;
  const chosen = takeCallerParameters(
    plan.clientCredentials,
    (name) => headerValue(rawHeaders, name),
    head.query,
  );
  if (chosen.kind === 'fault') return deny(chosen.reason, chosen.detail);
  const callerParameters = chosen.parameters;
  const derive = (): string =>
    cacheKeys.forClient(plan, clientId, credentials.clientSecret, callerParameters);
  // Parameters may differ from one request to the next.
  const key = callerParameters.length > 0 ? derive() : presentations.keyOf(guarded, credentials, derive);
  return { key, credentials, callerParameters };
}

function tokenRequest(
  { transaction, plan, planKey }: Guarded,
  { key, credentials, callerParameters }: Question,
  purpose: 'miss' | 'refresh',
): TokenRequest {
  const { clientAddress } = transaction;
  if (credentials.kind === 'bearer') {
    return { kind: 'bearer', key, planKey, plan, clientAddress, token: credentials.token };
  }
  const { clientId, clientSecret } = credentials;
  return {
    kind: 'exchange',
    key,
    planKey,
    plan,
    clientAddress,
    clientId,
    clientSecret,
    callerParameters,
    purpose,
    traceparent: recordedTraceparent(transaction),
  };
}

function judge(
  { authorize }: Deciders,
  guarded: Guarded,
  credentials: Credentials,
  outcome: ExchangeOutcome,
): Decision {
  const isBearer = credentials.kind === 'bearer';
  if (outcome.kind === 'refused') {
    const { reason, detail, retryAtMs } = outcome;
    return { kind: 'deny', reason, detail, retryAtMs, isBearer };
  }
  const { transaction, plan, head } = guarded;
  const clientId = isBearer ? tokenClientId(outcome.claims) : credentials.clientId;
  transaction.clientId = clientId;
  const verdict = authorize(plan, outcome.claims, clientId, head);
  if (verdict.kind === 'allow') return { kind: 'allow', grant: outcome };
  const { reason, detail, requiredScope } = verdict;
  return { kind: 'deny', reason, detail, requiredScope, isBearer };
}

/** `X-Forwarded-Proto` counts from a trusted peer only, and then every hop that it lists must have been `https`. */
export function cameOverTls({ caller, fields }: Transaction): boolean {
  if (!caller.isPeerTrusted || fields.forwardedProto === undefined) return caller.isTls;
  return fields.forwardedProto.split(',').every((hop) => /^(?:https|wss)$/i.test(hop.trim()));
}

function recordedTraceparent({ trace }: Transaction): string | undefined {
  return trace?.spans && formatTraceparent(trace.traceId, trace.spans.server, true);
}

export function deny(reason: Reason, detail: string | undefined): Denial {
  return { kind: 'deny', reason, detail };
}
