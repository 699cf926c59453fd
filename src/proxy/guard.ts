/** Applies the policy of a route to a request: enforced, or tried out in a dry run. */

import {
  CREDENTIALS_IN_LARGE_BODY,
  credentialScan,
  isCredentialBodyType,
  MAX_CREDENTIAL_BODY_BYTES,
  takeCredentials,
  type CredentialBody,
  type TakenCredentials,
} from '../http/credentials.ts';
import { REASONS } from '../model/reasons.ts';
import type { PlanKey, PolicyPlan } from '../model/table.ts';
import { isBodyTooLarge } from './admission.ts';
import { collectBody } from './caller-body.ts';
import type { ProxyContext } from './context.ts';
import { decide, decideWithoutCredentials, deny, type Decision, type Guarded } from './decision.ts';
import { fail, protect } from './failure.ts';
import { passOn } from './pass-on.ts';
import { sendProblem } from './respond.ts';
import { hasBody } from './unread-body.ts';
import type { Routed } from './routed.ts';
import type { Transaction } from './transaction.ts';

/** `planKey`: `undefined` on an open route. */
export function guard(context: ProxyContext, routed: Routed, planKey: PlanKey | undefined): void {
  if (planKey === undefined) {
    passOn(context, routed, undefined);
    return;
  }
  const { transaction, head, routing } = routed;
  const plan = routing.table.plans[planKey];
  if (plan === undefined) {
    transaction.authOutcome = 'unavailable';
    sendProblem(context, transaction, deny('PolicyUnavailable', undefined));
    return;
  }
  transaction.plan = plan;
  const guarded = { transaction, head, planKey, plan };
  const settle = plan.mode === 'DryRun' ? tryOut : enforce;
  const early = decideWithoutCredentials(guarded);
  if (early !== undefined) {
    settle(context, routed, plan, early);
    return;
  }
  withCredentials(context, guarded, (taken) => {
    settle(context, routed, plan, decide(context, guarded, taken));
  });
}

function enforce(
  context: ProxyContext,
  routed: Routed,
  plan: PolicyPlan,
  decision: Decision | Promise<Decision>,
): void {
  if (!(decision instanceof Promise)) {
    conclude(context, routed, plan, decision);
    return;
  }
  const { transaction } = routed;
  void decision.then(
    (decision) => protect(context, transaction, () => conclude(context, routed, plan, decision)),
    (error: unknown) => fail(context, transaction, error),
  );
}

function conclude(context: ProxyContext, routed: Routed, plan: PolicyPlan, decision: Decision): void {
  const { transaction } = routed;
  note(transaction, decision);
  if (decision.kind === 'deny') sendProblem(context, transaction, decision);
  else passOn(context, routed, { plan, decision });
}

/** Whatever the decision is or will be, the request goes on as it came; its record says what would have been. */
function tryOut(
  context: ProxyContext,
  routed: Routed,
  _plan: PolicyPlan,
  decision: Decision | Promise<Decision>,
): void {
  const { transaction } = routed;
  if (decision instanceof Promise) {
    transaction.pendingDecision = decision.then(
      (decision) => note(transaction, decision),
      (error: unknown) => context.logger.error({ err: error }, 'a dry run could not be decided'),
    );
  } else {
    note(transaction, decision);
  }
  passOn(context, routed, undefined);
}

function note(transaction: Transaction, decision: Decision): void {
  if (decision.kind !== 'deny') {
    transaction.authOutcome = decision.kind;
    return;
  }
  transaction.authOutcome = REASONS[decision.reason].status >= 500 ? 'unavailable' : 'deny';
  transaction.reason ??= decision.reason;
  transaction.cause ??= decision.detail;
}

/** Takes the credentials, from the body as well where they may be there: beside others they must agree, and be hidden. */
function withCredentials(
  context: ProxyContext,
  { transaction, head, plan }: Guarded,
  next: (taken: TakenCredentials) => void,
): void {
  const { authorization, contentType, isEncoded } = transaction.fields;
  const { query } = head;
  const taken = context.presentations.take(transaction, plan, query);
  const mayBeInBody =
    taken.kind !== 'fault' &&
    plan.clientCredentials?.sources.includes('Body') === true &&
    isCredentialBodyType(contentType) &&
    !isEncoded &&
    hasBody(transaction);
  if (!mayBeInBody || contentType === undefined) return next(taken);
  collectBody(context, transaction, MAX_CREDENTIAL_BODY_BYTES, (collected) => {
    transaction.collected = collected;
    transaction.presented = undefined;
    if (isBodyTooLarge(context, transaction, collected.bytes.length)) return;
    const body = { contentType, bytes: collected.bytes };
    if (collected.isWhole) next(takeCredentials(plan, { authorization, query, body }));
    else next(taken.kind === 'none' || !isPassing(transaction, plan, body) ? tooLarge() : taken);
  });
}

/** Whether the beginning of a body holds no credentials. If so the rest is searched as it passes. */
function isPassing(
  transaction: Transaction,
  plan: PolicyPlan,
  { contentType, bytes }: CredentialBody,
): boolean {
  const names = plan.clientCredentials?.parameterNames;
  if (names === undefined) return true;
  const scan = credentialScan(contentType, names);
  if (scan(bytes)) return false;
  if (plan.mode === 'Enforce') transaction.bodyScan = scan;
  return true;
}

function tooLarge(): TakenCredentials {
  return { kind: 'fault', reason: 'BodyTooLarge', detail: CREDENTIALS_IN_LARGE_BODY };
}
