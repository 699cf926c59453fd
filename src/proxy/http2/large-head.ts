/** Answers a request whose field list is too large: before anything else of it is looked at. */

import type { OutgoingHttpHeader } from 'node:http';

import { HEADER_TOO_LARGE, refusalProblem, refusalRecord } from '../client-error.ts';
import type { ProxyContext } from '../context.ts';
import type { Http2Request } from './caller-request.ts';
import type { Http2Response } from './caller-response.ts';

export function refuseLargeHead(context: ProxyContext, request: Http2Request, response: Http2Response): void {
  const requestId = context.nextRequestId();
  const problem = refusalProblem(HEADER_TOO_LARGE, requestId);
  response.writeHead(problem.status, problem.headers as OutgoingHttpHeader[]);
  response.end(problem.body);
  const caller = context.callerOf(request.socket);
  context.telemetry.requestFinished(refusalRecord(caller, HEADER_TOO_LARGE, requestId));
}
