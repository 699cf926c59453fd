/** The composition root of the gateway: the only place that wires control thread, proxy threads, sources and writers. */

import { openAdmin } from './admin-view.ts';
import { clusterObjects, type Objects } from './cluster-objects.ts';
import type { CompileResult } from './compile/result.ts';
import { compileOptions } from './config/compile-options.ts';
import type { ServeConfig } from './config/serve.ts';
import { systemClock } from './config/system-clock.ts';
import { tracingFrom } from './config/tracing.ts';
import { programVersion } from './config/version.ts';
import { Controller } from './control/controller.ts';
import { createProblemLog } from './control/problem-log.ts';
import type { ProxyThreads } from './control/proxy-threads.ts';
import { Readiness } from './control/readiness.ts';
import { SeriesUpkeep } from './control/series-upkeep.ts';
import { createDataPlane, type DataPlane } from './data-plane.ts';
import { openFileSource } from './files/source.ts';
import { openCluster } from './kube/cluster.ts';
import type { PolicyPlan } from './model/table.ts';
import type { Broker } from './oauth/broker.ts';
import { createControlMetrics, type ControlMetrics } from './telemetry/control-metrics.ts';
import { createLogger, standardOutput, type LineOutput } from './telemetry/logger.ts';
import type { Logger } from './telemetry/ports.ts';
import { openTracing } from './telemetry/tracing.ts';

export interface RunningGateway {
  readonly ports: {
    readonly http: number | undefined;
    readonly https: number | undefined;
    readonly admin: number | undefined;
  };
  /** Drains the proxy threads as the flags say, then closes everything. */
  stop(): Promise<void>;
}

/** What nearly everything is given. */
interface Common {
  readonly config: ServeConfig;
  readonly logger: Logger;
  /** Where the log goes, that of the proxy threads too. */
  readonly output: LineOutput;
  readonly metrics: ControlMetrics;
  readonly readiness: Readiness;
}

/**
 * Starts the gateway and resolves when it is ready: every object read once, the first table live in every proxy thread,
 * the listeners bound. The admin server listens from the beginning, so that probes see what is missing.
 * @throws when an address cannot be bound, no cluster is configured or `signal` aborts; what was started is stopped again
 */
export async function runServe(config: ServeConfig, signal?: AbortSignal): Promise<RunningGateway> {
  const common = openTelemetry(config);
  const { logger, readiness } = common;
  const stack = new AsyncDisposableStack();
  try {
    const { controller, threads, admin } = await wire(common, stack);
    await abortable(controller.start(), signal);
    const ports = { http: undefined, https: undefined, ...threads.ports, admin: admin?.port };
    logger.info(ports, 'ready');
    const running = stack.move();
    return {
      ports,
      async stop() {
        readiness.startDraining();
        logger.info({}, 'draining');
        await threads.drain(config['drain-delay'], config['drain-timeout']);
        await running.disposeAsync();
        logger.info({}, 'stopped');
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function openTelemetry(config: ServeConfig): Common {
  const output = standardOutput();
  const logger = createLogger({
    level: config['log-level'],
    base: { thread: 'control' },
    destination: output,
  });
  const readiness = new Readiness();
  const metrics = createControlMetrics({
    version: programVersion(),
    isReady: () => readiness.missing().length === 0,
  });
  return { config, logger, output, metrics, readiness };
}

/** What is opened is put on `stack`, to be closed in reverse. */
async function wire(common: Common, stack: AsyncDisposableStack) {
  const traced = tracingFrom(process.env);
  const tracing = traced && (await openTracing(programVersion(), common.logger));
  stack.defer(() => tracing?.close());
  const dataPlane = createDataPlane({ ...common, sampling: traced?.sampling, tracing });
  const { broker, threads } = dataPlane;
  stack.defer(() => broker.close());
  stack.defer(() => threads.close());
  const objects = await chooseObjects(common, broker);
  const series = seriesUpkeep(common, threads);
  const controller = createController(common, dataPlane, objects, series);
  stack.defer(() => controller.close());
  stack.defer(() => objects.close());
  const admin = await openAdmin({ ...common, ...dataPlane, controller, series, reviewer: objects.reviewer });
  stack.defer(async () => admin?.close());
  return { controller, threads, admin };
}

function createController(
  { config, logger, metrics, readiness }: Common,
  { broker, threads, setProviderKeys }: DataPlane,
  objects: Objects,
  series: SeriesUpkeep,
): Controller {
  return new Controller({
    openSource: (onChange) => objects.open(onChange),
    compileOptions: compileOptions(config, config.manifests === undefined ? 'cluster' : 'files'),
    publisher: threads,
    readiness,
    telemetry: metrics.config,
    logger,
    onCompiled(result) {
      setProviderKeys(result.providerKeys);
      broker.observe(plansOf(result));
    },
    onApplied(result) {
      objects.report(result);
      series.applied(result);
    },
  });
}

function seriesUpkeep({ metrics }: Common, threads: ProxyThreads): SeriesUpkeep {
  return new SeriesUpkeep(
    (names) => {
      threads.forget(names);
      void metrics.forget(names);
    },
    () => systemClock.nowMs(),
  );
}

async function chooseObjects(common: Common, broker: Broker): Promise<Objects> {
  const { config, logger, metrics } = common;
  const directory = config.manifests;
  if (directory === undefined) {
    const access = await openCluster(config.kubeconfig);
    return clusterObjects({ config, logger, telemetry: metrics.watch, broker, access });
  }
  const problems = createProblemLog(logger);
  return {
    open: (onChange) => openFileSource({ directory, logger, onChange }),
    report: (result) => problems.update(result.problems),
    reviewer: undefined,
    close: () => Promise.resolve(),
  };
}

/** One plan for each policy: what differs by Ingress does not concern the provider. */
function plansOf(result: CompileResult): readonly PolicyPlan[] {
  return Object.values(result.policies).flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
}

async function abortable(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error('stopped before it was ready'));
  signal.addEventListener('abort', onAbort);
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
