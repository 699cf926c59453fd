/** Answers to what is no request, and so has no transaction: once, and the connection or stream ends. */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { problemResponse, type ProblemResponse } from '../http/problem.ts';
import type { Limit, RequestRecord } from '../telemetry/ports.ts';
import { NO_ROUTE } from './access-record.ts';
import type { Caller } from './caller.ts';
import type { ProxyContext } from './context.ts';

export interface Refusal {
  readonly status: number;
  /** For the caller. */
  readonly detail: string;
  /** For the operator. */
  readonly cause: string;
  readonly limit: Limit | undefined;
}

/** `largest`: the name of the largest header, where it is known. */
export function headerTooLarge(largest: string | undefined): Refusal {
  const detail = 'the header is too large';
  const cause = `${detail}, most of all ${largest === undefined ? 'one whose name is not known' : `"${largest}"`}`;
  return { status: 431, detail, cause, limit: 'header_bytes' };
}

/** `cause`: for the operator. */
export function malformedHead(cause: string): Refusal {
  return { status: 400, detail: 'the request is not valid HTTP/1.1', cause, limit: undefined };
}

export const TOO_SLOW: Refusal = {
  status: 408,
  detail: 'the request did not come in time',
  cause: 'the request did not come in time',
  limit: 'header_time',
};

/** Writes the answer, and its record. The connection is the business of the caller of this. */
export function sendRefusal(context: ProxyContext, caller: Caller, socket: Socket, refusal: Refusal): void {
  const { nextRequestId, telemetry } = context;
  const requestId = nextRequestId();
  if (refusal.limit !== undefined) telemetry.limitReached(refusal.limit);
  telemetry.requestFinished(refusalRecord(caller, refusal, requestId));
  socket.write(refusalText(refusal, requestId), 'latin1');
}

/** The problem as a whole response: no request, and so no response object, exists. */
function refusalText(refusal: Refusal, requestId: string): string {
  const { status, headers, body } = refusalProblem(refusal, requestId);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, 'Connection: close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** `BadRequest`, with a status that says more. */
export function refusalProblem({ status, detail }: Refusal, requestId: string): ProblemResponse {
  const problem = problemResponse({
    reason: 'BadRequest',
    requestId,
    detail,
    method: 'GET',
    retryAfterSeconds: undefined,
    challenge: undefined,
    isGrpc: false,
  });
  const body = JSON.stringify({ ...(JSON.parse(problem.body) as object), status });
  const headers = [
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestId,
  ];
  return { status, headers, body };
}

export function refusalRecord(caller: Caller, { status, cause }: Refusal, requestId: string): RequestRecord {
  return {
    requestId,
    trace: undefined,
    clientAddress: caller.peerAddress,
    method: '',
    scheme: caller.isTls ? 'https' : 'http',
    routeHost: '',
    routePath: '',
    host: '',
    path: '',
    status,
    reason: 'BadRequest',
    requestBytes: 0,
    responseBytes: 0,
    durationMs: 0,
    endedMs: performance.now(),
    upstreamAddress: undefined,
    upstreamStatus: undefined,
    upstreamAfterMs: undefined,
    upstreamDurationMs: undefined,
    upstreamTries: 0,
    likeness: NO_ROUTE,
    namespace: '',
    ingress: '',
    service: '',
    policy: '',
    authOutcome: 'open',
    clientId: undefined,
    credentialSource: undefined,
    cause,
  };
}
