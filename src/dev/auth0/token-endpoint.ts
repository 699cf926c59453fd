/** `POST /oauth/token`: from a request, through limits and decision, to the answer. */

import { ANSWERS, type TokenAnswer } from './answers.ts';
import { DEFAULT_LIFETIME_SECONDS, issueToken } from './access-token.ts';
import { decideToken, type TokenPlan } from './decide.ts';
import type { TokenFault } from './fault-script.ts';
import type { Limits } from './limits.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Tenant } from './tenant.ts';
import type { ParsedTokenRequest } from './token-request.ts';

export interface TokenEndpoint {
  readonly issuer: string;
  readonly tenant: Tenant;
  readonly keys: SigningKeys;
  readonly limits: Limits;
}

export interface TokenReply extends TokenAnswer {
  readonly headers: Readonly<Record<string, string>>;
}

/** `request` is `undefined` where the body could not be read. */
export async function answerTokenRequest(
  endpoint: TokenEndpoint,
  request: ParsedTokenRequest | undefined,
  nowMs: number,
  fault: TokenFault | undefined,
): Promise<TokenReply> {
  const { tenant, limits } = endpoint;
  const tenantLimit = limits.takeRequest(nowMs);
  const reply = (answer: TokenAnswer, headers: Readonly<Record<string, string>> = {}): TokenReply => ({
    ...answer,
    headers: { ...tenantLimit.headers, ...headers },
  });
  if (!tenantLimit.isAllowed) return reply(ANSWERS.tooManyRequests());
  if (request === undefined) return reply(ANSWERS.malformedBody());
  const decision = decideToken(tenant, request, nowMs);
  if (decision.kind === 'refused') return reply(decision.answer);
  const quota = limits.takeToken(decision.plan.clientId, decision.plan.organization, nowMs);
  if (!quota.isAllowed) return reply(ANSWERS.quotaExceeded(), quota.headers);
  return reply({ status: 200, body: await success(endpoint, decision.plan, nowMs, fault) }, quota.headers);
}

async function success(
  { issuer, keys }: TokenEndpoint,
  plan: TokenPlan,
  nowMs: number,
  fault: TokenFault | undefined,
): Promise<TokenAnswer['body']> {
  const { api, scopes } = plan;
  const key = keys.current(api.signingAlg ?? 'RS256');
  const lifetime = api.tokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
  const expiresIn = fault?.expiresIn ?? lifetime;
  return {
    access_token: await issueToken(plan, { issuer, key, nowMs }, fault?.flaw),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(typeof expiresIn !== 'object' && { expires_in: expiresIn }),
    token_type: fault?.tokenType ?? 'Bearer',
  };
}
