/** A broker under test: frozen clock, scripted provider, and records of everything that it says. */

import { createHash } from 'node:crypto';
import { BlockList } from 'node:net';

import type { BearerRequest, Eviction, ExchangeRequest } from '../../src/authz/ports.ts';
import { Redacted } from '../../src/model/redacted.ts';
import type { PolicyPlan } from '../../src/model/table.ts';
import { createBroker, type Broker, type BrokerOptions } from '../../src/oauth/broker.ts';
import type { NetworkRules } from '../../src/oauth/provider-http.ts';
import type { BrokerTelemetry } from '../../src/telemetry/ports.ts';
import { collectingLogger, type LogLine } from './collecting-logger.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';
import { credentialsPlan, planOf } from './plan.ts';

export const LOOPBACK_ALLOWED: NetworkRules = {
  allowInsecureIssuers: true,
  allowedBlocks: new BlockList(),
  proxy: undefined,
};

/** Telemetry as lines, such as `exchange granted`. */
interface Recorded {
  readonly lines: string[];
  readonly logs: readonly LogLine[];
  readonly evictions: Eviction[];
}

export interface BrokerBench {
  readonly broker: Broker;
  /** Stands still until it is moved; chance is always 0. */
  readonly clock: ManualClock;
  readonly recorded: Recorded;
}

export function createBench(options: Partial<BrokerOptions> = {}): BrokerBench {
  const clock = manualClock(0);
  const logger = collectingLogger();
  const recorded: Recorded = { lines: [], logs: logger.lines, evictions: [] };
  const broker = createBroker({
    telemetry: recordingTelemetry(recorded.lines),
    logger,
    clock,
    network: LOOPBACK_ALLOWED,
    providerKey: () => undefined,
    onEvict: (eviction) => {
      recorded.evictions.push(eviction);
    },
    ...options,
  });
  return { broker, clock, recorded };
}

/** Writes what it is told into `lines`. */
export function recordingTelemetry(lines: string[]): BrokerTelemetry {
  return {
    exchangeFinished: (_issuer, result) => lines.push(`exchange ${result}`),
    exchangeSaved: () => lines.push('saved'),
    cacheEntries: (cache, entries) => lines.push(`${cache} ${entries}`),
    cacheEvicted: (cache, cause) => lines.push(`evicted ${cache} ${cause}`),
    oldSecretUsed: () => lines.push('old secret used'),
    circuitState: (_issuer, state) => lines.push(`circuit ${state}`),
    rateLimitRemaining: (_issuer, remaining) => lines.push(`remaining ${remaining}`),
    quotaRemaining: (_issuer, clientId, window, remaining) =>
      lines.push(`quota ${clientId} ${window} ${remaining}`),
    jwksFetched: (_issuer, result) => lines.push(`jwks ${result}`),
  };
}

/** A plan for `issuer` with the defaults of OIDCPolicy. */
export function planFor(issuer: string, changes: Partial<PolicyPlan> = {}): PolicyPlan {
  return planOf({
    provider: { ...planOf().provider, issuer },
    clientCredentials: credentialsPlan({ audience: 'https://api.test/' }),
    bearer: true,
    ...changes,
  });
}

export interface Ask {
  readonly plan: PolicyPlan;
  readonly clientId?: string;
  readonly secret?: string;
  readonly purpose?: ExchangeRequest['purpose'];
  readonly address?: string;
  readonly callerParameters?: ExchangeRequest['callerParameters'];
}

export function exchangeRequest(ask: Ask): ExchangeRequest {
  const { plan, clientId = 'cron', secret = 'right', purpose = 'miss', callerParameters = [] } = ask;
  return {
    kind: 'exchange',
    key: keyOf([plan.provider, plan.clientCredentials, plan.cache, clientId, secret, callerParameters]),
    planKey: plan.policy,
    plan,
    clientAddress: ask.address ?? '192.0.2.1',
    clientId,
    clientSecret: new Redacted(secret),
    callerParameters,
    purpose,
  };
}

export function bearerRequest(plan: PolicyPlan, token: string): BearerRequest {
  return {
    kind: 'bearer',
    key: keyOf([plan.provider, token]),
    planKey: plan.policy,
    plan,
    clientAddress: '192.0.2.1',
    token: new Redacted(token),
  };
}

function keyOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
