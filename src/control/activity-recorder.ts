/** Counts the requests of one proxy thread and reports them at most once a second. */

import { blameOf, type ActivityReport, type RefusedRequest, type RequestCounts } from '../model/activity.ts';
import type { Clock } from '../model/clock.ts';
import type { RequestRecord } from '../telemetry/ports.ts';

const REPORT_AFTER_MS = 1_000;
const MAX_REFUSALS = 200;
/** Both are chosen by callers; no real one is longer. */
const MAX_CLIENT_ID_LENGTH = 128;
const MAX_HOST_LENGTH = 253;

export interface ActivityRecorder {
  /** Called on the hot path: a request without a reason costs one look-up and one increment. */
  record(record: RequestRecord): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function createActivityRecorder(
  send: (report: ActivityReport) => void,
  clock: Pick<Clock, 'nowMs' | 'schedule'>,
): ActivityRecorder {
  let requests = new Map<string, Mutable<RequestCounts>>();
  let refusals: RefusedRequest[] = [];
  const report = (): void => {
    send({ requests: Object.fromEntries(requests), refusals: refusals.slice(-MAX_REFUSALS) });
    requests = new Map();
    refusals = [];
  };
  const countsOf = (policy: string): Mutable<RequestCounts> => {
    const known = requests.get(policy);
    if (known !== undefined) return known;
    if (requests.size === 0) clock.schedule(REPORT_AFTER_MS, report);
    const counts = { passed: 0, refused: 0, failed: 0 };
    requests.set(policy, counts);
    return counts;
  };
  return {
    record(record) {
      // A caller that hung up was neither served nor refused.
      if (record.reason === 'ClientClosed') return;
      const refusal = refusalOf(record, clock);
      const isPassed = refusal === undefined || refusal.isDryRun;
      countsOf(record.policy)[isPassed ? 'passed' : blameOf(refusal.reason)] += 1;
      if (refusal === undefined) return;
      refusals.push(refusal);
      // Under a flood the array is cut now and then, not shifted each time.
      if (refusals.length >= 2 * MAX_REFUSALS) refusals = refusals.slice(-MAX_REFUSALS);
    },
  };
}

function refusalOf(record: RequestRecord, clock: Pick<Clock, 'nowMs'>): RefusedRequest | undefined {
  const { reason, clientId, host, policy, authOutcome, upstreamTries } = record;
  if (reason === undefined || reason === 'ClientClosed') return undefined;
  const isDenied = authOutcome === 'deny' || authOutcome === 'unavailable';
  return {
    atMs: clock.nowMs(),
    reason,
    clientId: clientId?.slice(0, MAX_CLIENT_ID_LENGTH),
    host: host.slice(0, MAX_HOST_LENGTH),
    policy,
    isDryRun: isDenied && upstreamTries > 0,
  };
}
