/** One HTTP/1.1 connection of a caller: its requests one after another, its deadlines, its end (RFC 9112, section 9). */

import type { Socket } from 'node:net';

import { readHttp1Head, type Http1Head } from '../../http/http1-head.ts';
import { largestHeaderIn } from '../../http/largest-header.ts';
import type { Caller } from '../caller.ts';
import { forgetListeners, ignoreError } from '../closed-stream.ts';
import type { ProxyContext } from '../context.ts';
import type { Deadlined } from '../deadlines.ts';
import { handleRequest } from '../handler.ts';
import { headerTooLarge, malformedHead, sendRefusal, TOO_SLOW, type Refusal } from '../refusal.ts';
import { BodyFault, Exchange, refuseBody } from './exchange.ts';
import { HeadReader, withoutEmptyLines } from './head-reader.ts';
import { prefaceIn } from './preface.ts';
import type { BodySource } from './request.ts';

export interface ConnectionOwner {
  /** Every response says that its connection ends with it. */
  readonly isEnding: boolean;
  /** `Connection: keep-alive` and how long, each line ended by CRLF. */
  readonly keepAliveLines: string;
  closed(connection: CallerConnection): void;
  /** Goes on with a caller that speaks HTTP/2, and has been read as far as `bytes`. */
  serveHttp2(socket: Socket, bytes: Buffer): void;
}

/** What may wait here unread while a request is under way: of its body, or of the requests behind it. */
const MAX_HELD_BYTES = 64 * 1024;
/** How long a caller that is still sending may take to read its answer and close. */
const LINGER_MS = 2_000;
const NOTHING = Buffer.alloc(0);

/**
 * `first`: before any request. `idle`: after one. `head`: another has begun. `ending`: what still comes is nobody's
 * request. `left`: somebody else reads.
 */
type State = 'first' | 'idle' | 'head' | 'busy' | 'ending' | 'left';

export class CallerConnection implements Deadlined, BodySource {
  deadlineMs: number;
  readonly caller: Caller;
  readonly #context: ProxyContext;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #heads: HeadReader;
  #state: State = 'first';
  /** What has come and is still to be read. */
  #held: Buffer = NOTHING;
  #isReading = false;
  /** Bytes of a whole response that the caller had not taken when that was looked at last. */
  #unwritten = 0;
  #exchange: Exchange | undefined;

  constructor(context: ProxyContext, socket: Socket, owner: ConnectionOwner) {
    this.#context = context;
    this.#socket = socket;
    this.#owner = owner;
    this.caller = context.callerOf(socket);
    const { deadlines, limits } = context;
    this.#heads = new HeadReader(limits.headerBytes);
    this.deadlineMs = deadlines.nowMs + limits.headersTimeoutMs;
    deadlines.watch(this);
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain);
    socket.on('error', ignoreError).on('close', this.#onClose);
  }

  get isBusy(): boolean {
    return this.#state === 'busy';
  }

  /** Between two requests; one that has carried none is not idle yet. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get isBodyReceived(): boolean {
    const left = this.#exchange?.bodyBytesLeft;
    return left !== undefined && left <= this.#held.length;
  }

  flow(): void {
    process.nextTick(() => this.#read(NOTHING));
  }

  /** The response that is under way, or else the next, is the last. */
  letGo(): void {
    if (this.#exchange !== undefined) this.#exchange.response.shouldKeepAlive = false;
  }

  /** For a connection without a request. */
  end(): void {
    this.#state = 'ending';
    if (this.#held.length === 0) this.#socket.destroySoon();
    else this.#linger();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  expire(): void {
    const { writableLength } = this.#socket;
    if (this.#state === 'first' || this.#state === 'head') this.#refuse(TOO_SLOW);
    else if (writableLength > 0 && writableLength < this.#unwritten) this.#awaitReader();
    else {
      if (this.#state === 'idle') this.#context.telemetry.limitReached('keep_alive');
      else if (this.#state === 'busy') this.#context.telemetry.limitReached('response_idle');
      this.#socket.destroy();
    }
  }

  readonly #onData = (bytes: Buffer): void => this.#read(bytes);

  readonly #onDrain = (): void => this.#exchange?.response.drained();

  /** The caller sends nothing more. One that waits for an answer is gone, as other proxies see it, too. */
  readonly #onEnd = (): void => {
    if (this.#state === 'busy') this.#socket.destroy();
    if (this.#state !== 'idle' && this.#state !== 'first' && this.#state !== 'head') return;
    if (this.#held.length > 0) this.#refuse(malformedHead('the connection ended within the head'));
    else this.#socket.end();
  };

  readonly #onClose = (): void => {
    this.#context.deadlines.forget(this);
    this.#state = 'ending';
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.close();
    this.#owner.closed(this);
    forgetListeners(this.#socket);
  };

  /** As far as it goes: a request at a time, and of a body no more than is taken. */
  #read(bytes: Buffer): void {
    if (this.#state === 'ending') return;
    if (this.#held.length === 0) this.#held = bytes;
    else if (bytes.length > 0) this.#held = Buffer.concat([this.#held, bytes]);
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#held.length > 0 && this.#step());
    } catch (error) {
      this.#refuseBody(error);
    }
    this.#isReading = false;
    if (this.#held.length > MAX_HELD_BYTES && this.#state === 'busy') this.#socket.pause();
    else if (this.#socket.isPaused() && this.#state !== 'left') this.#socket.resume();
  }

  /** @returns whether there may be more to do with what is held. */
  #step(): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#state !== 'left' && this.#state !== 'ending' && this.#readHead();
    const bytes = this.#held;
    const taken = exchange.take(bytes);
    // Who takes the body may have ended all.
    if (this.#held === bytes) this.#held = bytes.subarray(taken);
    return taken > 0;
  }

  #readHead(): boolean {
    if (this.#state === 'first' && !this.caller.isTls) {
      const preface = prefaceIn(this.#held);
      if (preface === 'whole') this.#serveHttp2(this.#held);
      if (preface !== 'none') return false;
    }
    // Not kept, and no request that has begun: nobody may send them for ever.
    this.#held = withoutEmptyLines(this.#held);
    if (this.#held.length === 0) return false;
    const found = this.#heads.read(this.#held);
    if (found.kind === 'whole') {
      this.#held = this.#held.subarray(found.end);
      return this.#begin(readHttp1Head(found.text, this.#context.headerNameOf));
    }
    if (found.kind === 'incomplete') this.#awaitHead();
    else if (found.kind === 'malformed') this.#refuse(malformedHead('a line of the head is not valid'));
    else this.#refuse(headerTooLarge(largestHeaderIn(found.text)));
    return false;
  }

  /** The time for a head begins with its first byte. */
  #awaitHead(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'head';
    this.deadlineMs = this.#context.deadlines.nowMs + this.#context.limits.headersTimeoutMs;
  }

  #begin(head: Http1Head | string): boolean {
    if (typeof head === 'string') {
      this.#refuse(malformedHead(head));
      return false;
    }
    this.#state = 'busy';
    this.deadlineMs = Infinity;
    const exchange = new Exchange(head, this, {
      socket: this.#socket,
      shouldKeepAlive: head.isPersistent && !this.#owner.isEnding,
      keepAliveLines: this.#owner.keepAliveLines,
      date: this.#context.date,
      onEnd: this.#onResponseEnd,
    });
    this.#exchange = exchange;
    if (head.isWebSocket) this.#leave(exchange);
    handleRequest(this.#context, this.caller, exchange.request, exchange.response);
    return true;
  }

  /** To whoever joins it with an upstream; a response is still written by the handler, and ends the connection. */
  #leave({ request, response }: Exchange): void {
    this.#state = 'left';
    request.upgrade = { socket: this.#socket, head: this.#held };
    response.shouldKeepAlive = false;
    this.#held = NOTHING;
    this.#stopReading();
  }

  #serveHttp2(bytes: Buffer): void {
    this.#state = 'left';
    this.#held = NOTHING;
    this.#stopReading();
    this.#context.deadlines.forget(this);
    this.#owner.closed(this);
    this.#owner.serveHttp2(this.#socket, bytes);
  }

  #stopReading(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain);
    this.#socket.pause();
  }

  readonly #onResponseEnd = (): void => {
    if (this.#socket.writableLength === 0) return this.#finish();
    this.#awaitReader();
    const exchange = this.#exchange;
    this.#socket.write(NOTHING, () => {
      if (this.#exchange === exchange && !this.#socket.destroyed) this.#finish();
    });
  };

  /** As long as it takes something. */
  #awaitReader(): void {
    this.#unwritten = this.#socket.writableLength;
    this.deadlineMs = this.#context.deadlines.nowMs + this.#context.limits.idleTimeoutMs;
  }

  /** The response is on its way to the last byte. */
  #finish(): void {
    const { deadlines, limits } = this.#context;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const { response, bodyBytesLeft = 0 } = exchange;
    const { isBodyReceived } = this;
    response.writableFinished = true;
    this.#unwritten = 0;
    this.#exchange = undefined;
    exchange.close();
    if (this.#state !== 'busy' || !response.shouldKeepAlive || !isBodyReceived || this.#owner.isEnding) {
      this.#endAfter(isBodyReceived && this.#state !== 'left');
      return;
    }
    this.#state = 'idle';
    this.deadlineMs = deadlines.nowMs + limits.keepAliveTimeoutMs;
    if (bodyBytesLeft > 0) this.#held = this.#held.subarray(bodyBytesLeft);
    if (this.#held.length > 0 || this.#socket.isPaused()) this.#read(NOTHING);
  }

  #endAfter(isBodyReceived: boolean): void {
    this.#state = 'ending';
    // Nothing is left to write and to read. TLS must say that it ends: else a body without a length passes for cut off.
    if (isBodyReceived && this.#held.length === 0 && !this.caller.isTls) this.#socket.destroy();
    else this.#linger();
  }

  /** Closing over bytes that were not read resets the connection, and the caller loses its answer (RFC 9112, 9.6). */
  #linger(): void {
    this.#held = NOTHING;
    this.#socket.end();
    this.#socket.resume();
    this.deadlineMs = this.#context.deadlines.nowMs + LINGER_MS;
  }

  /** Answers what is no request, and ends. */
  #refuse(refusal: Refusal): void {
    this.#state = 'ending';
    sendRefusal(this.#context, this.caller, this.#socket, refusal);
    this.#linger();
  }

  #refuseBody(error: unknown): void {
    if (!(error instanceof BodyFault)) throw error;
    // What follows is not read, however long the answer waits for its caller.
    this.#state = 'ending';
    this.#held = NOTHING;
    if (!refuseBody(this.#context, this.caller)) this.#socket.destroy();
  }
}
