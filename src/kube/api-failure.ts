/** An answer of the API server that is not the one asked for, in words that say what to do. */

import { KINDS } from '../decode/kinds.ts';
import { POLICY_KIND } from '../model/names.ts';
import type { ObjectKind } from '../model/objects.ts';
import type { KubeResponse } from './http.ts';

/** Bound of what is quoted from an answer. */
const MAX_QUOTE = 500;

export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** HTTP status, or the `code` of the Status object in an ERROR event. */
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, retryAfterMs: number | undefined) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** `action` as in `cannot list ingresses`. */
export function answerFailure(action: 'list' | 'watch', kind: ObjectKind, answer: KubeResponse): ApiFailure {
  const { plural } = KINDS[kind];
  const detail = adviceOf(kind, answer.status) ?? messageOf(answer.body) ?? 'no reason given';
  return new ApiFailure(
    `cannot ${action} ${plural}: ${answer.status}: ${detail}`,
    answer.status,
    answer.retryAfterMs,
  );
}

/** `what` as in `cannot write the status of ingresses`. */
export function writeFailure(what: string, { status, body, retryAfterMs }: KubeResponse): ApiFailure {
  const detail = messageOf(body) ?? 'no reason given';
  return new ApiFailure(`cannot write ${what}: ${status}: ${detail}`, status, retryAfterMs);
}

/** Whether the same request may succeed later: no answer, a conflict, a limit, a server in trouble. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiFailure)) return true;
  return error.status >= 500 || [401, 408, 409, 429].includes(error.status);
}

/** Whether nothing can be made in a namespace any more because it is being deleted, which its admission says by a cause. */
export function isNamespaceEnding({ status, body }: KubeResponse): boolean {
  if (status !== 403 || typeof body !== 'object' || body === null) return false;
  const { details } = body as { readonly details?: { readonly causes?: unknown } | null };
  const causes = Array.isArray(details?.causes) ? details.causes : [];
  return causes.some(
    (cause: { readonly reason?: unknown } | null) => cause?.reason === 'NamespaceTerminating',
  );
}

function adviceOf(kind: ObjectKind, status: number): string | undefined {
  const { group, version, plural } = KINDS[kind];
  const resource = group === '' ? plural : `${plural}.${group}`;
  if (status === 401) return 'the API server refuses the credentials';
  if (status === 403) return `the ServiceAccount lacks list and watch on ${resource}`;
  if (status !== 404) return undefined;
  return kind === POLICY_KIND
    ? `the API server does not serve ${resource} ${version}: apply the CustomResourceDefinition`
    : `the API server does not serve ${resource} ${version}`;
}

/** The `message` of a Status object, else the start of a text. */
export function messageOf(body: unknown): string | undefined {
  const message: unknown =
    typeof body === 'object' && body !== null && 'message' in body ? body.message : body;
  return typeof message === 'string' && message !== '' ? message.slice(0, MAX_QUOTE) : undefined;
}

/** What was thrown, in words for logs. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}
