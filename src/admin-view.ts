/** The part of the composition root that wires the admin server: what it shows of everything else. */

import { hostname } from 'node:os';

import { startAdmin, type AdminServer, type AdminSources } from './admin/server.ts';
import { describeStatus, type Status } from './admin/status/status.ts';
import type { ServeConfig } from './config/serve.ts';
import { systemClock } from './config/system-clock.ts';
import { programVersion } from './config/version.ts';
import type { ActivityLog } from './control/activity-log.ts';
import type { Controller } from './control/controller.ts';
import { renderMetrics } from './control/metrics-text.ts';
import type { ProxyThreads } from './control/proxy-threads.ts';
import type { Readiness } from './control/readiness.ts';
import type { SeriesUpkeep } from './control/series-upkeep.ts';
import type { AccessReviewer } from './kube/access-review.ts';
import { explainRequest } from './match/explain.ts';
import { emptyTable } from './model/table.ts';
import type { Broker } from './oauth/broker.ts';
import { issuerStates } from './oauth/issuer-states.ts';
import type { ControlMetrics } from './telemetry/control-metrics.ts';
import type { Logger } from './telemetry/ports.ts';
import { createRuntimeMetrics } from './telemetry/runtime-metrics.ts';

/** A proxy thread that does not answer within this is stuck. */
const ANSWER_MS = 2_000;

export interface AdminParts {
  readonly config: ServeConfig;
  readonly logger: Logger;
  readonly metrics: ControlMetrics;
  readonly readiness: Readiness;
  readonly controller: Controller;
  readonly threads: ProxyThreads;
  readonly broker: Broker;
  readonly activity: ActivityLog;
  readonly series: SeriesUpkeep;
  readonly reviewer: AccessReviewer | undefined;
}

/** `undefined` where the flags switch it off. */
export async function openAdmin(parts: AdminParts): Promise<AdminServer | undefined> {
  const { config, logger, metrics, controller, threads, broker, series } = parts;
  const address = config['admin-address'];
  if (address === undefined) return undefined;
  const runtime = createRuntimeMetrics('control');
  const table: AdminSources['table'] = () => controller.current?.table ?? emptyTable();
  const problems: AdminSources['problems'] = () => controller.current?.problems ?? [];
  return startAdmin(
    {
      notReadyBecause: () => notReadyBecause(parts),
      isAlive: () => threads.areAlive(ANSWER_MS),
      metrics() {
        series.sweep();
        return renderMetrics({
          product: metrics.registry,
          runtime,
          threads: () => threads.collect(ANSWER_MS),
        });
      },
      table,
      problems,
      explain: (url, method) => explainRequest(table(), problems(), { url, method }).text,
      purge: {
        guard: { tokenFile: config['admin-token-file'], reviewer: parts.reviewer },
        purge: (clientId) => broker.purge(clientId),
        logger,
      },
      status: () => readStatus(parts),
    },
    address,
  );
}

function notReadyBecause({ readiness, controller }: AdminParts): readonly string[] {
  return [
    ...readiness.missing(),
    // Why the objects are not listed yet; once they are, the last good table keeps serving.
    ...(controller.current === undefined
      ? controller.source.faults().map(({ location, message }) => `${location}: ${message}`)
      : []),
  ];
}

function readStatus(parts: AdminParts): Status {
  const { controller, broker, activity } = parts;
  const result = controller.current;
  return describeStatus({
    version: programVersion(),
    instance: hostname(),
    nowMs: systemClock.nowMs(),
    notReadyBecause: notReadyBecause(parts),
    result,
    appliedAtMs: controller.appliedAtMs,
    sourceFaults: controller.source.faults(),
    issuerState: issuerStates(result?.policies ?? {}, broker),
    activity: activity.read(),
  });
}
