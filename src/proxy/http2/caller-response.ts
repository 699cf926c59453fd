/** The response on a stream of HTTP/2, as the handler writes responses. */

import { constants, type ServerHttp2Stream } from 'node:http2';

import type { CallerResponse, RawHeaders } from '../caller-messages.ts';

const RESET_CONTENT = 205;
/** Between two looks at whether the end of a response is out while its caller still sends. */
const END_POLL_MS = 10;
/** Looks for which a caller is waited for whose body is whole, but for the frame that ends it: httpx sends that apart. */
const POLLS_FOR_END = 10;

export class Http2Response implements CallerResponse {
  shouldKeepAlive = true;
  headersSent = false;
  writableEnded = false;
  readonly #stream: ServerHttp2Stream;
  #polls = 0;
  /** With `:status` first; held back until it is known whether anything follows. */
  #rawHeaders: string[] | undefined;
  #trailers: Record<string, string[]> | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.on('wantTrailers', () => this.#sendTrailers());
    stream.on('finish', () => this.#release());
    // What it says, `close` says too; without a listener it would end the process.
    stream.on('error', () => {});
  }

  get writableFinished(): boolean {
    // One without a body has ended with its head, whenever the service says so.
    const { aborted, closed, rstCode, writableEnded, writableFinished } = this.#stream;
    // Where both sides have ended the stream Node closes it, and may not say before that the last write is through.
    const isOut = writableFinished || (closed && rstCode === constants.NGHTTP2_NO_ERROR);
    return writableEnded && isOut && !aborted;
  }

  writeHead(status: number, textOrHeaders: string | RawHeaders, headers: RawHeaders = []): void {
    const raw = typeof textOrHeaders === 'string' ? headers : textOrHeaders;
    this.headersSent = true;
    this.#rawHeaders = [':status', String(status)];
    for (let at = 0; at < raw.length; at += 2) {
      const name = (raw[at] ?? '').toLowerCase();
      // Of an upgrade to HTTP/2 that nobody asked for; Node refuses to write it.
      if (name === 'http2-settings') continue;
      // Node sends no body with it, whatever its length is said to be (RFC 9110, section 15.3.6).
      if (status === RESET_CONTENT && name === 'content-length') continue;
      this.#rawHeaders.push(name, raw[at + 1] ?? '');
    }
  }

  flushHeaders(): void {
    this.#respond({ endStream: false });
  }

  write(chunk: Buffer | string, encoding?: 'latin1'): boolean {
    this.#respond({ endStream: false });
    if (this.#isClosed) return false;
    // The response has no body.
    if (this.#stream.writableEnded) return true;
    return typeof chunk === 'string'
      ? this.#stream.write(chunk, encoding ?? 'latin1')
      : this.#stream.write(chunk);
  }

  addTrailers(rawTrailers: readonly string[]): void {
    this.#trailers = byName(rawTrailers);
  }

  end(chunk = '', encoding?: 'latin1'): void {
    if (this.writableEnded) return;
    this.writableEnded = true;
    this.#respond({ endStream: chunk === '' && this.#trailers === undefined });
    if (this.#isClosed) return;
    // Where the response has no body Node has ended it already.
    if (this.#stream.writableEnded) this.#release();
    else if (chunk === '') this.#stream.end();
    else this.#stream.end(chunk, encoding ?? 'utf8');
  }

  writeContinue(): void {
    this.writeInformation(100, []);
  }

  writeInformation(status: number, rawHeaders: RawHeaders): void {
    if (this.#isClosed || this.headersSent) return;
    this.#stream.additionalHeaders({ ':status': status, ...byName(rawHeaders) });
  }

  destroy(): void {
    // To `close` it would first end it, and the caller would take what it has for the whole.
    this.#stream.destroy(new Error('the response is broken off'));
  }

  once(event: 'close' | 'drain', listener: () => void): this {
    this.#stream.once(event, listener);
    return this;
  }

  /** The caller may have reset it without that `close` has been told yet. */
  get #isClosed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  #respond({ endStream }: { readonly endStream: boolean }): void {
    const rawHeaders = this.#rawHeaders;
    if (rawHeaders === undefined || this.#isClosed) return;
    this.#rawHeaders = undefined;
    // A length does not rule them out, as it does in HTTP/1.1.
    const mayHaveTrailers = !this.writableEnded || this.#trailers !== undefined;
    const waitForTrailers = mayHaveTrailers && !endStream && !this.#stream.writableEnded;
    this.#stream.respond(rawHeaders, { endStream, waitForTrailers });
  }

  #sendTrailers(): void {
    this.#stream.sendTrailers(this.#trailers ?? {});
    this.#release();
  }

  #release(): void {
    setImmediate(() => this.#stopCaller());
  }

  /**
   * Once the response is out, what the caller still sends is nobody's: it is told to stop, which takes nothing from the
   * response (RFC 9113, section 8.1). Node does not say when the end of it has gone out.
   */
  #stopCaller(): void {
    // Where the caller has ended as well, it is closed, and gone once what nobody has read is.
    this.#stream.resume();
    if (this.#isClosed) return;
    const { localClose, remoteClose } = this.#stream.state;
    if (remoteClose === 1) return;
    if (localClose === 1 && this.#polls++ >= POLLS_FOR_END) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    else setTimeout(() => this.#stopCaller(), END_POLL_MS).unref();
  }
}

function byName(raw: RawHeaders): Record<string, string[]> {
  const fields: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at < raw.length; at += 2) {
    (fields[(raw[at] ?? '').toLowerCase()] ??= []).push(raw[at + 1] ?? '');
  }
  return fields;
}
