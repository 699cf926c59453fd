/** What the options of a route say about a request before its policy does. */

import { isPreflight, preflightHeaders } from '../http/cors.ts';
import { takeCredentials } from '../http/credentials.ts';
import { redirectOf } from '../http/redirects.ts';
import type { RequestHead } from '../http/request-head.ts';
import { callerBlock } from '../http/source-ranges.ts';
import type { RateLimit } from '../model/route-options.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { ProxyContext } from './context.ts';
import { cameOverTls, deny } from './decision.ts';
import { sendEmpty, sendProblem } from './respond.ts';
import type { Transaction } from './transaction.ts';
import { hasBody } from './unread-body.ts';

/**
 * In this order: source, redirects, rate limit by address, CORS preflight, size of the body. Each is cheaper than what
 * comes after it, and none says more to a caller that the one before would have refused.
 *
 * @param plan of the route; `undefined` where it is open
 * @returns whether the request goes on; else it has been answered
 */
export function admit(
  context: ProxyContext,
  transaction: Transaction,
  head: RequestHead,
  plan: PolicyPlan | undefined,
): boolean {
  const { settings } = transaction;
  if (settings === undefined) return true;
  const { options, isSourceAllowed } = settings;
  if (isSourceAllowed?.(transaction.clientAddress) === false) {
    sendProblem(context, transaction, deny('SourceNotAllowed', undefined));
    return false;
  }
  if (redirects(context, transaction, head, plan)) return false;
  if (options.rateLimit?.by === 'address' && isLimited(context, transaction, undefined)) return false;
  if (options.cors !== undefined && isPreflight(head.method, transaction.fields.rawHeaders)) {
    sendEmpty(transaction, 204, preflightHeaders(options.cors, transaction.fields.rawHeaders));
    return false;
  }
  return !isBodyTooLarge(context, transaction, transaction.fields.contentLength);
}

/** `bytes`: as far as they are known. @returns whether the request has been answered with 413. */
export function isBodyTooLarge(context: ProxyContext, transaction: Transaction, bytes: number): boolean {
  const maxBytes = transaction.settings?.options.maxBodyBytes;
  if (maxBytes === undefined || bytes <= maxBytes) return false;
  context.telemetry.limitReached('body_size');
  sendProblem(context, transaction, deny('BodyTooLarge', `the body must be at most ${maxBytes} bytes`));
  return true;
}

/** After the policy, for limits that count by client. @returns whether the request has been answered with 429. */
export function isClientLimited(
  context: ProxyContext,
  transaction: Transaction,
  clientId: string | undefined,
): boolean {
  const limit = transaction.settings?.options.rateLimit;
  return limit?.by === 'client' && isLimited(context, transaction, clientId);
}

function redirects(
  context: ProxyContext,
  transaction: Transaction,
  head: RequestHead,
  plan: PolicyPlan | undefined,
): boolean {
  const options = transaction.settings?.options;
  const target = options && redirectOf(options, head, cameOverTls(transaction));
  if (target === undefined) return false;
  const isToTls = options?.redirect === undefined;
  // A client that follows would never learn that its secret has been sent in clear text.
  if (isToTls && plan?.transport === 'TlsOnly' && plan.mode === 'Enforce') {
    if (carriesCredentials(plan, transaction, head.query)) {
      transaction.plan = plan;
      transaction.authOutcome = 'deny';
      sendProblem(context, transaction, deny('TlsRequired', 'credentials were sent in clear text'));
      return true;
    }
  }
  sendEmpty(transaction, target.status, ['Location', target.location]);
  return true;
}

function carriesCredentials(plan: PolicyPlan, transaction: Transaction, query: string | undefined): boolean {
  const { authorization } = transaction.fields;
  if (authorization.length > 0) return true;
  if (takeCredentials(plan, { authorization, query, body: undefined }).kind !== 'none') return true;
  return plan.clientCredentials?.sources.includes('Body') === true && hasBody(transaction);
}

function isLimited(context: ProxyContext, transaction: Transaction, clientId: string | undefined): boolean {
  const { settings, route, clientAddress } = transaction;
  const limit: RateLimit | undefined = settings?.options.rateLimit;
  if (limit === undefined) return false;
  const subject = clientId === undefined ? `address ${callerBlock(clientAddress)}` : `client ${clientId}`;
  const nowMs = context.nowMs();
  const retryAtMs = context.rateLimiter.take(route?.options ?? '', limit, subject, nowMs);
  if (retryAtMs === undefined) return false;
  context.telemetry.limitReached('rate');
  const detail = `at most ${limit.requests} requests in ${limit.windowMs / 1_000} s are served`;
  sendProblem(context, transaction, { ...deny('RateLimited', detail), retryAtMs });
  return true;
}
