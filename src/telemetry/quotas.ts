/** What providers said is left to their clients: the clients heard of last, so that the number of series is bounded. */

import { MAX_QUOTA_CLIENTS } from './metric-table.ts';

export interface Quota {
  readonly issuer: string;
  readonly client: string;
  readonly window: string;
}

export interface Quotas {
  note(quota: Quota, remaining: number): void;
  list(): readonly (Quota & { readonly remaining: number })[];
  /** Drops all clients of an issuer. */
  forget(issuer: string): void;
}

interface ClientQuota {
  readonly issuer: string;
  readonly client: string;
  /** By window: the caller of {@link Quotas.note} bounds their number. */
  readonly windows: Map<string, number>;
}

export function createQuotas(maxClients = MAX_QUOTA_CLIENTS): Quotas {
  /** Least recently heard of first. */
  const clients = new Map<string, ClientQuota>();
  return {
    note({ issuer, client, window }, remaining) {
      const key = `${issuer}\n${client}`;
      const known = clients.get(key) ?? { issuer, client, windows: new Map<string, number>() };
      known.windows.set(window, remaining);
      clients.delete(key);
      clients.set(key, known);
      for (const oldest of clients.keys()) {
        if (clients.size <= maxClients) break;
        clients.delete(oldest);
      }
    },
    list: () =>
      [...clients.values()].flatMap(({ issuer, client, windows }) =>
        [...windows].map(([window, remaining]) => ({ issuer, client, window, remaining })),
      ),
    forget(issuer) {
      for (const [key, known] of clients) if (known.issuer === issuer) clients.delete(key);
    },
  };
}
