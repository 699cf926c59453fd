/** Writes a response to the caller: a small one in one piece, any other as it comes. */

import { headersForCaller, trailersForCaller } from '../http/forward-headers.ts';
import { ProxyError } from './proxy-error.ts';
import type { Transaction } from './transaction.ts';
import { closeWhereBodyIsUnread } from './unread-body.ts';
import type { ResponseHead } from './upstream/response-head.ts';

/** Up to here the body goes out in one write with the head. */
const SMALL_BODY_BYTES = 16 * 1024;
/** One that HTTP/2 as Node writes it cannot carry. */
const FIRST_UNKNOWN_STATUS = 600;

export class ResponseWriter {
  readonly #transaction: Transaction;
  #head: ResponseHead | undefined;
  #headers: string[] = [];
  /** The beginning of the body, held back until the end of the read: latin1. */
  #held: string | undefined;
  #isHeadWritten = false;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** Throws where the caller's version of HTTP cannot say it: before anything of it is due. */
  begin(head: ResponseHead, headers: string[]): void {
    if (head.status >= FIRST_UNKNOWN_STATUS && this.#transaction.request.httpVersion === '2.0') {
      throw new ProxyError('UpstreamProtocolError', 'the status is not one of HTTP');
    }
    this.#head = head;
    this.#headers = headers;
  }

  /** `bytes` from `start` to `end` are copied. @returns false when the caller should be waited for. */
  write(bytes: Buffer, start: number, end: number): boolean {
    this.#transaction.responseBytes += end - start;
    if (!this.#isHeadWritten && this.#held === undefined && end - start <= SMALL_BODY_BYTES) {
      this.#held = bytes.toString('latin1', start, end);
      return true;
    }
    this.flush();
    return this.#transaction.response.write(Buffer.from(bytes.subarray(start, end)));
  }

  /** Sends what is held back. @returns as {@link write}. */
  flush(): boolean {
    const { response } = this.#transaction;
    if (this.#head === undefined || this.#transaction.isOver || response.writableEnded) return true;
    if (this.#isHeadWritten && this.#held === undefined) return true;
    this.#writeHead(this.#head);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) return response.write(held, 'latin1');
    response.flushHeaders();
    return true;
  }

  end(rawTrailers: readonly string[]): void {
    const { response } = this.#transaction;
    if (this.#head === undefined || this.#transaction.isOver) return;
    this.#writeHead(this.#head);
    if (rawTrailers.length > 0) response.addTrailers(trailersForCaller(rawTrailers));
    if (this.#held === undefined) response.end();
    else response.end(this.#held, 'latin1');
  }

  #writeHead(head: ResponseHead): void {
    if (this.#isHeadWritten) return;
    this.#isHeadWritten = true;
    const { response } = this.#transaction;
    closeWhereBodyIsUnread(this.#transaction);
    this.#transaction.status = head.status;
    response.writeHead(head.status, head.statusText, framedHeaders(head, this.#headers));
  }
}

/** Passes an interim response on. HTTP/1.0 knows none. */
export function sendInterim({ request, response }: Transaction, head: ResponseHead): void {
  if (request.httpVersion === '1.0' || response.headersSent) return;
  response.writeInformation(head.status, headersForCaller(head));
}

/** Without what would frame the response in another way than its status or the caller's version does. */
function framedHeaders(head: ResponseHead, headers: string[]): string[] {
  // RFC 9110, 8.6: no Content-Length in a 204. A Trailer field without chunks announces what cannot come.
  const unwanted =
    head.status === 204 ? 'content-length' : head.framing === 'chunked' ? undefined : 'trailer';
  if (unwanted === undefined) return headers;
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    const name = headers[at] ?? '';
    if (name.length === unwanted.length && name.toLowerCase() === unwanted) headers.splice(at, 2);
  }
  return headers;
}
