/** The memory by which the proxy threads of a process count together. */

/** Callers whose requests are counted at the same time; beyond that the one that was quiet for longest is forgotten. */
export const RATE_SETS = 4_096;
export const RATE_WAYS = 8;
/** A key, and the words of its window. */
export const RATE_ENTRY_WORDS = 12;

/** Columns of one row of a tally: more than the addresses that are connected at the same time, usually. */
export const TALLY_COLUMNS = 16_384;
export const TALLY_ROWS = 3;

/** What every thread of the process gets. Pages that are never written cost nothing. */
export interface SharedCounters {
  readonly rates: SharedArrayBuffer;
  /** Open connections: of each thread in all, then its tally by address. */
  readonly connections: SharedArrayBuffer;
  /** Requests at upstreams, by backend. */
  readonly upstreamRequests: SharedArrayBuffer;
}

export function createSharedCounters(threads: number): SharedCounters {
  const tally = (): SharedArrayBuffer =>
    new SharedArrayBuffer(threads * (1 + TALLY_ROWS * TALLY_COLUMNS) * Int32Array.BYTES_PER_ELEMENT);
  return {
    rates: new SharedArrayBuffer(RATE_SETS * RATE_WAYS * RATE_ENTRY_WORDS * BigUint64Array.BYTES_PER_ELEMENT),
    connections: tally(),
    upstreamRequests: tally(),
  };
}
