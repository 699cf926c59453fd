/** Turns a reason into the response that a caller gets (RFC 9457). */

import type { Reason } from '../model/reasons.ts';

export interface Challenge {
  readonly realm: string;
  readonly basic: boolean;
  readonly bearer: 'none' | 'plain' | 'invalid_token' | 'insufficient_scope';
  readonly scope: string | undefined;
}

export interface ProblemInput {
  readonly reason: Reason;
  readonly requestId: string;
  readonly detail: string | undefined;
  readonly method: string;
  readonly retryAfterSeconds: number | undefined;
  readonly challenge: Challenge | undefined;
  readonly isGrpc: boolean;
}

export interface ProblemResponse {
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  /** Empty for HEAD, with the Content-Length that GET would have. */
  readonly body: string;
}

export declare function problemResponse(input: ProblemInput): ProblemResponse;
