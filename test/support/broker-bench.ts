/** A broker under test: frozen clock, scripted provider, and records of everything that it says. */

import { createHash } from 'node:crypto';
import { BlockList } from 'node:net';

import type { BearerRequest, Eviction, ExchangeRequest } from '../../src/authz/ports.ts';
import { Redacted } from '../../src/model/redacted.ts';
import type { PolicyPlan } from '../../src/model/table.ts';
import { createBroker, type Broker, type BrokerOptions } from '../../src/oauth/broker.ts';
import type { BrokerClock } from '../../src/oauth/clock.ts';
import type { NetworkRules } from '../../src/oauth/provider-http.ts';
import type { BrokerTelemetry, Logger } from '../../src/telemetry/ports.ts';

export const LOOPBACK_ALLOWED: NetworkRules = {
  allowInsecureIssuers: true,
  allowedBlocks: new BlockList(),
  proxy: undefined,
};

/** A clock that stands still until it is moved. */
export class FrozenClock implements BrokerClock {
  #nowMs: number;
  readonly #timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();

  constructor(nowMs = 1_800_000_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return 0;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on, running what is due in its order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ dueMs }) => dueMs <= untilMs)
        .sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }

  get pending(): number {
    return this.#timers.size;
  }
}

/** Telemetry as lines, such as `exchange granted`. */
export interface Recorded {
  readonly lines: string[];
  readonly logs: { readonly level: string; readonly fields: object; readonly message: string }[];
  readonly evictions: Eviction[];
}

export interface BrokerBench {
  readonly broker: Broker;
  readonly clock: FrozenClock;
  readonly recorded: Recorded;
}

export function createBench(options: Partial<BrokerOptions> = {}): BrokerBench {
  const clock = new FrozenClock();
  const recorded: Recorded = { lines: [], logs: [], evictions: [] };
  const broker = createBroker({
    telemetry: recordingTelemetry(recorded.lines),
    logger: recordingLogger(recorded.logs),
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

export function recordingTelemetry(lines: string[]): BrokerTelemetry {
  return {
    exchangeFinished: (_issuer, result) => lines.push(`exchange ${result}`),
    exchangeSaved: () => lines.push('saved'),
    cacheEntries: (cache, entries) => lines.push(`${cache} ${entries}`),
    cacheEvicted: (cache, cause) => lines.push(`evicted ${cache} ${cause}`),
    circuitState: (_issuer, state) => lines.push(`circuit ${state}`),
    rateLimitRemaining: (_issuer, remaining) => lines.push(`remaining ${remaining}`),
    jwksFetched: (_issuer, result) => lines.push(`jwks ${result}`),
  };
}

export function recordingLogger(logs: Recorded['logs'][number][]): Logger {
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      logs.push({ level, fields, message });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A plan for `issuer` with the defaults of OIDCPolicy. */
export function planFor(issuer: string, changes: Partial<PolicyPlan> = {}): PolicyPlan {
  return {
    policy: 'shop/orders-api',
    realm: 'orders-api',
    mode: 'Enforce',
    transport: 'Any',
    provider: {
      issuer,
      tokenEndpoint: undefined,
      jwksUri: undefined,
      additionalIssuers: [],
      timeoutMs: 5_000,
      ca: undefined,
      clientCertificate: undefined,
    },
    clientCredentials: {
      audience: 'https://api.test/',
      scopes: [],
      organization: undefined,
      parameters: [],
      headers: [],
      callerParameters: [],
      sources: ['Basic'],
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret' },
      tokenEndpointAuthMethod: 'client_secret_post',
    },
    bearer: true,
    audiences: ['https://api.test/'],
    require: { scopes: [], scopesClaim: 'scope', claims: [], clients: [] },
    rules: [],
    verification: { algorithms: ['RS256'], clockToleranceSeconds: 30, bindClient: true },
    cache: {
      maxTtlMs: undefined,
      revalidateAfterMs: undefined,
      refreshBeforeMs: 60_000,
      rejectedTtlMs: 10_000,
      forbiddenTtlMs: 60_000,
    },
    upstream: { token: { kind: 'bearer' }, claimHeaders: [], hideCredentials: true },
    limits: { failuresPerMinute: 10, exchangesPerMinute: undefined },
    exempt: [],
    exemptPreflight: true,
    ...changes,
  };
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
