/** Turns a finished transaction into its access record. */

import { hideQueryCredentials } from '../http/credentials.ts';
import { DEFAULT_NAMES } from '../http/presented.ts';
import type { RequestRecord } from '../telemetry/ports.ts';
import type { Transaction } from './transaction.ts';

/** What requests that no route met have in common. */
export const NO_ROUTE: object = {};

/** `endedMs`: monotonic. */
export function accessRecord(transaction: Transaction, endedMs: number): RequestRecord {
  const { head, route, plan, request, startedMs, upstreamStartedMs } = transaction;
  return {
    requestId: transaction.requestId,
    trace: transaction.trace,
    clientAddress: transaction.clientAddress,
    method: request.method,
    scheme: transaction.caller.isTls ? 'https' : 'http',
    routeHost: transaction.routeHost,
    routePath: route?.path ?? '',
    host: head?.host ?? '',
    path: recordedPath(transaction),
    status: transaction.status,
    reason: transaction.reason,
    requestBytes: transaction.requestBytes,
    responseBytes: transaction.responseBytes,
    durationMs: endedMs - startedMs,
    endedMs,
    upstreamAddress: transaction.upstreamAddress,
    upstreamStatus: transaction.upstreamStatus,
    upstreamAfterMs: upstreamStartedMs === undefined ? undefined : upstreamStartedMs - startedMs,
    upstreamDurationMs: transaction.upstreamDurationMs,
    upstreamTries: transaction.upstreamTries,
    likeness: route?.action ?? NO_ROUTE,
    namespace: route?.ingress.namespace ?? '',
    ingress: route?.ingress.name ?? '',
    service: transaction.service,
    policy: plan?.policy ?? (route?.action.kind === 'refuse' ? (route.action.policy ?? '') : ''),
    authOutcome: transaction.authOutcome,
    clientId: transaction.clientId,
    credentialSource: transaction.credentialSource,
    cause: transaction.cause,
  };
}

function recordedPath({ request, plan }: Transaction): string {
  const target = request.target;
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  const names = plan?.clientCredentials?.parameterNames;
  let query = hideQueryCredentials(target.slice(mark + 1), DEFAULT_NAMES);
  if (query !== undefined && names !== undefined) query = hideQueryCredentials(query, names);
  return query === undefined ? target.slice(0, mark) : `${target.slice(0, mark)}?${query}`;
}
