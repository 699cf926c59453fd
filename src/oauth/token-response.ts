/** Judges what the token endpoint answered (RFC 6749, section 5). */

import { z } from 'zod';

import type { ProviderAnswer, ProviderFailure, ProviderReply } from './provider-http.ts';
import type { ProviderLimits } from './provider-limits.ts';
import { errorCodeOf, processTokenError } from './token-error.ts';
import { UNREACHABLE, failed, type TokenFailure } from './token-failure.ts';

export type TokenResult =
  | {
      readonly kind: 'token';
      readonly token: string;
      /** `expires_in`; `undefined` where it is absent or makes no sense: then `exp` alone counts. */
      readonly expiresInSeconds: number | undefined;
    }
  | TokenFailure;

const tokenSchema = z.object({
  access_token: z.string().min(1),
  token_type: z.string().optional().catch(undefined),
  expires_in: z.unknown().optional(),
});

export function processTokenResponse(reply: ProviderReply, limits: ProviderLimits): TokenResult {
  if (reply.kind === 'failure') return processFailure(reply);
  return reply.status >= 200 && reply.status < 300 ? processSuccess(reply) : processTokenError(reply, limits);
}

function processFailure({ message, cause }: ProviderFailure): TokenFailure {
  const failure =
    cause === 'setup'
      ? failed('ProviderMisconfigured', 'the token endpoint may not be called')
      : failed('ProviderUnavailable', UNREACHABLE);
  return { ...failure, cause: message };
}

function processSuccess(answer: ProviderAnswer): TokenResult {
  const { json } = answer;
  if (json === undefined)
    return failed('ProviderMisconfigured', 'the token endpoint did not answer with JSON');
  const parsed = tokenSchema.safeParse(json);
  if (!parsed.success) {
    const failure = failed('ProviderMisconfigured', 'the answer of the token endpoint holds no access_token');
    return { ...failure, errorCode: errorCodeOf(answer) };
  }
  const { access_token: token, token_type, expires_in } = parsed.data;
  if (token_type !== undefined && token_type.toLowerCase() !== 'bearer') {
    return failed('TokenRejected', 'the token is not of the type Bearer');
  }
  return { kind: 'token', token, expiresInSeconds: positiveSeconds(expires_in) };
}

/** RFC 6749 wants a number; some providers send digits in a string, or 0 for "not stated". */
function positiveSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
