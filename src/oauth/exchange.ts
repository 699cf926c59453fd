/** One exchange with a provider: waits for its turn, asks for a token, and verifies what came. */

import type { ExchangeRequest, VerifiedClaims } from '../authz/ports.ts';
import { callerBlock } from '../http/source-ranges.ts';
import type { Clock } from '../model/clock.ts';
import type { BrokerTelemetry } from '../telemetry/ports.ts';
import type { CallerLimits, LimitReached } from './caller-limits.ts';
import type { ProviderHealth } from './circuits.ts';
import type { ProviderFault } from './discovery.ts';
import { heedLimits } from './heed-limits.ts';
import { lifetimeOf, type Lifetime } from './lifetimes.ts';
import { healthOf } from './provider-health.ts';
import type { ProviderHttp } from './provider-http.ts';
import { parseLimits } from './provider-limits.ts';
import type { Provider } from './provider.ts';
import { UNREACHABLE, failed, isRefusedClient, type TokenFailure } from './token-failure.ts';
import { tokenRequest } from './token-request.ts';
import { processTokenResponse, type TokenResult } from './token-response.ts';
import type { RejectedToken } from './verifier.ts';

export interface ExchangeOptions {
  readonly http: ProviderHttp;
  readonly clock: Clock;
  readonly telemetry: BrokerTelemetry;
  readonly limits: CallerLimits;
}

export interface ObtainedToken extends Lifetime {
  readonly kind: 'obtained';
  readonly token: string;
  readonly claims: VerifiedClaims;
  readonly keyId: string | undefined;
}

/** A limit of the policy concerns the one caller that met it, not those who wait for the same token. */
export type ExchangeResult =
  | ObtainedToken
  | TokenFailure
  | { readonly kind: 'limited'; readonly limit: LimitReached };

const FAILED_BEFORE = 'the provider failed a moment ago';

/** Never rejects for anything that a provider does. */
export async function exchangeToken(
  provider: Provider,
  request: ExchangeRequest,
  options: ExchangeOptions,
): Promise<ExchangeResult> {
  const { clock, limits } = options;
  const open = provider.circuits.check(request.plan.policy, clock.nowMs());
  if (open !== undefined) return failed(open.reason, FAILED_BEFORE, open.retryAtMs);
  const endpoint = await provider.tokenEndpoint();
  if (endpoint.kind === 'fault') return failureOf(endpoint);
  // A token that nobody can verify would be paid for all the same, and asked for again by the next request.
  const fault = await provider.keysFault(request.plan.verification.algorithms);
  if (fault !== undefined) return failureOf(fault);
  const admission = await provider.gate.enter({
    lane: callerBlock(request.clientAddress),
    isRefresh: request.purpose === 'refresh',
    deadlineMs: request.plan.provider.timeoutMs,
  });
  if (admission !== 'admitted') {
    const detail =
      admission === 'closed'
        ? 'the policy changed while the request waited'
        : 'too many token requests are waiting';
    return failed('ProviderUnavailable', detail, clock.nowMs() + 1_000);
  }
  try {
    // Again, for what happened while this one was waiting.
    const limit = limits.reached(request, provider.key, clock.nowMs());
    if (limit !== undefined) return { kind: 'limited', limit };
    return await askAndVerify(provider, endpoint.value, request, options);
  } finally {
    provider.gate.leave();
  }
}

async function askAndVerify(
  provider: Provider,
  endpoint: string,
  request: ExchangeRequest,
  options: ExchangeOptions,
): Promise<ObtainedToken | TokenFailure> {
  const { clock, telemetry } = options;
  const startedAtMs = clock.nowMs();
  const leave = provider.circuits.enter(request.plan.policy, startedAtMs);
  if (leave.kind === 'open') return failed(leave.reason, FAILED_BEFORE, leave.retryAtMs);
  let health: ProviderHealth = { kind: 'unknown' };
  let answered: TokenResult;
  try {
    ({ result: answered, health } = await ask(provider, endpoint, request, options));
  } finally {
    provider.circuits.report(leave, health, clock.nowMs());
  }
  const result = answered.kind === 'token' ? await verify(provider, request, answered, clock) : answered;
  const outcome = result.kind === 'obtained' ? 'granted' : result.reason;
  const durationMs = clock.nowMs() - startedAtMs;
  telemetry.exchangeFinished(provider.settings.issuer, outcome, durationMs, request.traceparent);
  return result;
}

async function ask(
  provider: Provider,
  endpoint: string,
  request: ExchangeRequest,
  { http, clock, telemetry, limits: callers }: ExchangeOptions,
): Promise<{ readonly result: TokenResult; readonly health: ProviderHealth }> {
  const { clientCredentials } = request.plan;
  if (clientCredentials === undefined) {
    const result = failed('ProviderMisconfigured', 'the policy has no clientCredentials');
    return { result, health: { kind: 'unknown' } };
  }
  const settle = callers.countExchange(request, clock.nowMs());
  const reply = await http.send(tokenRequest(endpoint, clientCredentials, request));
  const nowMs = clock.nowMs();
  const limits = parseLimits(reply.kind === 'answer' ? reply.headers : {}, nowMs);
  const result = processTokenResponse(reply, limits);
  if (result.kind === 'failed' && isRefusedClient(result)) callers.countFailure(request, nowMs);
  // Who does not know the secret must not use up what its owner has.
  settle(result.kind === 'token' || result.reason !== 'InvalidClient');
  heedLimits(provider, request.clientId, { result, limits, nowMs }, { telemetry, callers });
  const isHasty = request.plan.provider.timeoutMs < provider.timeoutMs;
  return { result, health: healthOf(reply, result, isHasty) };
}

async function verify(
  provider: Provider,
  request: ExchangeRequest,
  { token, expiresInSeconds }: Extract<TokenResult, { kind: 'token' }>,
  clock: Clock,
): Promise<ObtainedToken | TokenFailure> {
  const { plan, clientId } = request;
  const nowMs = clock.nowMs();
  const owner = plan.verification.bindClient ? clientId : undefined;
  const verified = await provider.verify({ token, plan, clientId: owner, nowMs });
  if (verified.kind === 'fault') return { ...failureOf(verified), wasIssued: true };
  if (verified.kind === 'rejected') {
    return { ...failed('TokenRejected', rejectionDetail(verified)), cause: DECIDING_FIELDS[verified.check] };
  }
  const { claims, keyId, expiresAtMs } = verified;
  const lifetime = lifetimeOf({
    expiresAtMs,
    expiresInSeconds,
    nowMs,
    cache: plan.cache,
    random: clock.random(),
  });
  if (lifetime.usableUntilMs <= nowMs) return failed('TokenRejected', 'the token has less than 5 s to live');
  return { kind: 'obtained', token, claims, keyId, ...lifetime };
}

/** For the operator: which field of the policy decides, where the token may be as it should. */
const DECIDING_FIELDS: Readonly<Partial<Record<RejectedToken['check'], string>>> = {
  client: 'see spec.verification.bindClient',
  algorithm: 'see spec.verification.algorithms',
  iss: 'see spec.provider.issuer and spec.provider.additionalIssuers',
};

/** What is wrong with a token that was issued a moment ago. */
function rejectionDetail({ check, detail }: RejectedToken): string {
  if (check === 'form') return 'the provider issued an opaque token, not a signed JWT';
  const isOfTime = check === 'expired' || check === 'nbf';
  return isOfTime ? `${detail}: compare the clocks of gateway and provider` : detail;
}

/** Why there is no endpoint to ask, or no key to verify with. */
export function failureOf(fault: ProviderFault): TokenFailure {
  const failure = fault.isOutage
    ? failed('ProviderUnavailable', UNREACHABLE)
    : failed('ProviderMisconfigured', 'the provider publishes no usable metadata or keys');
  return { ...failure, cause: fault.message };
}
