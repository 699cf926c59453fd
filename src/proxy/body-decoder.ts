/** Takes the body of an HTTP/1.1 message off the bytes of its connection, however they are cut (RFC 9112, section 7). */

import { readFieldLines } from '../http/field-lines.ts';

export interface BodySink {
  /** `bytes` from `start` to `end`. */
  onBody(bytes: Buffer, start: number, end: number): void;
  onEnd(rawTrailers: readonly string[]): void;
}

/** `close`: the body ends with its connection. */
export type BodyFraming = 'length' | 'chunked' | 'close';

const MAX_TRAILER_BYTES = 65_536;
const MAX_CHUNK_LINE_BYTES = 1_024;
const NEWLINE = 0x0a;
/** Size and extensions, which are ignored where they are well-formed (RFC 9112, section 7.1.1). */
const CHUNK_LINE = chunkLine();

type State = 'length' | 'close' | 'chunkLine' | 'chunk' | 'chunkEnd' | 'trailers' | 'whole';

export class BodyDecoder {
  readonly #sink: BodySink;
  readonly #faultOf: (message: string) => Error;
  #state: State = 'whole';
  /** Bytes still to come of the body or the chunk. */
  #remaining = 0;
  /** A line that came in pieces. */
  #line = '';
  /** Whole lines: joined once, since looking at what is being joined copies it each time. */
  #trailers = '';

  /** @param faultOf makes what {@link step} throws where the coding is broken */
  constructor(sink: BodySink, faultOf: (message: string) => Error) {
    this.#sink = sink;
    this.#faultOf = faultOf;
  }

  get isWhole(): boolean {
    return this.#state === 'whole';
  }

  /** Bytes that are still to be taken, where that is known; a piece is when its call has ended. */
  get remaining(): number | undefined {
    return this.#state === 'length' ? this.#remaining : this.#state === 'whole' ? 0 : undefined;
  }

  /** `contentLength` counts where `framing` is `length`. An empty body ends at once. */
  begin(framing: BodyFraming, contentLength: number): void {
    this.#line = '';
    this.#remaining = contentLength;
    this.#state = framing === 'chunked' ? 'chunkLine' : framing;
    if (framing === 'length' && contentLength === 0) this.#end([]);
  }

  /** Takes at most one piece of the body. @returns where the bytes begin that are still to be read, `end` at most. */
  step(bytes: Buffer, start: number, end: number): number {
    if (this.#state === 'whole') return start;
    if (this.#state === 'length' || this.#state === 'chunk') {
      return this.#readPiece(bytes, start, Math.min(end, start + this.#remaining));
    }
    if (this.#state !== 'close') return this.#readLine(bytes, start, end);
    this.#sink.onBody(bytes, start, end);
    return end;
  }

  /** The connection has ended. Throws where the body has not. */
  finish(): void {
    if (this.#state === 'close') this.#end([]);
    else if (this.#state !== 'whole') throw this.#faultOf('the connection closed within the body');
  }

  #readPiece(bytes: Buffer, start: number, end: number): number {
    const isLast = this.#remaining === end - start;
    const isChunk = this.#state === 'chunk';
    if (isLast && isChunk) this.#state = 'chunkEnd';
    // Counted when it has been taken: who gives the message up within the call has these bytes still before it.
    this.#sink.onBody(bytes, start, end);
    this.#remaining -= end - start;
    if (isLast && !isChunk) this.#end([]);
    return end;
  }

  /** Takes a whole line, CRLF included, into the state machine of the chunked coding. */
  #readLine(bytes: Buffer, start: number, end: number): number {
    const newline = bytes.indexOf(NEWLINE, start);
    const isWhole = newline >= 0 && newline < end;
    const lineEnd = isWhole ? newline + 1 : end;
    const line = this.#line + bytes.toString('latin1', start, lineEnd);
    const bound = this.#state === 'trailers' ? MAX_TRAILER_BYTES : MAX_CHUNK_LINE_BYTES;
    if (this.#trailers.length + line.length > bound) {
      throw this.#faultOf('a chunk line or the trailers are too long');
    }
    this.#line = isWhole ? '' : line;
    if (isWhole) this.#takeLine(line);
    return lineEnd;
  }

  #takeLine(line: string): void {
    if (!line.endsWith('\r\n')) throw this.#faultOf('a line of the chunked coding ends without CR');
    if (this.#state === 'chunkEnd') {
      if (line.length > 2) throw this.#faultOf('a chunk is longer than its size');
      this.#state = 'chunkLine';
    } else if (this.#state === 'chunkLine') {
      this.#takeChunkLine(line.slice(0, -2));
    } else if (line.length > 2) {
      this.#trailers += line;
    } else {
      const trailers = readFieldLines(this.#trailers, 0);
      if (typeof trailers === 'string') throw this.#faultOf(trailers);
      this.#end(trailers);
    }
  }

  #takeChunkLine(line: string): void {
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) throw this.#faultOf('a chunk size is not valid');
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk';
  }

  #end(rawTrailers: readonly string[]): void {
    this.#state = 'whole';
    this.#trailers = '';
    this.#sink.onEnd(rawTrailers);
  }
}

function chunkLine(): RegExp {
  const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
  const quoted = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
  const extension = `[\\t ]*;[\\t ]*${token}(?:[\\t ]*=[\\t ]*(?:${token}|${quoted}))?`;
  return new RegExp(`^([0-9A-Fa-f]{1,12})(?:${extension})*$`);
}
