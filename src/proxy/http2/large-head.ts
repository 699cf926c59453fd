/** Answers a request whose field list is too large: before anything else of it is looked at. */

import { largestHeader } from '../../http/largest-header.ts';
import { headerTooLarge, refusalProblem, refusalRecord } from '../refusal.ts';
import type { Caller } from '../caller.ts';
import type { ProxyContext } from '../context.ts';
import type { Http2Request } from './caller-request.ts';
import type { Http2Response } from './caller-response.ts';

export function refuseLargeHead(
  { nextRequestId, telemetry }: ProxyContext,
  caller: Caller,
  request: Http2Request,
  response: Http2Response,
): void {
  const requestId = nextRequestId();
  const refusal = headerTooLarge(largestHeader(request.fields.rawHeaders));
  const problem = refusalProblem(refusal, requestId);
  response.writeHead(problem.status, problem.headers);
  response.end(problem.body);
  telemetry.limitReached('header_bytes');
  telemetry.requestFinished(refusalRecord(caller, refusal, requestId));
}
