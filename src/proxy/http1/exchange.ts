/** One request of a connection and its response. */

import type { Http1Head } from '../../http/http1-head.ts';
import { BodyDecoder } from '../body-decoder.ts';
import type { Caller } from '../caller.ts';
import type { ProxyContext } from '../context.ts';
import { deny } from '../decision.ts';
import { sendProblem } from '../respond.ts';
import { Http1Request, type BodySource } from './request.ts';
import { Http1Response, type ResponseOptions } from './response.ts';

/** The body is not what its framing says. */
export class BodyFault extends Error {}

export class Exchange {
  readonly request: Http1Request;
  readonly response: Http1Response;
  readonly #body: BodyDecoder | undefined;

  constructor(head: Http1Head, source: BodySource, options: Omit<ResponseOptions, 'request'>) {
    this.request = new Http1Request(head, source);
    this.response = new Http1Response({ ...options, request: this.request });
    if (head.framing === 'none') return;
    this.#body = new BodyDecoder(this.request, (message) => new BodyFault(message));
    this.#body.begin(head.framing, head.fields.contentLength);
  }

  /** Bytes of the body that have not been taken; `undefined`: only its end will tell. */
  get bodyBytesLeft(): number | undefined {
    return this.#body === undefined ? 0 : this.#body.remaining;
  }

  /** Gives a piece of the body to the request. @returns how much it took; 0 where it takes none now */
  take(bytes: Buffer): number {
    if (this.#body === undefined || !this.request.isFlowing) return 0;
    return this.#body.step(bytes, 0, bytes.length);
  }

  /** It is over, well or not. */
  close(): void {
    this.request.close();
    this.response.close();
  }
}

/** The request that is under way cannot be read to its end. @returns false where it is too late to say so */
export function refuseBody(context: ProxyContext, { current }: Caller): boolean {
  if (current === undefined || current.response.headersSent) return false;
  current.active?.abort();
  sendProblem(context, current, deny('BadRequest', 'the body of the request is not well-formed'));
  return true;
}
