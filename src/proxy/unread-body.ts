/** What becomes of a connection whose caller is still sending a body that nobody wants. */

import type { ProxyContext } from './context.ts';
import type { Transaction } from './transaction.ts';

/** How long such a caller may take to read its answer and close. */
const LINGER_MS = 2_000;

export function hasBody({ fields }: Transaction): boolean {
  return fields.isChunked || fields.contentLength > 0;
}

/**
 * To be called before the head of a response is written. Where a body is still on its way the connection ends with the
 * response, and gently: closing it over bytes that were not read resets it, and the caller loses the answer that would
 * have told it why (RFC 9112, 9.6).
 */
export function closeWhereBodyIsUnread({ deadlines }: ProxyContext, transaction: Transaction): void {
  const { request } = transaction;
  // A stream of HTTP/2 ends without its connection.
  if (!hasBody(transaction) || request.complete || request.httpVersion === '2.0') return;
  endConnection(transaction);
  const { socket } = request;
  const linger = { deadlineMs: Infinity, expire: (): void => void socket.destroy() };
  // What Node calls when the response has been written.
  socket.destroySoon = () => {
    socket.end();
    request.resume();
    linger.deadlineMs = deadlines.nowMs + LINGER_MS;
    deadlines.watch(linger);
    socket.once('close', () => deadlines.forget(linger));
  };
}

/** The response that is about to be written is the last of its connection. */
export function endConnection({ caller, response }: Transaction): void {
  caller.isEnding = true;
  response.shouldKeepAlive = false;
}
