/** A request that came by a stream of HTTP/2, as the handler reads requests. */

import type { ServerHttp2Stream } from 'node:http2';

import type { HeaderNameOf } from '../../http/header-names.ts';
import { expectsContinue, type Http2Head } from '../../http/http2-head.ts';
import { readRequestFields, type RequestFields } from '../../http/request-fields.ts';
import type { CallerRequest } from '../caller-messages.ts';
import { gatherPieces } from '../gather-pieces.ts';

const NONE: readonly string[] = [];

type Listener = (chunk: Buffer) => void;

export class Http2Request implements CallerRequest {
  readonly httpVersion = '2.0';
  readonly method: string;
  readonly target: string;
  readonly fields: RequestFields;
  readonly fault: string | undefined;
  readonly awaitsContinue: boolean;
  readonly upgrade = undefined;
  rawTrailers: readonly string[] = NONE;
  readonly #stream: ServerHttp2Stream;
  /** By what they were asked to call. */
  readonly #endListeners = new Map<Listener, () => void>();

  constructor(stream: ServerHttp2Stream, head: Http2Head, nameOf: HeaderNameOf) {
    this.#stream = stream;
    this.method = head.method;
    this.target = head.target;
    this.fields = readRequestFields(head.rawHeaders, nameOf);
    this.fault = head.fault;
    this.awaitsContinue = expectsContinue(head);
    // Read to its end, it is gone with its response: until then Node counts it among those that the caller may have.
    if (stream.endAfterHeaders) {
      stream.resume();
      return;
    }
    gatherPieces(stream);
    stream.once('trailers', (_headers, _flags, rawTrailers) => {
      this.rawTrailers = rawTrailers;
    });
  }

  get complete(): boolean {
    return this.#stream.endAfterHeaders || this.#stream.readableEnded;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  on(event: 'data' | 'end' | 'close', listener: Listener): this {
    const added = event === 'end' ? this.#endListener(listener) : listener;
    // Node says so before anybody listens where the body is empty.
    if (event === 'end' && this.#stream.readableEnded) process.nextTick(added);
    else this.#stream.on(event, added);
    return this;
  }

  off(event: 'data' | 'end' | 'close', listener: Listener): this {
    const added = event === 'end' ? this.#endListeners.get(listener) : listener;
    if (added !== undefined) this.#stream.off(event, added);
    return this;
  }

  /** Node also says `end` where the caller resets the stream: a body that was cut must not pass for a whole one. */
  #endListener(listener: Listener): () => void {
    const guarded = (): void => {
      if (!this.#stream.aborted) Reflect.apply(listener, undefined, []);
    };
    this.#endListeners.set(listener, guarded);
    return guarded;
  }
}
