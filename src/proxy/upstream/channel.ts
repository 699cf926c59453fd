/** What carries one request to an endpoint and its response back, by whichever version of HTTP. */

import type { ExchangeSink } from './connection.ts';

export type OutgoingBody =
  | { readonly kind: 'none' }
  /** Sent with the head; can be sent again. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** Read from the caller as the upstream takes it, after `prefix`. */
  | { readonly kind: 'stream'; readonly prefix: Buffer | undefined };

export interface OutgoingRequest {
  readonly method: string;
  /** For HTTP/1.1: request line and header lines, each ended by CRLF, and the empty line; latin1. */
  readonly head: string;
  /** For HTTP/2: alternating names and values, pseudo-headers first but for `:scheme`. */
  readonly fields: () => readonly string[];
  readonly body: OutgoingBody;
  /** What follows the body, once that is whole: alternating names and values. */
  readonly trailers: () => readonly string[];
  /** The host that the caller asked for: what a certificate must name where nothing else is said. */
  readonly host: string;
  /** It needs HTTP/2 where the endpoint offers a choice. */
  readonly isGrpc: boolean;
}

export interface UpstreamChannel {
  /** The protocol tells where the body ends: it is given as it is, never in chunks. */
  readonly framesBody: boolean;
  /** Starts a request. @returns false when the body should wait for `onDrain`. */
  send(sink: ExchangeSink, request: OutgoingRequest): boolean;
  /** A part of the body. @returns as {@link send}. */
  write(bytes: Uint8Array | string): boolean;
  /** Holds the writes of one moment together. */
  cork(): void;
  uncork(): void;
  /**
   * The whole body has been given to {@link send} and {@link write}. `trailers` end it where the protocol frames it; else
   * they are in what was written.
   */
  requestSent(trailers: readonly string[]): void;
  pause(): void;
  resume(): void;
  /** Breaks the exchange off without telling its sink. */
  destroy(): void;
}
