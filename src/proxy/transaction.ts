/** One request of a caller, its response, and what is known about both so far. */

import { performance } from 'node:perf_hooks';

import type { RequestFields } from '../http/request-fields.ts';
import type { CredentialScan } from '../http/credentials.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { RequestTrace } from '../http/trace-context.ts';
import type { Reason } from '../model/reasons.ts';
import type { PolicyPlan, Route } from '../model/table.ts';
import type { AuthOutcome } from '../telemetry/ports.ts';
import type { CollectedBody } from './caller-body.ts';
import type { CallerRequest, CallerResponse, UpgradeSocket } from './caller-messages.ts';
import type { Caller } from './caller.ts';
import type { Presented } from './presented.ts';
import type { RouteSettings } from './route-settings.ts';
import type { TallyPlaces } from './shared-tally.ts';

/** Filled in on the way; becomes the access record when the response has ended. */
export class Transaction {
  readonly request: CallerRequest;
  readonly response: CallerResponse;
  readonly caller: Caller;
  readonly fields: RequestFields;
  /** Monotonic. */
  readonly startedMs: number;
  /** The caller holds its body back until it is told to go on. */
  awaitsContinue: boolean;
  readonly upgrade: UpgradeSocket | undefined;
  isTunnel = false;
  requestId = '';
  trace: RequestTrace | undefined;
  clientAddress = '';
  head: RequestHead | undefined;
  route: Route | undefined;
  /** As declared in an Ingress. */
  routeHost = '';
  /** `namespace/name`, or empty. */
  service = '';
  /** What the options of the route ask; `undefined`: nothing. */
  settings: RouteSettings | undefined;
  plan: PolicyPlan | undefined;
  /** `undefined`: not by Authorization alone. */
  presented: Presented | undefined;
  /** What was read of the body in search of credentials. */
  collected: CollectedBody | undefined;
  /** Goes on with the search in what has not been read. */
  bodyScan: CredentialScan | undefined;
  authOutcome: AuthOutcome = 'open';
  clientId: string | undefined;
  credentialSource: 'Basic' | 'Query' | 'Body' | undefined;
  reason: Reason | 'ClientClosed' | undefined;
  cause: string | undefined;
  status = 0;
  requestBytes = 0;
  responseBytes = 0;
  upstreamAddress: string | undefined;
  upstreamStatus: number | undefined;
  upstreamStartedMs: number | undefined;
  upstreamDurationMs: number | undefined;
  upstreamTries = 0;
  /** Its place among the requests at its backend. */
  slot: TallyPlaces | undefined;
  /** The response has ended, well or not: nothing may be written any more. */
  isOver = false;
  /** A decision of a dry run that is not known yet; the record waits for it. */
  pendingDecision: Promise<void> | undefined;
  /** What works for this transaction, and stops when the caller goes away. */
  active: { abort(): void } | undefined;
  /** The gateway broke the response off because the upstream did. */
  isCut = false;

  constructor(request: CallerRequest, response: CallerResponse, caller: Caller) {
    this.request = request;
    this.response = response;
    this.caller = caller;
    this.awaitsContinue = request.awaitsContinue;
    this.upgrade = request.upgrade;
    this.fields = request.fields;
    this.startedMs = performance.now();
  }

  /** The body is about to be read: a caller that waits is told to send it. */
  continueBody(): void {
    if (!this.awaitsContinue) return;
    this.awaitsContinue = false;
    this.response.writeContinue();
  }
}
