/** Moves the body of a request from the caller to the upstream, no faster than the upstream takes it. */

import type { Transaction } from './transaction.ts';
import type { UpstreamChannel } from './upstream/channel.ts';

export interface StreamedBody {
  /** What has been read of it already. */
  readonly prefix: Buffer | undefined;
  /** Asked when the body has come whole: alternating names and values. */
  readonly trailers: () => readonly string[];
}

/** Asked with each piece before it goes on; each sees to the end of the exchange where it says yes. */
export interface BodyChecks {
  /** `bytes`: of the body so far. */
  isTooLarge(bytes: number): boolean;
  holdsCredentials(piece: Buffer): boolean;
}

export class RequestBodyPump {
  readonly #transaction: Transaction;
  readonly #connection: UpstreamChannel;
  readonly #isChunked: boolean;
  readonly #prefix: Buffer | undefined;
  readonly #trailers: () => readonly string[];
  readonly #onData = (chunk: Buffer): void => {
    if (!this.#checks.holdsCredentials(chunk)) this.#send(chunk);
  };
  readonly #onEnd = (): void => this.#finish();
  readonly #checks: BodyChecks;
  /** The upstream could take more, and the caller has not given it. */
  isAwaitingCaller = false;

  constructor(
    transaction: Transaction,
    connection: UpstreamChannel,
    { prefix, trailers }: StreamedBody,
    checks: BodyChecks,
  ) {
    this.#transaction = transaction;
    this.#connection = connection;
    this.#isChunked = transaction.fields.isChunked && !connection.framesBody;
    this.#prefix = prefix;
    this.#trailers = trailers;
    this.#checks = checks;
  }

  start(): void {
    const { request } = this.#transaction;
    this.isAwaitingCaller = true;
    this.#transaction.continueBody();
    if (this.#prefix !== undefined && this.#prefix.length > 0) this.#send(this.#prefix);
    request.on('data', this.#onData).on('end', this.#onEnd);
    if (this.isAwaitingCaller) request.resume();
  }

  resume(): void {
    if (this.isAwaitingCaller) return;
    this.isAwaitingCaller = true;
    this.#transaction.request.resume();
  }

  stop(): void {
    this.isAwaitingCaller = false;
    this.#transaction.request.off('data', this.#onData).off('end', this.#onEnd);
  }

  #send(chunk: Buffer): void {
    this.#transaction.requestBytes += chunk.length;
    if (this.#checks.isTooLarge(this.#transaction.requestBytes)) return;
    if (this.#write(chunk)) return;
    this.isAwaitingCaller = false;
    this.#transaction.request.pause();
  }

  #write(chunk: Buffer): boolean {
    if (!this.#isChunked) return this.#connection.write(chunk);
    this.#connection.cork();
    this.#connection.write(`${chunk.length.toString(16)}\r\n`);
    this.#connection.write(chunk);
    const isTaken = this.#connection.write('\r\n');
    this.#connection.uncork();
    return isTaken;
  }

  #finish(): void {
    this.stop();
    const trailers = this.#trailers();
    // Where the length was told there is no place for them.
    if (this.#isChunked) this.#connection.write(lastChunk(trailers));
    this.#connection.requestSent(trailers);
  }
}

/** Ends a chunked body (RFC 9112, section 7.1). */
function lastChunk(trailers: readonly string[]): string {
  let text = '0\r\n';
  for (let at = 0; at < trailers.length; at += 2) text += `${trailers[at]}: ${trailers[at + 1]}\r\n`;
  return `${text}\r\n`;
}
