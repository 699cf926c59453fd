/** The last hour as all proxy threads report it: counts by minute, and the latest refusals. Bounded. */

import {
  blameOf,
  type Activity,
  type ActivityReport,
  type ExchangeCounts,
  type RefusedRequest,
  type RequestCounts,
} from '../model/activity.ts';
import type { ExchangeResult } from '../telemetry/ports.ts';

const MINUTE_MS = 60_000;
const MINUTES = 60;
const MAX_REFUSALS = 200;

const NO_REQUESTS: RequestCounts = { passed: 0, refused: 0, failed: 0 };
const NO_EXCHANGES: ExchangeCounts = { granted: 0, refused: 0, failed: 0 };

export interface ActivityLog {
  add(report: ActivityReport): void;
  exchangeFinished(issuer: string, result: ExchangeResult): void;
  read(): Activity;
}

/** Its maps are bounded by the policies and issuers of the minute. */
interface Minute {
  readonly index: number;
  readonly requests: Map<string, RequestCounts>;
  readonly exchanges: Map<string, ExchangeCounts>;
}

export function createActivityLog(nowMs: () => number): ActivityLog {
  const minutes: Minute[] = [];
  let refusals: readonly RefusedRequest[] = [];
  const currentIndex = (): number => Math.floor(nowMs() / MINUTE_MS);
  const dropOld = (index: number): void => {
    while (minutes[0] !== undefined && minutes[0].index <= index - MINUTES) minutes.shift();
  };
  const current = (): Minute => {
    const index = currentIndex();
    const last = minutes.at(-1);
    // A clock that was set back must not make the minutes go back.
    if (last !== undefined && last.index >= index) return last;
    const minute = { index, requests: new Map(), exchanges: new Map() };
    minutes.push(minute);
    dropOld(index);
    return minute;
  };
  return {
    add(report) {
      const { requests } = current();
      for (const [policy, counts] of Object.entries(report.requests)) {
        requests.set(policy, addRequests(requests.get(policy) ?? NO_REQUESTS, counts));
      }
      refusals = [...report.refusals.toReversed(), ...refusals]
        .sort((a, b) => b.atMs - a.atMs)
        .slice(0, MAX_REFUSALS);
    },
    exchangeFinished(issuer, result) {
      const { exchanges } = current();
      const outcome = result === 'granted' ? 'granted' : blameOf(result);
      const before = exchanges.get(issuer) ?? NO_EXCHANGES;
      exchanges.set(issuer, { ...before, [outcome]: before[outcome] + 1 });
    },
    read() {
      const last = Math.max(currentIndex(), minutes.at(-1)?.index ?? 0);
      dropOld(last);
      const byIndex = new Map(minutes.map((minute) => [minute.index, minute]));
      return {
        minutes: Array.from({ length: MINUTES }, (_, offset) => {
          const index = last - MINUTES + 1 + offset;
          const minute = byIndex.get(index);
          return {
            startMs: index * MINUTE_MS,
            requests: [...(minute?.requests.values() ?? [])].reduce(addRequests, NO_REQUESTS),
            exchanges: [...(minute?.exchanges.values() ?? [])].reduce(addExchanges, NO_EXCHANGES),
          };
        }),
        requests: sumUp(
          minutes.map(({ requests }) => requests),
          addRequests,
        ),
        exchanges: sumUp(
          minutes.map(({ exchanges }) => exchanges),
          addExchanges,
        ),
        refusals,
      };
    },
  };
}

function addRequests(a: RequestCounts, b: RequestCounts): RequestCounts {
  return { passed: a.passed + b.passed, refused: a.refused + b.refused, failed: a.failed + b.failed };
}

function addExchanges(a: ExchangeCounts, b: ExchangeCounts): ExchangeCounts {
  return { granted: a.granted + b.granted, refused: a.refused + b.refused, failed: a.failed + b.failed };
}

function sumUp<T>(maps: readonly ReadonlyMap<string, T>[], add: (a: T, b: T) => T): Record<string, T> {
  const sums = new Map<string, T>();
  for (const map of maps) {
    for (const [key, value] of map) {
      const before = sums.get(key);
      sums.set(key, before === undefined ? value : add(before, value));
    }
  }
  return Object.fromEntries(sums);
}
