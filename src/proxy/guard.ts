/** Applies the policy of a route to a request: enforced, or tried out in a dry run. */

import {
  isCredentialBodyType,
  MAX_CREDENTIAL_BODY_BYTES,
  takeCredentials,
  type TakenCredentials,
} from '../http/credentials.ts';
import type { RequestHead } from '../http/request-head.ts';
import { REASONS } from '../model/reasons.ts';
import type { PlanKey, PolicyPlan } from '../model/table.ts';
import { collectBody, type CollectedBody } from './caller-body.ts';
import type { ProxyContext } from './context.ts';
import { decide, decideWithoutCredentials, deny, type Decision, type Guarded } from './decision.ts';
import { fail, protect } from './failure.ts';
import { passOn } from './pass-on.ts';
import { sendProblem } from './respond.ts';
import { hasBody } from './response-writer.ts';
import type { Routing } from './routing.ts';
import type { Transaction } from './transaction.ts';
import type { Balancer } from './upstream/balancer.ts';

/** A request whose route is known; `balancer` is `undefined` where the backend does not exist. */
export interface Routed {
  readonly transaction: Transaction;
  readonly head: RequestHead;
  readonly routing: Routing;
  readonly balancer: Balancer | undefined;
}

/** `planKey`: `undefined` on an open route. */
export function guard(context: ProxyContext, routed: Routed, planKey: PlanKey | undefined): void {
  const { transaction, head, routing } = routed;
  if (planKey === undefined) {
    passOn(context, { ...routed, plan: undefined, decision: undefined, collected: undefined });
    return;
  }
  const plan = routing.table.plans[planKey];
  if (plan === undefined) {
    transaction.authOutcome = 'unavailable';
    sendProblem(transaction, deny('PolicyUnavailable', undefined), context.nowMs());
    return;
  }
  transaction.plan = plan;
  const guarded = { transaction, head, planKey, plan };
  const early = decideWithoutCredentials(guarded);
  const settle = plan.mode === 'DryRun' ? tryOut : enforce;
  if (early !== undefined) {
    settle(context, { ...routed, plan, decision: early, collected: undefined });
    return;
  }
  withCredentials(context, guarded, (taken, collected) => {
    settle(context, { ...routed, plan, decision: decide(context, guarded, taken), collected });
  });
}

interface Settlement extends Routed {
  readonly plan: PolicyPlan;
  readonly decision: Decision | Promise<Decision>;
  readonly collected: CollectedBody | undefined;
}

function enforce(context: ProxyContext, settlement: Settlement): void {
  const { transaction, decision } = settlement;
  if (!(decision instanceof Promise)) {
    conclude(context, settlement, decision);
    return;
  }
  void decision.then(
    (decision) => protect(context, transaction, () => conclude(context, settlement, decision)),
    (error: unknown) => fail(context, transaction, error),
  );
}

function conclude(context: ProxyContext, settlement: Settlement, decision: Decision): void {
  const { transaction } = settlement;
  note(transaction, decision);
  if (decision.kind === 'deny') sendProblem(transaction, decision, context.nowMs());
  else passOn(context, { ...settlement, decision });
}

/** Whatever the decision is or will be, the request goes on as it came; its record says what would have been. */
function tryOut(context: ProxyContext, settlement: Settlement): void {
  const { transaction, decision } = settlement;
  if (decision instanceof Promise) {
    transaction.pendingDecision = decision.then(
      (decision) => note(transaction, decision),
      (error: unknown) => context.logger.error({ err: error }, 'a dry run could not be decided'),
    );
  } else {
    note(transaction, decision);
  }
  passOn(context, { ...settlement, plan: undefined, decision: undefined });
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

/** Takes the credentials, from the body as well where they may be there and are nowhere else. */
function withCredentials(
  context: ProxyContext,
  { transaction, head, plan }: Guarded,
  next: (taken: TakenCredentials, collected: CollectedBody | undefined) => void,
): void {
  const { authorization, contentType } = transaction.fields;
  const { query } = head;
  const taken = takeCredentials(plan, { authorization, query, body: undefined });
  const mayBeInBody =
    taken.kind === 'none' &&
    plan.clientCredentials?.sources.includes('Body') === true &&
    isCredentialBodyType(contentType) &&
    hasBody(transaction);
  if (!mayBeInBody || contentType === undefined) return next(taken, undefined);
  collectBody(context, transaction, MAX_CREDENTIAL_BODY_BYTES, (collected) => {
    if (transaction.isOver) return;
    protect(context, transaction, () => {
      const body = { contentType, bytes: collected.bytes };
      next(collected.isWhole ? takeCredentials(plan, { authorization, query, body }) : tooLarge(), collected);
    });
  });
}

function tooLarge(): TakenCredentials {
  const detail = `the body must be at most ${MAX_CREDENTIAL_BODY_BYTES} bytes to be searched for credentials`;
  return { kind: 'fault', reason: 'BodyTooLarge', detail };
}
