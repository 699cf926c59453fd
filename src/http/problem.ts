/** Turns a reason into the response that a caller gets: a problem document (RFC 9457), or the form of gRPC. */

import { REASONS_URL } from '../model/names.ts';
import { REASONS, type Reason } from '../model/reasons.ts';
import { challengeHeaders, type Challenge } from './challenge.ts';

export type { Challenge } from './challenge.ts';

export interface ProblemInput {
  readonly reason: Reason;
  readonly requestId: string;
  /** One sentence about this occurrence; never a secret or a word of the provider. */
  readonly detail: string | undefined;
  readonly method: string;
  readonly retryAfterSeconds: number | undefined;
  readonly challenge: Challenge | undefined;
  /** The Content-Type of the request is `application/grpc` or `application/grpc+…`. */
  readonly isGrpc: boolean;
}

export interface ProblemResponse {
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  /** Empty for HEAD, with the Content-Length that GET would have. */
  readonly body: string;
}

export function problemResponse(input: ProblemInput): ProblemResponse {
  return input.isGrpc ? grpcResponse(input) : documentResponse(input);
}

function documentResponse(input: ProblemInput): ProblemResponse {
  const { reason, detail, requestId } = input;
  const { status, title } = REASONS[reason];
  const document = { type: `${REASONS_URL}#${reason}`, title, status, reason, detail, instance: requestId };
  const body = JSON.stringify(document);
  const headers = [
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...commonHeaders(input),
    ...challengeHeaders(status, input.challenge),
  ];
  return { status, headers, body: input.method === 'HEAD' ? '' : body };
}

/** Trailers-Only of the gRPC protocol over HTTP/2: the status is in the headers, and HTTP says 200. */
function grpcResponse(input: ProblemInput): ProblemResponse {
  const { title } = REASONS[input.reason];
  const message = input.detail === undefined ? title : `${title}: ${input.detail}`;
  const headers = [
    'Content-Type',
    'application/grpc',
    'Content-Length',
    '0',
    'grpc-status',
    String(grpcStatus(REASONS[input.reason].status)),
    'grpc-message',
    grpcMessage(message),
    ...commonHeaders(input),
  ];
  return { status: 200, headers, body: '' };
}

function commonHeaders(input: ProblemInput): readonly string[] {
  const headers = ['Cache-Control', 'no-store', 'X-Request-Id', input.requestId];
  if (input.retryAfterSeconds !== undefined) {
    // Whole seconds, and none that would ask for a retry at once.
    headers.push('Retry-After', String(Math.max(1, Math.ceil(input.retryAfterSeconds))));
  }
  return headers;
}

/** As clients of gRPC map HTTP statuses, but for 429 and 413, whose meaning RESOURCE_EXHAUSTED has. */
function grpcStatus(status: number): number {
  switch (status) {
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 413:
    case 429:
      return 8;
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 13;
  }
}

/** Percent-encoded UTF-8 but for printable ASCII, as `grpc-message` asks. */
function grpcMessage(message: string): string {
  return message.replaceAll(/[^ -$&-~]+/gu, (text) => encodeURIComponent(text.toWellFormed()));
}
