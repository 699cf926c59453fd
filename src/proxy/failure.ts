/** The one place where a failure becomes a response. */

import type { ProxyContext } from './context.ts';
import { deny } from './decision.ts';
import { ProxyError, reasonOf } from './proxy-error.ts';
import { sendProblem } from './respond.ts';
import type { Transaction } from './transaction.ts';

/**
 * Answers with the problem that `error` means, or cuts the response where it has begun: the caller must see that it is
 * not whole. What is no {@link ProxyError} is a bug, which opens nothing and is logged.
 */
export function fail(context: ProxyContext, transaction: Transaction, error: unknown): void {
  const reason = reasonOf(error);
  transaction.reason = reason;
  transaction.cause = causeOf(error);
  if (!(error instanceof ProxyError)) {
    context.logger.error({ err: error, request_id: transaction.requestId }, 'a request could not be handled');
  }
  if (transaction.isOver) return;
  if (reason === 'ClientClosed' || transaction.response.headersSent) {
    transaction.isCut = reason !== 'ClientClosed';
    transaction.response.destroy();
    return;
  }
  sendProblem(context, transaction, deny(reason, undefined));
}

/** Runs a step that an event started, where nobody else would catch what it throws. */
export function protect(context: ProxyContext, transaction: Transaction, step: () => void): void {
  try {
    step();
  } catch (error) {
    fail(context, transaction, error);
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof ProxyError)) return 'a fault of the gateway, see its log';
  const code: unknown = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  return typeof code === 'string' ? `${error.message}: ${code}` : error.message;
}
