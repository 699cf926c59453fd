/** Answers what the parser of requests refuses: once, and the connection ends. */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { largestHeaderIn } from '../http/largest-header.ts';
import { problemResponse, type ProblemResponse } from '../http/problem.ts';
import type { Limit, RequestRecord } from '../telemetry/ports.ts';
import type { Caller } from './caller.ts';
import type { ProxyContext } from './context.ts';
import { deny } from './decision.ts';
import { sendProblem } from './respond.ts';

type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** For the event `clientError`. What is under way on the connection gets no answer that is not its own. */
export function refuseConnection(context: ProxyContext, error: ParseError, socket: Socket): void {
  const caller = context.callerOf(socket);
  const current = caller.current;
  if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    context.telemetry.limitReached('header_time');
    // There is no secret yet that an answer could be written with.
    socket.destroy();
    return;
  }
  // The connection ended within a body: there is nobody to answer.
  const isGone = error.code === 'HPE_INVALID_EOF_STATE' && caller.inFlight > 0;
  if (!socket.writable || error.code === 'ECONNRESET' || isGone) {
    socket.destroy();
  } else if (caller.inFlight === 0) {
    const requestId = context.nextRequestId();
    const answer = refusal(error);
    if (answer.limit !== undefined) context.telemetry.limitReached(answer.limit);
    context.telemetry.requestFinished(refusalRecord(caller, answer, requestId));
    socket.end(refusalText(answer, requestId));
  } else if (current === undefined || current.request.complete || current.response.headersSent) {
    // The bytes at fault come after a whole request, which is still to be answered, or while its answer is on the way.
    if (current?.request.complete === true) current.response.once('close', () => socket.destroy());
    else socket.destroy();
  } else {
    current.active?.abort();
    sendProblem(context, current, deny('BadRequest', 'the body of the request is not well-formed'));
  }
}

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

/** @param error Node adds the bytes that it read last, which may not be the whole head */
function refusal({ code, rawPacket }: ParseError): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return headerTooLarge(largestHeaderIn(rawPacket?.toString('latin1') ?? ''));
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const detail = 'the request did not come in time';
    return { status: 408, detail, cause: detail, limit: 'header_time' };
  }
  const detail = 'the request is not valid HTTP/1.1';
  return { status: 400, detail, cause: detail, limit: undefined };
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
    upstreamAddress: undefined,
    upstreamStatus: undefined,
    upstreamAfterMs: undefined,
    upstreamDurationMs: undefined,
    upstreamTries: 0,
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
