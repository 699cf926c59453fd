/** One HTTP/1.1 connection of a caller: its requests one after another, its deadlines, its end (RFC 9112, section 9). */

import type { Socket } from 'node:net';

import { readHttp1Head, type Http1Head } from '../../http/http1-head.ts';
import { largestHeaderIn } from '../../http/largest-header.ts';
import { BodyDecoder } from '../body-decoder.ts';
import type { Caller } from '../caller.ts';
import type { ProxyContext } from '../context.ts';
import type { Deadlined } from '../deadlines.ts';
import { deny } from '../decision.ts';
import { handleRequest } from '../handler.ts';
import {
  headerTooLarge,
  malformedHead,
  refusalRecord,
  refusalText,
  TOO_SLOW,
  type Refusal,
} from '../refusal.ts';
import { sendProblem } from '../respond.ts';
import { HeadReader, skipEmptyLines } from './head-reader.ts';
import { prefaceIn } from './preface.ts';
import { Http1Request, type BodySource } from './request.ts';
import { Http1Response } from './response.ts';

export interface ConnectionOwner {
  /** Every response says that its connection ends with it. */
  readonly isEnding: boolean;
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

class BodyFault extends Error {}

export class CallerConnection implements Deadlined, BodySource {
  deadlineMs: number;
  readonly caller: Caller;
  readonly #context: ProxyContext;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #heads: HeadReader;
  readonly #keepAliveLines: string;
  #state: State = 'first';
  /** What has come and is still to be read. */
  #held: Buffer = NOTHING;
  #isReading = false;
  #request: Http1Request | undefined;
  #response: Http1Response | undefined;
  #body: BodyDecoder | undefined;

  constructor(context: ProxyContext, socket: Socket, owner: ConnectionOwner) {
    this.#context = context;
    this.#socket = socket;
    this.#owner = owner;
    this.caller = context.callerOf(socket);
    const { deadlines, limits } = context;
    this.#heads = new HeadReader(limits.headerBytes);
    const seconds = Math.floor(limits.keepAliveTimeoutMs / 1_000);
    this.#keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
    this.deadlineMs = deadlines.nowMs + limits.headersTimeoutMs;
    deadlines.watch(this);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    // What it says, `close` says too; without a listener it would end the process.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  get isBusy(): boolean {
    return this.#state === 'busy';
  }

  /** Between two requests; one that has carried none is not idle yet. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get isBodyReceived(): boolean {
    const remaining = this.#body?.remaining;
    return remaining !== undefined && remaining <= this.#held.length;
  }

  flow(): void {
    process.nextTick(() => this.#read(NOTHING));
  }

  /** The response that is under way, or else the next, is the last. */
  letGo(): void {
    if (this.#response !== undefined) this.#response.shouldKeepAlive = false;
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
    if (this.#state === 'first' || this.#state === 'head') this.#refuse(TOO_SLOW);
    else this.#socket.destroy();
  }

  readonly #onData = (bytes: Buffer): void => this.#read(bytes);

  readonly #onDrain = (): void => this.#response?.drained();

  /** The caller sends nothing more. One that waits for an answer is gone, as other proxies see it, too. */
  readonly #onEnd = (): void => {
    if (this.#state === 'idle' || this.#state === 'first' || this.#state === 'head') {
      if (this.#held.length > 0) this.#refuse(malformedHead('the connection ended within the head'));
      else this.#socket.end();
    } else if (this.#state !== 'left') {
      this.#socket.destroy();
    }
  };

  /** As far as it goes: a request at a time, and of a body no more than is taken. */
  #read(bytes: Buffer): void {
    if (this.#state === 'ending') return;
    if (this.#held.length > 0)
      this.#held = bytes.length > 0 ? Buffer.concat([this.#held, bytes]) : this.#held;
    else this.#held = bytes;
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
    const request = this.#request;
    if (request === undefined) return this.#state !== 'left' && this.#state !== 'ending' && this.#readHead();
    if (this.#body === undefined || !request.isFlowing) return false;
    const bytes = this.#held;
    const end = this.#body.step(bytes, 0, bytes.length);
    // Who takes the body may have ended all.
    if (this.#held === bytes) this.#held = bytes.subarray(end);
    return true;
  }

  #readHead(): boolean {
    const bytes = this.#held;
    if (this.#state === 'first' && !this.caller.isTls) {
      const preface = prefaceIn(bytes);
      if (preface === 'whole') this.#serveHttp2(bytes);
      if (preface !== 'none') return false;
    }
    const start = skipEmptyLines(bytes, 0);
    const found = this.#heads.read(bytes, start);
    if (found.kind === 'whole') {
      this.#held = bytes.subarray(found.end);
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
    const request = new Http1Request(head, this);
    const response = new Http1Response({
      socket: this.#socket,
      request,
      shouldKeepAlive: head.isPersistent && !this.#owner.isEnding,
      keepAliveLines: this.#keepAliveLines,
      date: this.#context.date,
      onEnd: this.#onResponseEnd,
    });
    this.#request = request;
    this.#response = response;
    if (head.framing !== 'none') {
      this.#body = new BodyDecoder(request, (message) => new BodyFault(message));
      this.#body.begin(head.framing, head.fields.contentLength);
    }
    if (head.isWebSocket) this.#leave(request, response);
    handleRequest(this.#context, this.caller, request, response);
    return true;
  }

  /** To whoever joins it with an upstream; a response is still written by the handler, and ends the connection. */
  #leave(request: Http1Request, response: Http1Response): void {
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
    if (this.#socket.writableLength === 0) {
      this.#finish();
      return;
    }
    const { deadlines, limits } = this.#context;
    this.deadlineMs = deadlines.nowMs + limits.idleTimeoutMs;
    const response = this.#response;
    this.#socket.write(NOTHING, () => {
      if (this.#response === response && !this.#socket.destroyed) this.#finish();
    });
  };

  /** The response is on its way to the last byte. */
  #finish(): void {
    const { deadlines, limits } = this.#context;
    const response = this.#response;
    if (response === undefined) return;
    response.writableFinished = true;
    const rest = this.#body?.remaining;
    const isBodyThere = this.#body === undefined || this.isBodyReceived;
    this.#forgetExchange();
    if (this.#state !== 'busy' || !response.shouldKeepAlive || !isBodyThere || this.#owner.isEnding) {
      this.#endAfter(isBodyThere);
      return;
    }
    this.#state = 'idle';
    this.deadlineMs = deadlines.nowMs + limits.keepAliveTimeoutMs;
    if (rest !== undefined && rest > 0) this.#held = this.#held.subarray(rest);
    if (this.#held.length > 0 || this.#socket.isPaused()) this.#read(NOTHING);
  }

  #endAfter(isBodyThere: boolean): void {
    this.#state = 'ending';
    if (isBodyThere && this.#held.length === 0) this.#socket.destroySoon();
    else this.#linger();
  }

  /** Closing over bytes that were not read resets the connection, and the caller loses its answer (RFC 9112, 9.6). */
  #linger(): void {
    this.#held = NOTHING;
    this.#socket.end();
    this.#socket.resume();
    this.deadlineMs = this.#context.deadlines.nowMs + LINGER_MS;
  }

  #forgetExchange(): void {
    const request = this.#request;
    const response = this.#response;
    this.#request = undefined;
    this.#response = undefined;
    this.#body = undefined;
    request?.close();
    response?.close();
  }

  /** Answers what is no request, and ends. */
  #refuse(refusal: Refusal): void {
    const { nextRequestId, telemetry } = this.#context;
    const requestId = nextRequestId();
    this.#state = 'ending';
    if (refusal.limit !== undefined) telemetry.limitReached(refusal.limit);
    telemetry.requestFinished(refusalRecord(this.caller, refusal, requestId));
    this.#socket.write(refusalText(refusal, requestId), 'latin1');
    this.#linger();
  }

  /** The request that is under way cannot be read to its end. */
  #refuseBody(error: unknown): void {
    const { current } = this.caller;
    if (!(error instanceof BodyFault)) throw error;
    if (current === undefined || this.#response?.headersSent !== false) {
      this.#socket.destroy();
      return;
    }
    this.#held = NOTHING;
    current.active?.abort();
    sendProblem(this.#context, current, deny('BadRequest', 'the body of the request is not well-formed'));
  }

  #closed(): void {
    this.#context.deadlines.forget(this);
    this.#state = 'ending';
    this.#held = NOTHING;
    this.#forgetExchange();
    this.#owner.closed(this);
  }
}
