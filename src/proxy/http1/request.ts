/** A request on an HTTP/1.1 connection, as the handler reads requests. */

import type { Http1Head } from '../../http/http1-head.ts';
import type { RequestFields } from '../../http/request-fields.ts';
import type { BodySink } from '../body-decoder.ts';
import type { CallerRequest, UpgradeSocket } from '../caller-messages.ts';

/** What reads the body off the connection. */
export interface BodySource {
  /** All of what is still to come has been received. */
  readonly isBodyReceived: boolean;
  /** The request takes its body again, or for the first time. */
  flow(): void;
}

type DataListener = (chunk: Buffer) => void;
type Listener = () => void;

const NO_TRAILERS: readonly string[] = [];

export class Http1Request implements CallerRequest, BodySink {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly fields: RequestFields;
  readonly fault: string | undefined;
  readonly awaitsContinue: boolean;
  upgrade: UpgradeSocket | undefined;
  rawTrailers = NO_TRAILERS;
  /** The whole body has been taken. */
  isEnded: boolean;
  /** Somebody takes the body, now. */
  isFlowing = false;
  readonly #source: BodySource;
  #onData: DataListener | undefined;
  #onEnd: Listener | undefined;
  #onClose: Listener | undefined;

  constructor(head: Http1Head, source: BodySource) {
    this.method = head.method;
    this.target = head.target;
    this.httpVersion = head.httpVersion;
    this.fields = head.fields;
    this.fault = head.fault;
    this.awaitsContinue = head.awaitsContinue;
    this.isEnded = head.framing === 'none';
    this.#source = source;
  }

  get complete(): boolean {
    return this.isEnded || this.#source.isBodyReceived;
  }

  pause(): void {
    this.isFlowing = false;
  }

  resume(): void {
    if (this.isFlowing) return;
    this.isFlowing = true;
    this.#source.flow();
  }

  /** One of each kind at a time. Whoever listens for data gets it, from the next turn on. */
  on(event: 'data' | 'end' | 'close', listener: DataListener & Listener): this {
    if (event === 'data') {
      this.#onData = listener;
      this.resume();
    } else if (event === 'end') {
      this.#onEnd = listener;
    } else {
      this.#onClose = listener;
    }
    return this;
  }

  off(event: 'data' | 'end' | 'close', listener: DataListener & Listener): this {
    if (event === 'data' && this.#onData === listener) this.#onData = undefined;
    else if (event === 'end' && this.#onEnd === listener) this.#onEnd = undefined;
    else if (event === 'close' && this.#onClose === listener) this.#onClose = undefined;
    return this;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#onData?.(bytes.subarray(start, end));
  }

  onEnd(rawTrailers: readonly string[]): void {
    this.isEnded = true;
    this.isFlowing = false;
    this.rawTrailers = rawTrailers;
    this.#onEnd?.();
  }

  /** The connection is gone, or the exchange is over. */
  close(): void {
    this.isFlowing = false;
    this.#onClose?.();
  }
}
