/** Derives the keys under which tokens are cached: equal exactly for equal questions to the provider. */

import type { Redacted } from '../model/redacted.ts';
import type { NameValue, PolicyPlan } from '../model/table.ts';

export interface CacheKeys {
  forClient(
    plan: PolicyPlan,
    clientId: string,
    clientSecret: Redacted<string>,
    callerParameters: readonly NameValue[],
  ): string;
  forBearer(plan: PolicyPlan, token: Redacted<string>): string;
}

/** The key function of one thread; `pepper` is random per process. */
export declare function createCacheKeys(pepper: Uint8Array): CacheKeys;
