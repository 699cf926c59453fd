/** What the gateway uses of a request and its response, in whichever version of HTTP the caller speaks. */

import type { OutgoingHttpHeader } from 'node:http';
import type { Socket } from 'node:net';

/** Node's `IncomingMessage` is one. */
export interface CallerRequest {
  readonly method?: string | undefined;
  /** The request target. */
  readonly url?: string | undefined;
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
  /** Alternating names and values, as HTTP/1.1 has them. */
  readonly rawHeaders: readonly string[];
  /** Alternating names and values; known at `end`. */
  readonly rawTrailers: readonly string[];
  /** The whole body has come. */
  readonly complete: boolean;
  readonly socket: Socket;
  pause(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): this;
  on(event: 'end' | 'close', listener: () => void): this;
  off(event: 'data', listener: (chunk: Buffer) => void): this;
  off(event: 'end' | 'close', listener: () => void): this;
}

/** Node's `ServerResponse` is one. */
export interface CallerResponse {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** All of it has been handed on. */
  readonly writableFinished: boolean;
  /** `null` while responses to earlier requests of the connection are under way. */
  readonly socket: Socket | null;
  /** Whether the connection goes on after this response; means nothing in HTTP/2. */
  shouldKeepAlive: boolean;
  writeHead(status: number, rawHeaders: OutgoingHttpHeader[]): unknown;
  writeHead(status: number, statusText: string, rawHeaders: OutgoingHttpHeader[]): unknown;
  flushHeaders(): void;
  /** @returns false when `drain` should be waited for. */
  write(chunk: Buffer): boolean;
  write(chunk: string, encoding: 'latin1'): boolean;
  addTrailers(pairs: readonly [string, string][]): void;
  end(): unknown;
  end(chunk: string): unknown;
  end(chunk: string, encoding: 'latin1'): unknown;
  writeContinue(): void;
  /** Missing in Node 24 for HTTP/1.1. */
  writeInformation?(status: number, headers: Record<string, string | string[]>): unknown;
  /** Breaks it off, so that the caller sees that it is not whole. */
  destroy(): unknown;
  on(event: 'close', listener: () => void): this;
  once(event: 'close' | 'drain', listener: () => void): this;
}
