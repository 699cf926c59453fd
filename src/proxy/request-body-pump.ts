/** Moves the body of a request from the caller to the upstream, no faster than the upstream takes it. */

import type { Transaction } from './transaction.ts';
import type { UpstreamChannel } from './upstream/channel.ts';

/** Up to here what was taken of a body is kept, and can be sent again. */
const MAX_KEPT_BYTES = 16 * 1024;

export interface StreamedBody {
  /** What has been read of it already. */
  readonly prefix: Buffer | undefined;
  /** There is nothing more of it than that. */
  readonly isWhole: boolean;
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
  readonly #body: StreamedBody;
  /** Only streams of HTTP/2 are refused without a look at what was sent. */
  #kept: Buffer[] | undefined;
  #keptBytes = 0;
  #isWhole = false;
  readonly #onData = (chunk: Buffer): void => {
    if (!this.#checks.holdsCredentials(chunk)) this.#send(chunk);
  };
  readonly #onEnd = (): void => this.#finish();
  readonly #checks: BodyChecks;
  /** The upstream could take more, and the caller has not given it. */
  isAwaitingCaller = false;

  constructor(transaction: Transaction, connection: UpstreamChannel, body: StreamedBody, checks: BodyChecks) {
    this.#transaction = transaction;
    this.#connection = connection;
    this.#isChunked = transaction.fields.isChunked && !connection.framesBody;
    this.#body = body;
    this.#kept = connection.framesBody ? [] : undefined;
    this.#checks = checks;
  }

  /** What was taken of the body, to be sent elsewhere. `undefined`: it is not there any more. */
  get taken(): StreamedBody | undefined {
    if (this.#kept === undefined) return undefined;
    return { ...this.#body, prefix: Buffer.concat(this.#kept), isWhole: this.#isWhole };
  }

  start(): void {
    const { request } = this.#transaction;
    const { prefix, isWhole } = this.#body;
    this.#transaction.requestBytes = 0;
    this.isAwaitingCaller = true;
    this.#transaction.continueBody();
    if (prefix !== undefined && prefix.length > 0) this.#send(prefix);
    if (isWhole) {
      this.#finish();
      return;
    }
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

  /** Nothing of the body may pass meanwhile. */
  hold(): void {
    this.stop();
    if (!this.#isWhole) this.#transaction.request.pause();
  }

  #send(chunk: Buffer): void {
    this.#transaction.requestBytes += chunk.length;
    this.#keep(chunk);
    if (this.#checks.isTooLarge(this.#transaction.requestBytes)) return;
    if (this.#write(chunk)) return;
    this.isAwaitingCaller = false;
    this.#transaction.request.pause();
  }

  #keep(chunk: Buffer): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > MAX_KEPT_BYTES) this.#kept = undefined;
    this.#kept?.push(chunk);
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
    this.#isWhole = true;
    const trailers = this.#body.trailers();
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
