/** What the answer to a token request, or the lack of one, says about the health of the provider. */

import type { ProviderHealth } from './circuits.ts';
import type { ProviderReply } from './provider-http.ts';
import type { TokenResult } from './token-response.ts';

/** @param isHasty another policy with this provider has a longer time-out */
export function healthOf(reply: ProviderReply, result: TokenResult, isHasty: boolean): ProviderHealth {
  if (result.kind === 'token') return { kind: 'healthy' };
  const { reason, retryAtMs } = result;
  if (reason === 'ProviderRateLimited') return { kind: 'rateLimited', retryAtMs };
  if (reason === 'ProviderUnavailable') {
    const isForAll = reply.kind === 'failure' && !(isHasty && reply.cause === 'deadline');
    return { kind: 'unavailable', retryAtMs, scope: isForAll ? 'provider' : 'policy' };
  }
  return reply.kind === 'failure' ? { kind: 'unknown' } : { kind: 'healthy' };
}
