/** Sends one request to an endpoint of its backend and the response back, both ways as fast as the slower side takes it. */

import { performance } from 'node:perf_hooks';

import { CREDENTIALS_IN_LARGE_BODY } from '../http/credentials.ts';
import type { Limit } from '../telemetry/ports.ts';
import { isBodyTooLarge } from './admission.ts';
import { callerHeaders } from './caller-headers.ts';
import type { ProxyContext } from './context.ts';
import { fail } from './failure.ts';
import type { UpstreamTimeouts } from './limits.ts';
import { CALLER_SILENT, ConnectTimeout, ProxyError } from './proxy-error.ts';
import { RequestBodyPump } from './request-body-pump.ts';
import type { Transaction } from './transaction.ts';
import { MAX_RETRIES, type Balancer } from './upstream/balancer.ts';
import type { OutgoingBody, OutgoingRequest, UpstreamChannel } from './upstream/channel.ts';
import type { ExchangeSink, SendFailure } from './upstream/connection.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';
import type { ResponseHead } from './upstream/response-head.ts';
import { sendInterim, ResponseWriter } from './response-writer.ts';

export type ForwardBody = OutgoingBody;

export interface UpstreamRequest extends OutgoingRequest {
  readonly balancer: Balancer;
  /** For the first try, instead of the balancer's choice. */
  readonly preferred: UpstreamEndpoint | undefined;
  readonly timeouts: UpstreamTimeouts;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export class Forwarding implements ExchangeSink {
  readonly #context: ProxyContext;
  readonly #transaction: Transaction;
  readonly #request: UpstreamRequest;
  readonly #writer: ResponseWriter;
  #endpoint: UpstreamEndpoint | undefined;
  #connection: UpstreamChannel | undefined;
  #pump: RequestBodyPump | undefined;
  #tried: Set<UpstreamEndpoint> | undefined;
  #retries = 0;
  #wasStale = false;
  #isPaused = false;

  constructor(context: ProxyContext, transaction: Transaction, request: UpstreamRequest) {
    this.#context = context;
    this.#transaction = transaction;
    this.#request = request;
    this.#writer = new ResponseWriter(transaction);
  }

  get timeouts(): UpstreamTimeouts {
    return this.#request.timeouts;
  }

  start(): void {
    this.#transaction.upstreamStartedMs = performance.now();
    this.#try(this.#request.preferred ?? this.#request.balancer.pick());
  }

  /** The caller is gone: the upstream need not go on. */
  abort(): void {
    this.#pump?.stop();
    this.#connection?.destroy();
    this.#finishTiming();
  }

  onReady(): void {
    const { body, trailers } = this.#request;
    if (body.kind !== 'stream' || this.#connection === undefined) return;
    const taken = this.#pump?.taken ?? { prefix: body.prefix, isWhole: false, trailers };
    this.#pump = new RequestBodyPump(this.#transaction, this.#connection, taken, {
      isTooLarge: (bytes) => this.#isTooLarge(bytes),
      holdsCredentials: (piece) => this.#holdsCredentials(piece),
    });
    this.#pump.start();
  }

  onInterim(head: ResponseHead): void {
    // 100 has been answered by the gateway itself, as soon as the caller was allowed to go on.
    if (head.status !== 100) sendInterim(this.#transaction, head);
  }

  onHead(head: ResponseHead): void {
    this.#transaction.upstreamStatus = head.status;
    this.#writer.begin(head, callerHeaders(this.#context, this.#transaction, head, this.#endpoint));
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (!this.#writer.write(bytes, start, end)) this.#pause();
  }

  onEnd(rawTrailers: readonly string[]): void {
    this.#finishTiming();
    this.#pump?.stop();
    this.#writer.end(rawTrailers);
    if (this.#connection !== undefined) this.#endpoint?.release(this.#connection);
    this.#connection = undefined;
  }

  onFlush(): void {
    if (!this.#writer.flush()) this.#pause();
  }

  onDrain(): void {
    this.#pump?.resume();
  }

  onFailure(failure: SendFailure): void {
    const isCallersTurn = this.#isPaused || this.#pump?.isAwaitingCaller === true;
    this.#pump?.hold();
    this.#connection = undefined;
    if (failure.error instanceof ConnectTimeout) this.#context.telemetry.limitReached('upstream_connect');
    if (this.#transaction.isOver || this.#retry(failure)) return;
    this.#finishTiming();
    const isTooLate = failure.error.code === 'UpstreamTimeout';
    const isCallersFault = isCallersTurn && isTooLate;
    if (isTooLate) this.#context.telemetry.limitReached(this.#limitOf(failure, isCallersFault));
    const error = isCallersFault ? new ProxyError('ClientClosed', CALLER_SILENT) : failure.error;
    fail(this.#context, this.#transaction, error);
  }

  #try(endpoint: UpstreamEndpoint | undefined, isFresh = false): void {
    if (endpoint === undefined) {
      fail(this.#context, this.#transaction, new ProxyError('NoEndpoints', 'the service has no endpoint'));
      return;
    }
    this.#endpoint = endpoint;
    this.#transaction.upstreamTries++;
    this.#transaction.upstreamAddress = endpoint.name;
    const request = this.#request;
    const channel = (isFresh ? undefined : endpoint.takeIdle(request)) ?? endpoint.connect(request);
    this.#connection = channel;
    channel.send(this, request);
  }

  /** @returns whether the request is on its way again. */
  #retry({ error, progress, isReused }: SendFailure): boolean {
    const { method, body, balancer } = this.#request;
    const isRepeatable =
      (progress === 'unsent' && (this.#pump === undefined || this.#pump.taken !== undefined)) ||
      (progress === 'sent' &&
        error.code === 'UpstreamProtocolError' &&
        IDEMPOTENT.has(method) &&
        body.kind !== 'stream');
    if (!isRepeatable || this.#endpoint === undefined) return false;
    if (isReused && !this.#wasStale) {
      this.#wasStale = true;
      this.#try(this.#endpoint, true);
      return true;
    }
    if (this.#retries >= MAX_RETRIES) return false;
    this.#tried ??= new Set();
    this.#tried.add(this.#endpoint);
    const next = balancer.pickAgain(this.#tried);
    if (next === undefined) return false;
    this.#retries++;
    this.#try(next);
    return true;
  }

  /** What has come of the body is more than the route takes: neither side goes on. */
  #isTooLarge(bytes: number): boolean {
    const { settings, response } = this.#transaction;
    const maxBytes = settings?.options.maxBodyBytes;
    if (maxBytes === undefined || bytes <= maxBytes) return false;
    this.abort();
    if (!response.headersSent) return isBodyTooLarge(this.#context, this.#transaction, bytes);
    fail(this.#context, this.#transaction, new ProxyError('BodyTooLarge', 'the body is too large'));
    return true;
  }

  /** What has passed of the body held none: nobody gets the rest. */
  #holdsCredentials(piece: Buffer): boolean {
    if (this.#transaction.bodyScan?.(piece) !== true) return false;
    this.abort();
    fail(this.#context, this.#transaction, new ProxyError('BodyTooLarge', CREDENTIALS_IN_LARGE_BODY));
    return true;
  }

  #limitOf({ progress }: SendFailure, isCallersFault: boolean): Limit {
    if (isCallersFault) return this.#isPaused ? 'response_idle' : 'body_idle';
    return progress === 'answered' ? 'upstream_idle' : 'upstream_first_byte';
  }

  #pause(): void {
    if (this.#isPaused || this.#connection === undefined) return;
    this.#isPaused = true;
    this.#connection.pause();
    this.#transaction.response.once('drain', () => {
      this.#isPaused = false;
      this.#connection?.resume();
    });
  }

  #finishTiming(): void {
    const { upstreamStartedMs } = this.#transaction;
    if (upstreamStartedMs === undefined) return;
    this.#transaction.upstreamDurationMs ??= performance.now() - upstreamStartedMs;
  }
}
