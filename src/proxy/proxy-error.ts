/** The one error of the data plane: a broken world, as a code that is also the reason that the caller is told. */

import type { Reason } from '../model/reasons.ts';

export type ProxyErrorCode =
  | 'BodyTooLarge'
  | 'NoEndpoints'
  | 'UpstreamUnreachable'
  | 'UpstreamTimeout'
  | 'UpstreamProtocolError'
  | 'ClientClosed';

/** `message` is for the operator's log: lower-case, without a word of what caller or upstream sent. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: ProxyErrorCode;

  constructor(code: ProxyErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** It gives nothing more of its request, or takes nothing more of its answer. */
export const CALLER_SILENT = 'the caller kept silent for too long';

/** The limit of the time for a connection was reached. */
export class ConnectTimeout extends ProxyError {
  constructor() {
    super('UpstreamUnreachable', 'no connection in time');
  }
}

/** The only place where a failure becomes a reason. What is no {@link ProxyError} is a bug: the request is refused. */
export function reasonOf(error: unknown): Reason | 'ClientClosed' {
  return error instanceof ProxyError ? error.code : 'PolicyUnavailable';
}
