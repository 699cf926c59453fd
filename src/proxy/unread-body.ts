/** What becomes of a connection whose caller is still sending a body that nobody wants. */

import type { Transaction } from './transaction.ts';

export function hasBody({ fields }: Transaction): boolean {
  return fields.isChunked || fields.contentLength > 0;
}

/**
 * To be called before the head of a response is written: where a body is still on its way the connection ends with the
 * response. A stream of HTTP/2 ends without its connection.
 */
export function closeWhereBodyIsUnread({ request, response }: Transaction): void {
  if (!request.complete) response.shouldKeepAlive = false;
}
