/** Random identifiers for traces and spans. */

import { randomBytes } from 'node:crypto';

import type { TraceIds } from '../http/trace-context.ts';

const POOL_BYTES = 4_096;

/** Cut from a pool: a call for random bytes for each request costs more than routing it. */
export function createTraceIds(): TraceIds {
  let pool = '';
  let at = 0;
  const take = (digits: number): string => {
    if (at + digits > pool.length) {
      pool = randomBytes(POOL_BYTES).toString('hex');
      at = 0;
    }
    at += digits;
    return pool.slice(at - digits, at);
  };
  return { traceId: () => take(32), spanId: () => take(16) };
}
