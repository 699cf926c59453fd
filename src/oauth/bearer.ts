/** Verifies a token that the caller brought. */

import type { BearerRequest, ExchangeOutcome } from '../authz/ports.ts';
import type { Clock } from '../model/clock.ts';
import { failureOf } from './exchange.ts';
import type { Provider } from './provider.ts';
import { refusalOf, refuse } from './refusals.ts';

export async function verifyBearer(
  provider: Provider,
  request: BearerRequest,
  clock: Clock,
): Promise<ExchangeOutcome> {
  const { plan } = request;
  const token = request.token.reveal();
  const nowMs = clock.nowMs();
  const verified = await provider.verify({ token, plan, clientId: undefined, nowMs });
  if (verified.kind === 'fault') return refusalOf(failureOf(verified), plan.cache, nowMs);
  if (verified.kind === 'rejected') {
    // Time or a new key may change these two.
    const mayHeal = verified.check === 'nbf' || verified.check === 'key';
    const keepUntilMs = mayHeal ? undefined : nowMs + plan.cache.rejectedTtlMs;
    return refuse('InvalidToken', verified.detail, { keepUntilMs });
  }
  const { claims, keyId, expiresAtMs } = verified;
  const usableUntilMs = Math.min(
    expiresAtMs + plan.verification.clockToleranceSeconds * 1_000,
    nowMs + (plan.cache.maxTtlMs ?? Infinity),
  );
  const { issuer } = plan.provider;
  // Nobody but its owner can renew it.
  return { kind: 'granted', token, claims, keyId, issuer, usableUntilMs, refreshFromMs: usableUntilMs };
}
