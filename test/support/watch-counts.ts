/** What watches and writers report, counted. */

import type { WatchTelemetry } from '../../src/telemetry/ports.ts';

export interface WatchCounts extends WatchTelemetry {
  /** By event and kind, such as `relisted Ingress` or `ok OIDCPolicy`. */
  readonly counts: ReadonlyMap<string, number>;
}

export function watchCounts(): WatchCounts {
  const counts = new Map<string, number>();
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  return {
    counts,
    reconnected: (kind) => count(`reconnected ${kind}`),
    relisted: (kind) => count(`relisted ${kind}`),
    eventReceived: (kind) => count(`event ${kind}`),
    statusWritten: (kind, result) => count(`${result} ${kind}`),
    leader: (isLeader) => count(`leader ${isLeader}`),
  };
}
