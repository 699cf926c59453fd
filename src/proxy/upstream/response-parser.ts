/** Reads responses of an upstream from its bytes, however they are cut. */

import { malformed, parseFields, parseResponseHead, type ResponseHead } from './response-head.ts';

/** What becomes of one response. Buffers are valid only during the call. */
export interface ResponseSink {
  /** An interim response: 100 or 103, for example. */
  onInterim(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** `bytes` from `start` to `end`. */
  onBody(bytes: Buffer, start: number, end: number): void;
  onEnd(rawTrailers: readonly string[]): void;
}

const MAX_HEAD_BYTES = 65_536;
const MAX_CHUNK_LINE_BYTES = 1_024;
const HEAD_END = Buffer.from('\r\n\r\n');
const VERSION = 'HTTP/1.';
/** Size and extensions, which are ignored but may not hold a control character. */
const CHUNK_LINE = /^([0-9A-Fa-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;

/** `idle`: no response is due, any byte is a fault. `stopped`: what still comes is nobody's. */
type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'chunkLine'
  | 'chunk'
  | 'chunkEnd'
  | 'trailers'
  | 'close'
  | 'stopped';

/** For one connection. {@link push} and {@link finish} throw `UpstreamProtocolError`; the connection is then lost. */
export class ResponseParser {
  #state: State = 'idle';
  #sink: ResponseSink | undefined;
  #method = '';
  /** Bytes still to come of the body or the chunk. */
  #remaining = 0;
  /** A head that came in pieces. */
  #pieces: Buffer | undefined;
  #pieceBytes = 0;
  /** Heads of one response together, interim ones too. */
  #headBytes = 0;
  /** A chunk line or trailers that came in pieces. */
  #text = '';

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
        case 'length':
        case 'chunk':
          at = this.#readBody(bytes, at, length);
          break;
        case 'close':
          this.#sink?.onBody(bytes, at, length);
          at = length;
          break;
        case 'chunkLine':
        case 'chunkEnd':
        case 'trailers':
          at = this.#readLine(bytes, at, length);
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
    switch (this.#state) {
      case 'close':
        return this.#end([]);
      case 'idle':
      case 'stopped':
        return;
      case 'head':
        throw malformed('the connection closed before a response');
      case 'length':
      case 'chunkLine':
      case 'chunk':
      case 'chunkEnd':
      case 'trailers':
        throw malformed('the connection closed within the response');
    }
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
    const head = parseResponseHead(text, this.#method);
    if (head.status === 101) throw malformed('the response switches protocols unasked');
    if (head.status < 200) {
      this.#sink?.onInterim(head);
      return;
    }
    this.#remaining = head.contentLength;
    this.#state = head.framing === 'chunked' ? 'chunkLine' : head.framing === 'close' ? 'close' : 'length';
    this.#sink?.onHead(head);
    if (this.#state === 'length' && this.#remaining === 0) this.#end([]);
  }

  #readBody(bytes: Buffer, start: number, length: number): number {
    const end = Math.min(length, start + this.#remaining);
    this.#remaining -= end - start;
    this.#sink?.onBody(bytes, start, end);
    if (this.#remaining === 0) {
      if (this.#state === 'chunk') this.#state = 'chunkEnd';
      else if (this.#state === 'length') this.#end([]);
    }
    return end;
  }

  /** Takes a whole line, CRLF included, into the state machine of the chunked coding. */
  #readLine(bytes: Buffer, start: number, length: number): number {
    const newline = bytes.indexOf(10, start);
    const isWhole = newline >= 0 && newline < length;
    const end = isWhole ? newline + 1 : length;
    this.#text += bytes.toString('latin1', start, end);
    const bound = this.#state === 'trailers' ? MAX_HEAD_BYTES : MAX_CHUNK_LINE_BYTES;
    if (this.#text.length > bound) throw malformed('a chunk line or the trailers are too long');
    if (isWhole) this.#takeLine(this.#text);
    return end;
  }

  #takeLine(text: string): void {
    if (!text.endsWith('\r\n')) throw malformed('a line of the chunked coding ends without CR');
    if (this.#state === 'chunkEnd') {
      if (text.length > 2) throw malformed('a chunk is longer than its size');
      this.#text = '';
      this.#state = 'chunkLine';
    } else if (this.#state === 'chunkLine') {
      this.#takeChunkLine(text.slice(0, -2));
    } else if (text === '\r\n' || text.endsWith('\r\n\r\n')) {
      this.#text = '';
      this.#end(parseFields(text.slice(0, -2), 0));
    }
  }

  #takeChunkLine(line: string): void {
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) throw malformed('a chunk size is not valid');
    this.#text = '';
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk';
  }

  #end(rawTrailers: readonly string[]): void {
    const sink = this.#sink;
    if (this.#state === 'stopped') return;
    this.#state = 'idle';
    this.#sink = undefined;
    sink?.onEnd(rawTrailers);
  }
}

/** Early, so that a port that speaks something else is not waited for. */
function checkVersion(beginning: string): void {
  if (!VERSION.startsWith(beginning)) throw malformed('the answer is not HTTP/1');
}
