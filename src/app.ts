/** The composition root of the gateway: the only place that wires control thread, proxy threads, sources and writers. */

import { randomBytes } from 'node:crypto';

import { startAdmin, type AdminServer } from './admin/server.ts';
import type { CompileOptions, CompileResult } from './compile/result.ts';
import type { ServeConfig } from './config/serve.ts';
import { programVersion } from './config/version.ts';
import { Controller } from './control/controller.ts';
import { renderMetrics } from './control/metrics-text.ts';
import { createProblemLog } from './control/problem-log.ts';
import { ProxyThreads } from './control/proxy-threads.ts';
import { Readiness } from './control/readiness.ts';
import type { ObjectSource, OnChange } from './decode/source.ts';
import { openFileSource } from './files/source.ts';
import { systemClock as kubeClock } from './kube/clock.ts';
import { openCluster, type ClusterAccess } from './kube/cluster.ts';
import { createEventWriter } from './kube/event-writer.ts';
import { openKubeSource } from './kube/source.ts';
import { createStatusWriter } from './kube/status-writer.ts';
import { explainRequest } from './match/explain.ts';
import { emptyTable } from './model/table.ts';
import { createBroker, systemClock as brokerClock, type Broker } from './oauth/broker.ts';
import { createLogger } from './telemetry/logger.ts';
import { createControlMetrics, createRuntimeMetrics, type ControlMetrics } from './telemetry/metrics.ts';
import type { Logger } from './telemetry/ports.ts';

/** Tokens that the gateway keeps, and refusals beside them; the proxy threads share the same number among them. */
const MAX_TOKENS = 100_000;
const MAX_REFUSALS = 10_000;

const ALIVE_TIMEOUT_MS = 2_000;

export interface RunningGateway {
  readonly ports: { readonly http?: number; readonly https?: number; readonly admin?: number };
  /** Drains the proxy threads as the flags say, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts the gateway and resolves when it is ready: every object read once, the first table live in every proxy thread,
 * the listeners bound. The admin server listens from the beginning, so that probes see what is missing.
 * @throws when an address cannot be bound or no cluster is configured; what was started is stopped again
 */
export async function runServe(config: ServeConfig): Promise<RunningGateway> {
  const logger = createLogger({ level: config['log-level'], base: { thread: 'control' } });
  const metrics = createControlMetrics(programVersion());
  const readiness = new Readiness();
  const stack = new AsyncDisposableStack();
  try {
    const source = await chooseSource(config, logger, metrics);
    const threads = stack.adopt(openThreads(config, logger, metrics), ({ threads }) => threads.close());
    const { broker } = threads;
    const reports = createReports(source, broker, logger, metrics);
    stack.defer(() => reports.close());
    const controller = stack.adopt(
      new Controller({
        openSource: source.open,
        compileOptions: compileOptions(config),
        publisher: threads.threads,
        readiness,
        telemetry: metrics.config,
        logger,
        onCompiled: (result) => threads.observe(result),
        onApplied: (result) => reports.update(result),
      }),
      (controller) => controller.close(),
    );
    const admin = await openAdmin(config, { logger, metrics, readiness, controller, ...threads });
    if (admin !== undefined) stack.defer(() => admin.close());
    await controller.start();
    const ports = { ...threads.threads.ports, ...(admin && { admin: admin.port }) };
    logger.info(ports, 'ready');
    const running = stack.move();
    return {
      ports,
      async stop() {
        readiness.startDraining();
        logger.info({}, 'draining');
        await threads.threads.drain(config['drain-delay'], config['drain-timeout']);
        await running.disposeAsync();
        logger.info({}, 'stopped');
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
