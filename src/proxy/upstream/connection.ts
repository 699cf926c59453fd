/** One HTTP/1.1 connection to an endpoint: requests one after another, back-pressure, deadlines. */

import type { Socket } from 'node:net';

import type { HeaderNameOf } from '../../http/header-names.ts';
import type { Deadlined, Deadlines } from '../deadlines.ts';
import type { ProxyLimits, UpstreamTimeouts } from '../limits.ts';
import { ConnectTimeout, ProxyError } from '../proxy-error.ts';
import type { OutgoingRequest, UpstreamChannel } from './channel.ts';
import type { Dialler } from './dial.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser, type ResponseSink } from './response-parser.ts';
import { surviveWrites } from './surviving-writes.ts';

/** One read takes at most this much; each connection owns one buffer of this size. */
const READ_BUFFER_BYTES = 32 * 1024;

/** Why a request got no whole response, and how far it got. */
export interface SendFailure {
  readonly error: ProxyError;
  /** `unsent`: the connection was never made. `sent`: broken before any byte of a response. */
  readonly progress: 'unsent' | 'sent' | 'answered';
  /** The connection had served before: one that breaks before any byte was most likely idle for too long. */
  readonly isReused: boolean;
}

export interface ExchangeSink extends ResponseSink {
  readonly timeouts: UpstreamTimeouts;
  /** The connection is made: the body may follow. */
  onReady(): void;
  /** The bytes of one read have all been told: what is held back can go out. */
  onFlush(): void;
  /** The upstream takes more of the body. */
  onDrain(): void;
  /** Called once, in place of `onEnd`; the connection is gone. */
  onFailure(failure: SendFailure): void;
}

export interface ConnectionOwner {
  connected(): void;
  connectFailed(): void;
  closed(connection: UpstreamConnection): void;
}

export interface ConnectionOptions {
  readonly dialler: Dialler;
  /** Who the endpoint must be, for TLS. */
  readonly serverName: string | undefined;
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
  readonly headerNameOf: HeaderNameOf;
  readonly owner: ConnectionOwner;
}

export class UpstreamConnection implements UpstreamChannel, Deadlined, ResponseSink {
  readonly framesBody = false;
  deadlineMs = Infinity;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #parser: ResponseParser;
  #sink: ExchangeSink | undefined;
  /** Of the request that is under way, or was last. */
  #timeouts: UpstreamTimeouts;
  #isConnected = false;
  #isClosed = false;
  #isPersistent = false;
  #keepAliveSeconds: number | undefined;
  #isRequestSent = false;
  #responses = 0;
  #hasBytes = false;
  #cause: unknown;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#parser = new ResponseParser(options.headerNameOf);
    this.#timeouts = options.limits;
    const { dialler, serverName } = options;
    this.#socket = dialler.dial({
      serverName,
      alpn: 'http/1.1',
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
        callback: (size, buffer) => this.#read(buffer as Buffer, size),
      },
    });
    this.#socket.on(dialler.readyEvent, () => this.#connected());
    this.#socket.on('drain', () => this.#drained());
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('error', (error) => this.#broke(error));
    surviveWrites(this.#socket, (error) => this.#broke(error));
    this.#socket.on('close', () => this.#closed());
    options.deadlines.watch(this);
    this.#await(this.#timeouts.connectTimeoutMs);
  }

  get serverName(): string | undefined {
    return this.#options.serverName;
  }

  /** Whether nothing is under way and the connection may carry a request. That it is gone is known before `close` says so. */
  get isUsable(): boolean {
    return this.#sink === undefined && !this.#isClosed && !this.#socket.destroyed;
  }

  send(sink: ExchangeSink, { method, head, body }: OutgoingRequest): boolean {
    this.#sink = sink;
    this.#timeouts = sink.timeouts;
    this.#hasBytes = false;
    this.#isRequestSent = body.kind !== 'stream';
    this.#parser.expect(this, method);
    const text = body.kind === 'bytes' ? head + body.bytes.toString('latin1') : head;
    const isTaken = this.#socket.write(text, 'latin1');
    if (this.#isConnected) {
      this.#await(this.#timeouts.firstByteTimeoutMs);
      sink.onReady();
    } else {
      this.#await(this.#timeouts.connectTimeoutMs);
    }
    return isTaken;
  }

  /** Framed as the head said. */
  write(bytes: Uint8Array | string): boolean {
    this.#await(this.#timeouts.idleTimeoutMs);
    return typeof bytes === 'string' ? this.#socket.write(bytes, 'latin1') : this.#socket.write(bytes);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  requestSent(): void {
    this.#isRequestSent = true;
    if (!this.#hasBytes) this.#await(this.#timeouts.firstByteTimeoutMs);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#await(this.#timeouts.idleTimeoutMs);
    this.#socket.resume();
  }

  destroy(): void {
    this.#sink = undefined;
    this.#isClosed = true;
    this.#parser.stop();
    this.#socket.destroy();
  }

  expire(): void {
    const error = this.#isConnected
      ? new ProxyError('UpstreamTimeout', 'the upstream kept silent for too long')
      : new ConnectTimeout();
    this.#fail(error);
  }

  onInterim(head: ResponseHead): void {
    this.#sink?.onInterim(head);
  }

  onHead(head: ResponseHead): void {
    this.#isPersistent = head.isPersistent;
    this.#keepAliveSeconds = head.keepAliveSeconds;
    this.#sink?.onHead(head);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#sink?.onBody(bytes, start, end);
  }

  onEnd(rawTrailers: readonly string[]): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.deadlineMs = Infinity;
    this.#responses++;
    // Its caller may still be behind: that is nothing to the next one.
    if (this.#socket.isPaused()) this.#socket.resume();
    sink?.onEnd(rawTrailers);
  }

  /** Whether another request may follow the last response. */
  get isReusable(): boolean {
    return this.isUsable && this.#isPersistent && this.#isRequestSent;
  }

  /** Closes itself when it is still idle after `idleMs`, or what the upstream says less one second. */
  keep(idleMs: number): void {
    this.#await(this.#keepAliveSeconds === undefined ? idleMs : (this.#keepAliveSeconds - 1) * 1_000);
  }

  #await(timeoutMs: number): void {
    this.deadlineMs = this.#options.deadlines.nowMs + timeoutMs;
  }

  #connected(): void {
    this.#isConnected = true;
    this.#options.owner.connected();
    this.#await(this.#timeouts.firstByteTimeoutMs);
    this.#sink?.onReady();
  }

  #read(buffer: Buffer, size: number): boolean {
    const sink = this.#sink;
    try {
      if (sink !== undefined) {
        this.#hasBytes = true;
        this.#await(this.#timeouts.idleTimeoutMs);
      }
      this.#parser.push(buffer, size);
    } catch (error) {
      this.#fail(toProxyError(error));
    }
    sink?.onFlush();
    return true;
  }

  #broke(cause: Error): void {
    this.#cause ??= cause;
  }

  #drained(): void {
    if (this.#sink === undefined) return;
    this.#await(this.#timeouts.idleTimeoutMs);
    this.#sink.onDrain();
  }

  #ended(): void {
    const sink = this.#sink;
    try {
      this.#isPersistent = false;
      // Behind a write that failed it is no orderly end, which might have been that of a response without a length.
      if (this.#cause !== undefined) throw this.#failure();
      this.#parser.finish();
      sink?.onFlush();
    } catch (error) {
      this.#fail(toProxyError(error));
    }
    this.#socket.destroy();
  }

  #closed(): void {
    this.#options.deadlines.forget(this);
    this.#fail(this.#failure());
    this.#options.owner.closed(this);
  }

  #failure(): ProxyError {
    const cause = this.#cause;
    if (cause instanceof ProxyError) return cause;
    return this.#isConnected
      ? new ProxyError('UpstreamProtocolError', 'the connection broke', cause)
      : new ProxyError('UpstreamUnreachable', 'the connection could not be made', cause);
  }

  #fail(error: ProxyError): void {
    const sink = this.#sink;
    this.destroy();
    if (sink === undefined) return;
    if (!this.#isConnected) this.#options.owner.connectFailed();
    sink.onFailure({
      error,
      progress: !this.#isConnected ? 'unsent' : this.#hasBytes ? 'answered' : 'sent',
      isReused: this.#responses > 0,
    });
  }
}

function toProxyError(error: unknown): ProxyError {
  return error instanceof ProxyError
    ? error
    : new ProxyError('UpstreamProtocolError', 'the response could not be handled', error);
}
