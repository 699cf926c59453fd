/** What callers have presented of late: the same line of Authorization need not be read anew with every request. */

import type { CacheKeys } from '../authz/cache-key.ts';
import { takeCredentials, type Credentials, type TakenCredentials } from '../http/credentials.ts';
import type { Redacted } from '../model/redacted.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { Transaction } from './transaction.ts';

/** What a line says, without what is secret in it. */
interface Remembered {
  readonly plan: PolicyPlan;
  /** `undefined`: it is a bearer token. */
  readonly clientId: string | undefined;
  /** Under which a token is cached for it. */
  readonly key: string;
}

/** How a request presented itself by Authorization alone. */
export interface Presented {
  readonly digest: string;
  readonly remembered: Remembered | undefined;
}

const MAX_REMEMBERED = 4_096;
/** A digest of more costs more than it spares. */
const MAX_LINE_LENGTH = 4_096;

export class Presentations {
  readonly #cacheKeys: CacheKeys;
  /** By keyed digest of the line: no secret outlives its request. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(cacheKeys: CacheKeys) {
    this.#cacheKeys = cacheKeys;
  }

  /** As {@link takeCredentials}, of the Authorization header and the query. */
  take(transaction: Transaction, plan: PolicyPlan, query: string | undefined): TakenCredentials {
    const { authorization } = transaction.fields;
    const [line = ''] = authorization;
    const isQueryAsked = query !== undefined && plan.clientCredentials?.sources.includes('Query') === true;
    if (isQueryAsked || authorization.length !== 1 || line.length > MAX_LINE_LENGTH) {
      return takeCredentials(plan, { authorization, query, body: undefined });
    }
    const digest = this.#cacheKeys.forLine(line);
    const remembered = this.#remembered.get(digest);
    const read = (): TakenCredentials =>
      takeCredentials(plan, { authorization, query: undefined, body: undefined });
    if (remembered?.plan === plan) {
      transaction.presented = { digest, remembered };
      const { clientId } = remembered;
      return clientId === undefined ? new KnownBearer(read) : new KnownClient(clientId, read);
    }
    const taken = read();
    // Of a line that says nothing, nothing is remembered: what is found in a body later must not pass for its.
    const isSaid = taken.kind === 'client' || taken.kind === 'bearer';
    transaction.presented = isSaid ? { digest, remembered: undefined } : undefined;
    return taken;
  }

  /** The key of `credentials`, worked out once for what is presented again and again. */
  keyOf({ plan, transaction }: Keyed, credentials: Credentials, derive: () => string): string {
    const { presented } = transaction;
    if (presented === undefined) return derive();
    if (presented.remembered !== undefined) return presented.remembered.key;
    const key = derive();
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    const clientId = credentials.kind === 'client' ? credentials.clientId : undefined;
    this.#remembered.set(presented.digest, { plan, clientId, key });
    return key;
  }
}

interface Keyed {
  readonly plan: PolicyPlan;
  readonly transaction: Transaction;
}

/** What is secret is read from the line when somebody asks for it: where there is no token yet. */
class KnownClient {
  readonly kind = 'client';
  readonly source = 'Basic';
  readonly clientId: string;
  readonly #read: () => TakenCredentials;

  constructor(clientId: string, read: () => TakenCredentials) {
    this.clientId = clientId;
    this.#read = read;
  }

  get clientSecret(): Redacted<string> {
    const taken = this.#read();
    if (taken.kind !== 'client') throw new Error('a line of Authorization has been read in two ways');
    return taken.clientSecret;
  }
}

/** The same for a token of the caller's own. */
class KnownBearer {
  readonly kind = 'bearer';
  readonly #read: () => TakenCredentials;

  constructor(read: () => TakenCredentials) {
    this.#read = read;
  }

  get token(): Redacted<string> {
    const taken = this.#read();
    if (taken.kind !== 'bearer') throw new Error('a line of Authorization has been read in two ways');
    return taken.token;
  }
}
