/** A request whose route is known, and what was decided about it. */

import type { RequestHead } from '../http/request-head.ts';
import type { BackendKey, PolicyPlan } from '../model/table.ts';
import type { Decision, Denial } from './decision.ts';
import type { Routing } from './routing.ts';
import type { Transaction } from './transaction.ts';
import type { Balancer } from './upstream/balancer.ts';

export interface Routed {
  readonly transaction: Transaction;
  readonly head: RequestHead;
  /** The table as it was when the request came. */
  readonly routing: Routing;
  readonly backend: BackendKey;
  /** `undefined` where the backend does not exist. */
  readonly balancer: Balancer | undefined;
}

/** The policy that let a request pass. An open route and a dry run have none. */
export interface Enforced {
  readonly plan: PolicyPlan;
  readonly decision: Exclude<Decision, Denial>;
}
