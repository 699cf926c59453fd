/** Reads the body of a request as far as a bound allows, before anything is sent on. */

import type { ProxyContext } from './context.ts';
import { fail, protect } from './failure.ts';
import { CALLER_SILENT, ProxyError } from './proxy-error.ts';
import type { Transaction } from './transaction.ts';

export interface CollectedBody {
  readonly bytes: Buffer;
  /** False where the body goes on beyond the bound: the rest is still to be read from the request. */
  readonly isWhole: boolean;
}

/** Calls `done` once, or never where the caller goes away or falls silent: then the transaction ends. */
export function collectBody(
  context: ProxyContext,
  transaction: Transaction,
  maxBytes: number,
  done: (body: CollectedBody) => void,
): void {
  const { request } = transaction;
  const { deadlines } = context;
  const { idleTimeoutMs } = transaction.settings?.timeouts ?? context.limits;
  const chunks: Buffer[] = [];
  let size = 0;
  const silence = {
    deadlineMs: deadlines.nowMs + idleTimeoutMs,
    expire(): void {
      forget();
      context.telemetry.limitReached('body_idle');
      const error = new ProxyError('ClientClosed', CALLER_SILENT);
      fail(context, transaction, error);
    },
  };
  const stop = (isWhole: boolean): void => {
    forget();
    if (transaction.isOver) return;
    protect(context, transaction, () => done({ bytes: Buffer.concat(chunks), isWhole }));
  };
  const onData = (chunk: Buffer): void => {
    silence.deadlineMs = deadlines.nowMs + idleTimeoutMs;
    chunks.push(chunk);
    size += chunk.length;
    if (size <= maxBytes) return;
    request.pause();
    stop(false);
  };
  const onEnd = (): void => stop(true);
  const forget = (): void => {
    deadlines.forget(silence);
    request.off('data', onData).off('end', onEnd).off('close', forget);
  };
  deadlines.watch(silence);
  transaction.continueBody();
  request.on('data', onData).on('end', onEnd).on('close', forget);
}
