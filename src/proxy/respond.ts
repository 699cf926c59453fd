/** Answers in the gateway's own name: problems, and what needs no service to be answered. */

import { corsHeaders } from '../http/cors.ts';
import { problemResponse, type Challenge } from '../http/problem.ts';
import { REASONS } from '../model/reasons.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { ProxyContext } from './context.ts';
import type { Denial } from './decision.ts';
import { closeWhereBodyIsUnread } from './unread-body.ts';
import type { Transaction } from './transaction.ts';

/** Sends the problem of `denial`, unless a response has begun. */
export function sendProblem(context: ProxyContext, transaction: Transaction, denial: Denial): void {
  const { request, response, plan } = transaction;
  transaction.reason = denial.reason;
  transaction.cause ??= denial.detail;
  if (transaction.isOver || response.headersSent) return;
  const problem = problemResponse({
    reason: denial.reason,
    requestId: transaction.requestId,
    detail: denial.detail,
    method: request.method,
    retryAfterSeconds: retryAfterSeconds(denial.retryAtMs, context.nowMs()),
    challenge: plan === undefined ? undefined : challengeOf(plan, denial),
    isGrpc: transaction.fields.contentType?.startsWith('application/grpc') === true,
  });
  closeWhereBodyIsUnread(transaction);
  // Nobody knows where the next request begins.
  if (denial.reason === 'BadRequest') response.shouldKeepAlive = false;
  transaction.status = problem.status;
  transaction.responseBytes = Buffer.byteLength(problem.body);
  response.writeHead(problem.status, [...problem.headers, ...ownHeaders(transaction)]);
  response.end(problem.body);
}

/** An answer without a body: a redirect, or the answer to a preflight. */
export function sendEmpty(transaction: Transaction, status: number, headers: readonly string[]): void {
  const { response, requestId } = transaction;
  closeWhereBodyIsUnread(transaction);
  transaction.status = status;
  const framing = status === 204 ? [] : ['Content-Length', '0', ...ownHeaders(transaction)];
  response.writeHead(status, [...headers, ...framing, 'X-Request-Id', requestId]);
  response.end();
}

/** Scripts of other origins are to see why a request failed. */
function ownHeaders({ settings, fields }: Transaction): readonly string[] {
  const cors = settings?.options.cors;
  return cors === undefined ? [] : corsHeaders(cors, fields.rawHeaders);
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
