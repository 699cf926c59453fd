/** The response on an HTTP/1.1 connection, as the handler writes responses (RFC 9112). */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { fieldLines } from '../../http/field-lines.ts';
import type { CallerResponse } from '../caller-messages.ts';
import type { Http1Request } from './request.ts';

export interface ResponseOptions {
  readonly socket: Socket;
  readonly request: Http1Request;
  readonly shouldKeepAlive: boolean;
  /** `Connection: keep-alive` and how long, each line ended by CRLF. */
  readonly keepAliveLines: string;
  /** The value of Date, now. */
  readonly date: () => string;
  /** All of it has been given to the socket. */
  readonly onEnd: () => void;
}

type Listener = () => void;

export class Http1Response implements CallerResponse {
  headersSent = false;
  writableEnded = false;
  /** All of it is on its way. */
  writableFinished = false;
  shouldKeepAlive: boolean;
  readonly #options: ResponseOptions;
  /** Written, but not yet sent: it goes out with what follows. */
  #head = '';
  #isChunked = false;
  #isBodyless = false;
  #trailers = '';
  #onClose: Listener | undefined;
  #onDrain: Listener | undefined;

  constructor(options: ResponseOptions) {
    this.#options = options;
    this.shouldKeepAlive = options.shouldKeepAlive;
  }

  writeHead(
    status: number,
    textOrHeaders: string | readonly string[],
    headers: readonly string[] = [],
  ): void {
    const isText = typeof textOrHeaders === 'string';
    const rawHeaders = isText ? headers : textOrHeaders;
    const text = isText ? textOrHeaders : (STATUS_CODES[status] ?? '');
    const { request } = this.#options;
    this.headersSent = true;
    this.#isBodyless = request.method === 'HEAD' || status === 204 || status === 304;
    let head = `HTTP/1.1 ${status} ${text}\r\n`;
    let hasLength = false;
    let hasDate = false;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] ?? '';
      head += `${name}: ${rawHeaders[at + 1]}\r\n`;
      hasDate ||= isNamed(name, 'Date');
      hasLength ||= isNamed(name, 'Content-Length');
    }
    if (!hasDate) head += `Date: ${this.#options.date()}\r\n`;
    if (!hasLength && !this.#isBodyless) this.#endBodyByItself();
    if (this.#isChunked) head += 'Transfer-Encoding: chunked\r\n';
    this.#head = `${head}${this.shouldKeepAlive ? this.#options.keepAliveLines : 'Connection: close\r\n'}\r\n`;
  }

  flushHeaders(): void {
    if (this.#head === '') return;
    this.#options.socket.write(this.#head, 'latin1');
    this.#head = '';
  }

  /** @returns false when `drain` should be waited for. */
  write(chunk: Buffer | string): boolean {
    const { socket } = this.#options;
    if (this.writableEnded || this.#isBodyless || chunk.length === 0) return true;
    const head = this.#takeHead();
    const before = this.#isChunked ? `${head}${chunk.length.toString(16)}\r\n` : head;
    const after = this.#isChunked ? '\r\n' : '';
    if (typeof chunk === 'string') return socket.write(before + chunk + after, 'latin1');
    if (before === '') return socket.write(chunk);
    socket.cork();
    socket.write(before, 'latin1');
    if (after !== '') socket.write(chunk);
    const isTaken = after === '' ? socket.write(chunk) : socket.write(after, 'latin1');
    socket.uncork();
    return isTaken;
  }

  addTrailers(rawTrailers: readonly string[]): void {
    if (this.#isChunked) this.#trailers = fieldLines(rawTrailers);
  }

  end(chunk: string | Buffer = '', encoding: 'latin1' | 'utf8' = 'utf8'): void {
    if (this.writableEnded) return;
    const body = typeof chunk === 'string' && encoding === 'utf8' ? latin1Of(chunk) : chunk;
    const last = this.#isChunked ? `0\r\n${this.#trailers}\r\n` : '';
    if (this.#isBodyless || body.length === 0) this.#finish(this.#takeHead() + last);
    else if (typeof body !== 'string') this.#endWith(body, last);
    else if (!this.#isChunked) this.#finish(this.#takeHead() + body);
    else this.#finish(`${this.#takeHead()}${body.length.toString(16)}\r\n${body}\r\n${last}`);
  }

  writeContinue(): void {
    this.#options.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
  }

  writeInformation(status: number, rawHeaders: readonly string[]): void {
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fieldLines(rawHeaders)}\r\n`;
    this.#options.socket.write(head, 'latin1');
  }

  destroy(): void {
    this.#options.socket.destroy();
  }

  once(event: 'close' | 'drain', listener: Listener): this {
    if (event === 'close') this.#onClose = listener;
    else this.#onDrain = listener;
    return this;
  }

  /** The socket takes more. */
  drained(): void {
    const listener = this.#onDrain;
    this.#onDrain = undefined;
    listener?.();
  }

  /** It has ended, well or not. */
  close(): void {
    const listener = this.#onClose;
    this.#onClose = undefined;
    listener?.();
  }

  /** RFC 9112, section 6.3: by chunks, or, for a caller that knows none, with the connection. */
  #endBodyByItself(): void {
    this.#isChunked = this.#options.request.httpVersion === '1.1';
    if (!this.#isChunked) this.shouldKeepAlive = false;
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }

  #endWith(body: Buffer, last: string): void {
    const { socket } = this.#options;
    socket.cork();
    this.write(body);
    if (last !== '') socket.write(last, 'latin1');
    socket.uncork();
    this.#finish('');
  }

  #finish(text: string): void {
    const { socket, onEnd } = this.#options;
    this.writableEnded = true;
    if (text !== '') socket.write(text, 'latin1');
    onEnd();
  }
}

/** In any case, but mostly in the usual one. */
function isNamed(name: string, usual: string): boolean {
  if (name.length !== usual.length) return false;
  return name === usual || name.toLowerCase() === usual.toLowerCase();
}

/** The bytes of UTF-8, one by one: what is ASCII stays as it is. */
function latin1Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
