/** One token request through the broker of the gateway, so that what works here works there. */

import { randomUUID } from 'node:crypto';

import type { ExchangeOutcome, ExchangeRequest } from '../../src/authz/ports.ts';
import { systemClock } from '../../src/config/system-clock.ts';
import type { PolicyPlan } from '../../src/model/table.ts';
import { createBroker, type BrokerOptions } from '../../src/oauth/broker.ts';
import type { LogFields, Logger } from '../../src/telemetry/ports.ts';

/** What the outcome does not say: it is for callers. */
const PROVIDER_WORDS: Logger = { debug: ignore, info: tell, warn: tell, error: tell };

export async function exchangeOnce(
  plan: PolicyPlan,
  client: Pick<ExchangeRequest, 'clientId' | 'clientSecret'>,
  options: Pick<BrokerOptions, 'network' | 'providerKey'>,
): Promise<ExchangeOutcome> {
  const broker = createBroker({
    ...options,
    clock: systemClock,
    logger: PROVIDER_WORDS,
    onEvict: ignore,
    telemetry: {
      exchangeFinished: ignore,
      exchangeSaved: ignore,
      cacheEntries: ignore,
      cacheEvicted: ignore,
      oldSecretUsed: ignore,
      circuitState: ignore,
      rateLimitRemaining: ignore,
      quotaRemaining: ignore,
      jwksFetched: ignore,
    },
  });
  try {
    return await broker.obtain({
      kind: 'exchange',
      key: randomUUID(),
      planKey: plan.policy,
      plan,
      clientAddress: '127.0.0.1',
      ...client,
      callerParameters: [],
      purpose: 'miss',
    });
  } finally {
    await broker.close();
  }
}

function tell({ errorCode, cause }: LogFields): void {
  if (typeof cause === 'string') console.error(cause);
  if (typeof errorCode === 'string') console.error(`the provider answered with the error code ${errorCode}`);
}

function ignore(): void {}
