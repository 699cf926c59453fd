/** Answers a request whose field list is too large: before anything else of it is looked at. */

import type { OutgoingHttpHeader } from 'node:http';

import { largestHeader } from '../../http/largest-header.ts';
import { headerTooLarge, refusalProblem, refusalRecord } from '../client-error.ts';
import type { ProxyContext } from '../context.ts';
import type { Http2Request } from './caller-request.ts';
import type { Http2Response } from './caller-response.ts';

export function refuseLargeHead(context: ProxyContext, request: Http2Request, response: Http2Response): void {
  const requestId = context.nextRequestId();
  const refusal = headerTooLarge(largestHeader(request.rawHeaders));
  const problem = refusalProblem(refusal, requestId);
  response.writeHead(problem.status, problem.headers as OutgoingHttpHeader[]);
  response.end(problem.body);
  const caller = context.callerOf(request.socket);
  context.telemetry.limitReached('header_bytes');
  context.telemetry.requestFinished(refusalRecord(caller, refusal, requestId));
}
