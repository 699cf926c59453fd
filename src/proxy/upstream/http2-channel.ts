/** One request on a stream of HTTP/2: as a connection of HTTP/1.1 looks to who sends. */

import { constants, type ClientHttp2Stream } from 'node:http2';

import { fieldListBytes } from '../../http/http2-head.ts';
import { forgetListeners, ignoreError } from '../closed-stream.ts';
import type { Deadlined, Deadlines } from '../deadlines.ts';
import { gatherPieces } from '../gather-pieces.ts';
import { ConnectTimeout, ProxyError } from '../proxy-error.ts';
import type { OutgoingRequest, UpstreamChannel } from './channel.ts';
import type { ExchangeSink, SendFailure } from './connection.ts';
import { readHttp2ResponseHead, readHttp2Trailers } from './http2-response-head.ts';
import type { UpstreamSession } from './http2-session.ts';
import { malformed, type ResponseHead } from './response-head.ts';
import { MAX_HEAD_BYTES } from './response-parser.ts';

export class Http2Channel implements UpstreamChannel, Deadlined {
  readonly framesBody = true;
  deadlineMs = Infinity;
  readonly #session: UpstreamSession;
  readonly #deadlines: Deadlines;
  /** To `close` a stream would first end it, and the upstream would take what it has for the whole request. */
  readonly #abort = new AbortController();
  #sink: ExchangeSink | undefined;
  #request: OutgoingRequest | undefined;
  #stream: ClientHttp2Stream | undefined;
  #head: ResponseHead | undefined;
  #interimBytes = 0;
  #bodyBytes = 0;
  /** Of the request. */
  #trailers: readonly string[] = [];
  /** Of the response. */
  #rawTrailers: readonly string[] = [];
  #stopWaiting: (() => void) | undefined;
  #isReady = false;
  #isClosed = false;
  #isFlushDue = false;
  #wasPaused = false;
  #wasReused = false;

  constructor(session: UpstreamSession, deadlines: Deadlines) {
    this.#session = session;
    this.#deadlines = deadlines;
    session.streamOpened();
  }

  send(sink: ExchangeSink, request: OutgoingRequest): boolean {
    this.#sink = sink;
    this.#request = request;
    this.#wasReused = this.#session.served > 0;
    this.#deadlines.watch(this);
    const session = this.#session;
    if (session.http2.closed) {
      process.nextTick(() => this.#closed());
      return true;
    }
    if (session.isReady) {
      this.#start(request);
      return true;
    }
    this.#await(sink.timeouts.connectTimeoutMs);
    this.#stopWaiting = session.wait({
      start: () => this.#start(request),
      giveUp: () => this.#closed(),
    });
    return true;
  }

  #start(request: OutgoingRequest): void {
    const { http2, serverName } = this.#session;
    const scheme = serverName === undefined ? 'http' : 'https';
    const fields = [':scheme', scheme, ...request.fields()];
    const { body } = request;
    const endStream = body.kind === 'none';
    if (body.kind === 'bytes') this.#trailers = request.trailers();
    const waitForTrailers = body.kind === 'stream' || this.#trailers.length > 0;
    const stream = http2.request(fields, { endStream, waitForTrailers, signal: this.#abort.signal });
    this.#stream = stream;
    this.#listen(stream);
    if (body.kind === 'bytes') stream.end(body.bytes);
    this.#isReady = true;
    this.#await(this.#sink?.timeouts.firstByteTimeoutMs);
    this.#sink?.onReady();
  }

  write(bytes: Uint8Array | string): boolean {
    this.#await(this.#sink?.timeouts.idleTimeoutMs);
    return this.#stream?.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes) ?? true;
  }

  cork(): void {
    this.#stream?.cork();
  }

  uncork(): void {
    this.#stream?.uncork();
  }

  requestSent(trailers: readonly string[]): void {
    this.#trailers = trailers;
    this.#stream?.end();
    if (this.#head === undefined) this.#await(this.#sink?.timeouts.firstByteTimeoutMs);
  }

  pause(): void {
    this.#stream?.pause();
    if (this.#stream !== undefined && !this.#wasPaused) gatherPieces(this.#stream);
    this.#wasPaused = true;
  }

  resume(): void {
    this.#await(this.#sink?.timeouts.idleTimeoutMs);
    this.#stream?.resume();
  }

  destroy(): void {
    this.#sink = undefined;
    this.#cancel();
  }

  /** The response has ended: a request that has not is of no use any more. */
  release(): void {
    this.#session.served++;
    if (this.#stream?.writableEnded === false) this.#cancel();
  }

  expire(): void {
    this.#break(
      this.#isReady
        ? new ProxyError('UpstreamTimeout', 'the upstream kept silent for too long')
        : new ConnectTimeout(),
    );
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (_headers, _flags, raw) => {
      this.#guard(() => this.#onInterim(raw));
    });
    stream.on('response', (_headers, _flags, raw) => this.#guard(() => this.#onHead(raw)));
    stream.on('data', (chunk: Buffer) => this.#guard(() => this.#onData(chunk)));
    stream.on('trailers', (_headers, _flags, raw) => {
      this.#guard(() => {
        this.#rawTrailers = readHttp2Trailers(raw);
      });
    });
    stream.on('end', () => this.#guard(() => this.#onEnd()));
    stream.on('wantTrailers', () => {
      if (!stream.closed && !stream.destroyed) stream.sendTrailers(fieldsByName(this.#trailers));
    });
    stream.on('drain', () => {
      this.#await(this.#sink?.timeouts.idleTimeoutMs);
      this.#sink?.onDrain();
    });
    stream.on('error', ignoreError);
    stream.on('close', () => {
      this.#closed();
      forgetListeners(stream);
    });
  }

  /** Nobody waits until the caller has taken them. */
  #onInterim(raw: readonly string[]): void {
    this.#interimBytes += fieldListBytes(raw);
    if (this.#interimBytes > MAX_HEAD_BYTES) throw malformed('the head of the response is too large');
    this.#sink?.onInterim(readHttp2ResponseHead(raw, this.#request?.method));
  }

  #onHead(raw: readonly string[]): void {
    this.#head = readHttp2ResponseHead(raw, this.#request?.method);
    this.#await(this.#sink?.timeouts.idleTimeoutMs);
    this.#sink?.onHead(this.#head);
    this.#flushSoon();
  }

  #onData(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    this.#await(this.#sink?.timeouts.idleTimeoutMs);
    this.#sink?.onBody(chunk, 0, chunk.length);
    this.#flushSoon();
  }

  /** Node says `end` also where the upstream resets the stream politely. */
  #onEnd(): void {
    const head = this.#head;
    if (head === undefined || (head.framing === 'length' && head.contentLength !== this.#bodyBytes)) {
      this.#break(new ProxyError('UpstreamProtocolError', 'the response is not whole'));
      return;
    }
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.onEnd(this.#rawTrailers);
  }

  /** What one read brings comes in several events. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#guard(() => this.#sink?.onFlush());
    });
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopWaiting?.();
    this.#deadlines.forget(this);
    this.#session.streamClosed();
    this.#fail(this.#cause());
  }

  #cause(): ProxyError {
    const { http2, failure } = this.#session;
    if (http2.destroyed || this.#stream === undefined) return failure;
    return new ProxyError('UpstreamProtocolError', `the stream was reset with code ${this.#stream.rstCode}`);
  }

  #fail(error: ProxyError): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.deadlineMs = Infinity;
    sink?.onFailure({ error, progress: this.#progress(), isReused: this.#wasReused });
  }

  #progress(): SendFailure['progress'] {
    if (!this.#isReady) return 'unsent';
    if (this.#head !== undefined) return 'answered';
    // RFC 9113, section 8.7: it was not processed.
    return this.#stream?.rstCode === constants.NGHTTP2_REFUSED_STREAM ? 'unsent' : 'sent';
  }

  #await(timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) this.deadlineMs = this.#deadlines.nowMs + timeoutMs;
  }

  #guard(step: () => void): void {
    if (this.#sink === undefined) return;
    try {
      step();
    } catch (error) {
      const isKnown = error instanceof ProxyError;
      this.#break(
        isKnown ? error : new ProxyError('UpstreamProtocolError', 'the response could not be handled', error),
      );
    }
  }

  #break(error: ProxyError): void {
    this.#fail(error);
    this.#cancel();
  }

  #cancel(): void {
    if (this.#stream === undefined) this.#closed();
    else this.#abort.abort();
  }
}

/** Several of one name become one: Node refuses to send some of them twice (RFC 9110, section 5.3). */
function fieldsByName(raw: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const previous = fields[name];
    fields[name] = previous === undefined ? value : `${previous}, ${value}`;
  }
  return fields;
}
