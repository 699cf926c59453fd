/** What a connection presented last: most connections present the same with every request. */

import { takeCredentials, type Credentials, type TakenCredentials } from '../http/credentials.ts';
import { Redacted } from '../model/redacted.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { Transaction } from './transaction.ts';

/** Read from the line of Authorization alone. */
export interface Presented {
  readonly plan: PolicyPlan;
  readonly line: Redacted<string>;
  readonly credentials: Credentials;
  /** Under which a token is cached for them; known from the second request on. */
  key: string | undefined;
}

/** What is remembered of an idle connection has a bound. */
const MAX_LINE_LENGTH = 4_096;

/** As {@link takeCredentials}, of the Authorization header and the query. */
export function takePresented(
  { caller, fields }: Transaction,
  plan: PolicyPlan,
  query: string | undefined,
): TakenCredentials {
  const { authorization } = fields;
  const [line = ''] = authorization;
  const isQueryAsked = query !== undefined && plan.clientCredentials?.sources.includes('Query') === true;
  if (isQueryAsked || authorization.length !== 1 || line.length > MAX_LINE_LENGTH) {
    return takeCredentials(plan, { authorization, query, body: undefined });
  }
  const last = caller.presented;
  if (last?.plan === plan && last.line.reveal() === line) return last.credentials;
  // A copy: a part of a head would keep all of the head in memory.
  const copy = Buffer.from(line, 'latin1').toString('latin1');
  const taken = takeCredentials(plan, { authorization: [copy], query: undefined, body: undefined });
  if (taken.kind === 'client' || taken.kind === 'bearer') {
    caller.presented = { plan, line: new Redacted(copy), credentials: taken, key: undefined };
  }
  return taken;
}

/** The key of `credentials`, worked out once for as long as the connection presents them. */
export function keyOf({ caller }: Transaction, credentials: Credentials, derive: () => string): string {
  const last = caller.presented;
  if (last?.credentials !== credentials) return derive();
  last.key ??= derive();
  return last.key;
}
