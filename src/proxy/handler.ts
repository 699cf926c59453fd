/** Takes a request up to its route, and its record when it is over. */

import { performance } from 'node:perf_hooks';

import { acceptedRequestId, clientAddress } from '../http/client-address.ts';
import { parseRequestHead } from '../http/request-head.ts';
import type { RouteAction } from '../model/table.ts';
import { accessRecord } from './access-record.ts';
import { admit } from './admission.ts';
import { isAmbiguous } from './ambiguous-route.ts';
import { chooseBackend } from './backend-choice.ts';
import type { Caller } from './caller.ts';
import type { CallerRequest, CallerResponse } from './caller-messages.ts';
import type { ProxyContext } from './context.ts';
import { deny } from './decision.ts';
import { fail } from './failure.ts';
import { guard } from './guard.ts';
import { sendProblem } from './respond.ts';
import type { Routed } from './routed.ts';
import { Transaction } from './transaction.ts';

const AMBIGUOUS =
  'the path must not lead elsewhere when it is decoded, or read without its parameters and doubled slashes';

/** Answers one request, sooner or later. Never throws. */
export function handleRequest(
  context: ProxyContext,
  caller: Caller,
  request: CallerRequest,
  response: CallerResponse,
): void {
  const transaction = new Transaction(request, response, caller);
  const { fields } = transaction;
  const id = acceptedRequestId(fields.requestId, caller.isPeerTrusted);
  transaction.requestId = id ?? context.nextRequestId();
  const { traceparent } = fields;
  transaction.trace = context.traceOf({ traceparent, isTrusted: caller.isPeerTrusted });
  transaction.clientAddress = clientAddress(caller.peerAddress, fields.forwardedFor, context.isTrusted);
  caller.current = transaction;
  response.once('close', () => finish(context, transaction));
  try {
    route(context, transaction);
  } catch (error) {
    fail(context, transaction, error);
  }
}

function route(context: ProxyContext, transaction: Transaction): void {
  const { request, fields } = transaction;
  const refuse = (denial: ReturnType<typeof deny>): void => sendProblem(context, transaction, denial);
  if (request.fault !== undefined) return refuse(deny('BadRequest', request.fault));
  const routing = context.routing();
  const named = fields.host === undefined ? undefined : context.hosts.find(fields.host, routing.matcher);
  const parsed = parseRequestHead(request.method, request.target, fields, named);
  if (parsed.kind === 'invalid') return refuse(deny('BadRequest', parsed.fault));
  const { head } = parsed;
  transaction.head = head;
  const match = routing.matcher.matchAt(named?.place, head.path);
  if (match === undefined) return refuse(deny('NoRoute', undefined));
  const { action } = match.route;
  transaction.route = match.route;
  transaction.routeHost = match.host;
  if (isAmbiguous(routing.matcher, head, match)) return refuse(deny('BadRequest', AMBIGUOUS));
  if (action.kind === 'refuse') {
    transaction.authOutcome = 'unavailable';
    transaction.cause = action.cause;
    return refuse(deny(action.reason, undefined));
  }
  if (action.plan !== undefined && isMisdirected(transaction, head.host)) {
    return refuse(deny('MisdirectedRequest', undefined));
  }
  const { options } = match.route;
  if (options === undefined) return forward(context, { transaction, head, routing }, action);
  const asked = routing.table.options[options];
  if (asked === undefined) return refuse(deny('PolicyUnavailable', undefined));
  const settings = context.settingsOf(asked);
  transaction.settings = settings;
  const plan = action.plan === undefined ? undefined : routing.table.plans[action.plan];
  if (admit(context, transaction, head, plan)) forward(context, { transaction, head, routing }, action);
}

function forward(
  context: ProxyContext,
  routed: Pick<Routed, 'transaction' | 'head' | 'routing'>,
  action: Extract<RouteAction, { readonly kind: 'forward' }>,
): void {
  const { transaction, head, routing } = routed;
  const backend = chooseBackend(context, transaction, action);
  transaction.service = routing.table.backends[backend]?.service ?? '';
  const balancer = context.backends.find(backend);
  guard(context, { transaction, head, routing, backend, balancer }, action.plan);
}

/** A certificate, and what a handshake settled, hold for the host that it named (RFC 9110, section 15.5.20). */
function isMisdirected({ caller }: Transaction, host: string): boolean {
  return caller.serverName !== undefined && caller.serverName !== host;
}

/** The response has ended, or its caller is gone. */
function finish(context: ProxyContext, transaction: Transaction): void {
  if (transaction.isOver) return;
  transaction.isOver = true;
  const { caller } = transaction;
  if (transaction.slot !== undefined) context.upstreamSlots?.release(transaction.slot);
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
