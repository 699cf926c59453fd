/** Answers in the gateway's own name: problems, and nothing else. */

import type { OutgoingHttpHeader } from 'node:http';

import { problemResponse, type Challenge } from '../http/problem.ts';
import { REASONS } from '../model/reasons.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { Denial } from './decision.ts';
import { hasBody } from './response-writer.ts';
import type { Transaction } from './transaction.ts';

/** Sends the problem of `denial`, unless a response has begun. `nowMs`: wall clock. */
export function sendProblem(transaction: Transaction, denial: Denial, nowMs: number): void {
  const { request, response, plan } = transaction;
  transaction.reason = denial.reason;
  transaction.cause ??= denial.detail;
  if (transaction.isOver || response.headersSent) return;
  const problem = problemResponse({
    reason: denial.reason,
    requestId: transaction.requestId,
    detail: denial.detail,
    method: request.method ?? 'GET',
    retryAfterSeconds: retryAfterSeconds(denial.retryAtMs, nowMs),
    challenge: plan === undefined ? undefined : challengeOf(plan, denial),
    isGrpc: transaction.fields.contentType?.startsWith('application/grpc') === true,
  });
  // A body that nobody reads would be taken for the next request; after a bad request nobody knows where one begins.
  const isBodyUnread = hasBody(transaction) && !request.complete;
  if (isBodyUnread || denial.reason === 'BadRequest') response.shouldKeepAlive = false;
  transaction.status = problem.status;
  transaction.responseBytes = Buffer.byteLength(problem.body);
  response.writeHead(problem.status, problem.headers as OutgoingHttpHeader[]);
  response.end(problem.body);
}

function retryAfterSeconds(retryAtMs: number | undefined, nowMs: number): number | undefined {
  return retryAtMs === undefined ? undefined : Math.max(1, Math.ceil((retryAtMs - nowMs) / 1_000));
}

function challengeOf(plan: PolicyPlan, denial: Denial): Challenge | undefined {
  const { status } = REASONS[denial.reason];
  const isScopeMissing = denial.reason === 'InsufficientScope' && denial.isBearer === true;
  if (status !== 401 && !isScopeMissing) return undefined;
  const basic = plan.clientCredentials?.sources.includes('Basic') === true && !isScopeMissing;
  return { realm: plan.realm, basic, bearer: bearerChallenge(plan, denial), scope: denial.requiredScope };
}

function bearerChallenge(plan: PolicyPlan, { reason }: Denial): Challenge['bearer'] {
  if (!plan.bearer) return 'none';
  if (reason === 'InvalidToken') return 'invalid_token';
  return reason === 'InsufficientScope' ? 'insufficient_scope' : 'plain';
}
