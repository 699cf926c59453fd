/** Takes a request up to its route, and its record when it is over. */

import { acceptedRequestId, clientAddress } from '../http/client-address.ts';
import { parseRequestHead } from '../http/request-head.ts';
import { accessRecord } from './access-record.ts';
import type { CallerRequest, CallerResponse } from './caller-messages.ts';
import type { ProxyContext } from './context.ts';
import { deny } from './decision.ts';
import { fail } from './failure.ts';
import { guard } from './guard.ts';
import { sendProblem } from './respond.ts';
import { Transaction, type UpgradeSocket } from './transaction.ts';

export interface SpecialRequest {
  readonly awaitsContinue?: boolean;
  readonly upgrade?: UpgradeSocket;
  /** What makes it malformed in the caller's version of HTTP, beside the rules for all. */
  readonly fault?: string | undefined;
}

/** Answers one request, sooner or later. Never throws. */
export function handleRequest(
  context: ProxyContext,
  request: CallerRequest,
  response: CallerResponse,
  special: SpecialRequest = {},
): void {
  const transaction = new Transaction(request, response, context.callerOf(request.socket));
  transaction.awaitsContinue = special.awaitsContinue === true;
  transaction.upgrade = special.upgrade;
  const { caller, fields } = transaction;
  const id = acceptedRequestId(fields.requestId, caller.isPeerTrusted);
  transaction.requestId = id ?? context.nextRequestId();
  const { traceparent } = fields;
  transaction.trace = context.traceOf({ traceparent, isTrusted: caller.isPeerTrusted });
  transaction.clientAddress = clientAddress(caller.peerAddress, fields.forwardedFor, context.isTrusted);
  caller.inFlight++;
  caller.current = transaction;
  response.on('close', () => finish(context, transaction));
  // A pipelined response has no socket yet, and would not be told that its caller is gone.
  if (response.socket === null) request.socket.once('close', () => finish(context, transaction));
  try {
    route(context, transaction, special.fault);
  } catch (error) {
    fail(context, transaction, error);
  }
}

function route(context: ProxyContext, transaction: Transaction, callersFault: string | undefined): void {
  const { request } = transaction;
  const refuse = (denial: ReturnType<typeof deny>): void => sendProblem(context, transaction, denial);
  if (callersFault !== undefined) return refuse(deny('BadRequest', callersFault));
  const parsed = parseRequestHead(request.method ?? '', request.url ?? '', request.rawHeaders);
  if (parsed.kind === 'invalid') return refuse(deny('BadRequest', parsed.fault));
  const { head } = parsed;
  transaction.head = head;
  const routing = context.routing();
  const match = routing.matcher.match(head.host, head.path);
  if (match === undefined) return refuse(deny('NoRoute', undefined));
  const { action } = match.route;
  transaction.route = match.route;
  transaction.routeHost = match.host;
  if (action.kind === 'refuse') {
    transaction.authOutcome = 'unavailable';
    return refuse(deny(action.reason, undefined));
  }
  transaction.service = routing.table.backends[action.backend]?.service ?? '';
  const routed = { transaction, head, routing, balancer: context.backends.find(action.backend) };
  guard(context, routed, action.plan);
}

/** The response has ended, or its caller is gone. */
function finish(context: ProxyContext, transaction: Transaction): void {
  if (transaction.isOver) return;
  transaction.isOver = true;
  const { caller } = transaction;
  caller.inFlight--;
  if (caller.current === transaction) caller.current = undefined;
  if (!transaction.response.writableFinished && !transaction.isTunnel) {
    transaction.active?.abort();
    if (!transaction.isCut) {
      transaction.reason = 'ClientClosed';
      transaction.status = 499;
    }
  }
  const endedMs = performance.now();
  const record = (): void => context.telemetry.requestFinished(accessRecord(transaction, endedMs));
  if (transaction.pendingDecision === undefined) record();
  else void transaction.pendingDecision.then(record);
}
