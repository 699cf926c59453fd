/** Which headers pass the gateway, in both directions, and which ones it sets. */

import type { RequestHead } from './request-head.ts';

export interface ForwardContext {
  readonly head: RequestHead;
  readonly peerAddress: string;
  readonly isPeerTrusted: boolean;
  readonly isTls: boolean;
  readonly localPort: number;
  readonly requestId: string;
  /** Normalised by {@link normaliseHeaderName}. */
  readonly identityHeaders: ReadonlySet<string>;
  readonly dropAuthorization: boolean;
  /** Further headers to drop, normalised by {@link normaliseHeaderName}. */
  readonly dropHeaders: ReadonlySet<string>;
  /** Alternating names and values, appended last. */
  readonly set: readonly string[];
  /** Replaces Content-Length where the body was rewritten. */
  readonly contentLength: number | undefined;
}

export declare function headersForUpstream(rawHeaders: readonly string[], context: ForwardContext): string[];

export declare function headersForCaller(rawHeaders: readonly string[]): string[];

/** Lower-case, `_` as `-`. */
export declare function normaliseHeaderName(name: string): string;
