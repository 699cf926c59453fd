/** What the gateway uses of a request and its response, in whichever version of HTTP the caller speaks. */

import type { Duplex } from 'node:stream';

import type { RequestFields } from '../http/request-fields.ts';

/** What comes with a request to switch protocols. */
export interface UpgradeSocket {
  readonly socket: Duplex;
  /** What the caller sent after its request. */
  readonly head: Buffer;
}

/** Each kind of listener is one at a time. */
export interface CallerRequest {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1' | '2.0';
  /** As HTTP/1.1 has them. */
  readonly fields: RequestFields;
  /** What makes it malformed in the caller's version of HTTP, beside the rules for all. */
  readonly fault: string | undefined;
  /** The caller holds its body back until it is told to go on. */
  readonly awaitsContinue: boolean;
  /** A WebSocket is asked for. */
  readonly upgrade: UpgradeSocket | undefined;
  /** The whole body has come. */
  readonly complete: boolean;
  /** Alternating names and values; known at `end`. */
  readonly rawTrailers: readonly string[];
  pause(): void;
  resume(): void;
  on(event: 'data', listener: (chunk: Buffer) => void): this;
  on(event: 'end' | 'close', listener: () => void): this;
  off(event: 'data', listener: (chunk: Buffer) => void): this;
  off(event: 'end' | 'close', listener: () => void): this;
}

/** Alternating names and values. */
export type RawHeaders = readonly string[];

/** Each kind of listener is one at a time. */
export interface CallerResponse {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** All of it has been handed on. */
  readonly writableFinished: boolean;
  /** Whether the connection goes on after this response; means nothing in HTTP/2. */
  shouldKeepAlive: boolean;
  writeHead(status: number, rawHeaders: RawHeaders): void;
  writeHead(status: number, statusText: string, rawHeaders: RawHeaders): void;
  flushHeaders(): void;
  /** @returns false when `drain` should be waited for. */
  write(chunk: Buffer): boolean;
  write(chunk: string, encoding: 'latin1'): boolean;
  /** Alternating names and values. */
  addTrailers(rawTrailers: readonly string[]): void;
  end(): void;
  end(chunk: string): void;
  end(chunk: string, encoding: 'latin1'): void;
  writeContinue(): void;
  writeInformation(status: number, rawHeaders: RawHeaders): void;
  /** Breaks it off, so that the caller sees that it is not whole. */
  destroy(): void;
  once(event: 'close' | 'drain', listener: () => void): this;
}
