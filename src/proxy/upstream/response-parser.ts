/** Reads responses of an upstream from its bytes, however they are cut. */

import type { HeaderNameOf } from '../../http/header-names.ts';
import { BodyDecoder, type BodySink } from '../body-decoder.ts';
import { malformed, parseResponseHead, type ResponseHead } from './response-head.ts';

/** What becomes of one response. Buffers are valid only during the call. */
export interface ResponseSink extends BodySink {
  /** An interim response: 100 or 103, for example. */
  onInterim(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
}

/** Of the heads of one response together, interim ones too. */
export const MAX_HEAD_BYTES = 65_536;
const HEAD_END = Buffer.from('\r\n\r\n');
const VERSION = 'HTTP/1.';

/** `idle`: no response is due, any byte is a fault. `stopped`: what still comes is nobody's. */
type State = 'idle' | 'head' | 'body' | 'stopped';

/** For one connection. {@link push} and {@link finish} throw `UpstreamProtocolError`; the connection is then lost. */
export class ResponseParser implements BodySink {
  readonly #nameOf: HeaderNameOf;
  readonly #body = new BodyDecoder(this, malformed);
  #state: State = 'idle';
  #sink: ResponseSink | undefined;
  #method = '';
  /** A head that came in pieces. */
  #pieces: Buffer | undefined;
  #pieceBytes = 0;
  #headBytes = 0;

  constructor(nameOf: HeaderNameOf) {
    this.#nameOf = nameOf;
  }

  /** No response is due or under way. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** A response to a request with `method` is due. */
  expect(sink: ResponseSink, method: string): void {
    this.#sink = sink;
    this.#method = method;
    this.#headBytes = 0;
    this.#state = 'head';
  }

  stop(): void {
    this.#state = 'stopped';
    this.#sink = undefined;
  }

  /** The first `length` of `bytes`: a view of them would cost more than reading a short response. */
  push(bytes: Buffer, length = bytes.length): void {
    let at = 0;
    while (at < length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(bytes, at, length);
          break;
        case 'body':
          at = this.#body.step(bytes, at, length);
          break;
        case 'idle':
          throw malformed('there are bytes after the end of the response');
        case 'stopped':
          return;
      }
    }
  }

  /** The upstream has closed its side. */
  finish(): void {
    if (this.#state === 'head') throw malformed('the connection closed before a response');
    if (this.#state === 'body') this.#body.finish();
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#sink?.onBody(bytes, start, end);
  }

  onEnd(rawTrailers: readonly string[]): void {
    if (this.#state === 'stopped') return;
    const sink = this.#sink;
    this.#state = 'idle';
    this.#sink = undefined;
    sink?.onEnd(rawTrailers);
  }

  #readHead(bytes: Buffer, start: number, length: number): number {
    if (this.#pieces !== undefined) return this.#continueHead(bytes, start, length);
    const end = bytes.indexOf(HEAD_END, start);
    // The buffer may hold older bytes behind those of this read.
    if (end < 0 || end + 4 > length) return this.#continueHead(bytes, start, length);
    this.#takeHead(bytes.toString('latin1', start, end + 2));
    return end + 4;
  }

  #continueHead(bytes: Buffer, start: number, length: number): number {
    this.#pieces ??= Buffer.allocUnsafe(MAX_HEAD_BYTES);
    const before = this.#pieceBytes;
    const copied = bytes.copy(this.#pieces, before, start, length);
    this.#pieceBytes += copied;
    const pieces = this.#pieces.subarray(0, this.#pieceBytes);
    const end = pieces.indexOf(HEAD_END, Math.max(0, before - 3));
    if (end < 0) {
      checkVersion(pieces.toString('latin1', 0, VERSION.length));
      if (this.#pieceBytes >= MAX_HEAD_BYTES) throw malformed('the head of the response is too large');
      return start + copied;
    }
    this.#pieces = undefined;
    this.#pieceBytes = 0;
    this.#takeHead(pieces.toString('latin1', 0, end + 2));
    return start + (end + 4 - before);
  }

  #takeHead(text: string): void {
    this.#headBytes += text.length;
    if (this.#headBytes > MAX_HEAD_BYTES) throw malformed('the head of the response is too large');
    checkVersion(text.slice(0, VERSION.length));
    const head = parseResponseHead(text, this.#method, this.#nameOf);
    if (head.status === 101) throw malformed('the response switches protocols unasked');
    if (head.status < 200) {
      this.#sink?.onInterim(head);
      return;
    }
    this.#state = 'body';
    this.#sink?.onHead(head);
    if (this.#state === 'body')
      this.#body.begin(head.framing === 'none' ? 'length' : head.framing, head.contentLength);
  }
}

/** Early, so that a port that speaks something else is not waited for. */
function checkVersion(beginning: string): void {
  if (!VERSION.startsWith(beginning)) throw malformed('the answer is not HTTP/1');
}
