/** The composition root of the gateway: the only place that wires control thread, proxy threads, sources and writers. */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import { startAdmin, type AdminServer } from './admin/server.ts';
import { describeStatus, type Status } from './admin/status/status.ts';
import { clusterObjects, issuerStates, type Objects } from './cluster-objects.ts';
import type { CompileResult } from './compile/result.ts';
import { compileOptions } from './config/compile-options.ts';
import type { ServeConfig } from './config/serve.ts';
import { systemClock } from './config/system-clock.ts';
import { tracingFrom } from './config/tracing.ts';
import { programVersion } from './config/version.ts';
import { createActivityLog, type ActivityLog } from './control/activity-log.ts';
import { Controller } from './control/controller.ts';
import { renderMetrics } from './control/metrics-text.ts';
import { createProblemLog } from './control/problem-log.ts';
import { ProxyThreads } from './control/proxy-threads.ts';
import { Readiness } from './control/readiness.ts';
import { SeriesUpkeep } from './control/series-upkeep.ts';
import { openFileSource } from './files/source.ts';
import type { Sampling } from './http/trace-context.ts';
import { openCluster } from './kube/cluster.ts';
import { explainRequest } from './match/explain.ts';
import type { Redacted } from './model/redacted.ts';
import { emptyTable, type PolicyPlan } from './model/table.ts';
import { createBroker, type Broker } from './oauth/broker.ts';
import { createSharedCounters } from './proxy/proxy.ts';
import { createControlMetrics, type ControlMetrics } from './telemetry/control-metrics.ts';
import { createLogger, standardOutput, type LineOutput } from './telemetry/logger.ts';
import type { Logger } from './telemetry/ports.ts';
import { createRuntimeMetrics } from './telemetry/runtime-metrics.ts';
import { openTracing, type Tracing } from './telemetry/tracing.ts';

/** Entries of the broker's caches; the proxy threads hold half as many among them, and ask the broker for the rest. */
const MAX_TOKENS = 100_000;
const MAX_REFUSALS = 10_000;

/** A proxy thread that does not answer within this is stuck. */
const ANSWER_MS = 2_000;

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
}

/**
 * Starts the gateway and resolves when it is ready: every object read once, the first table live in every proxy thread,
 * the listeners bound. The admin server listens from the beginning, so that probes see what is missing.
 * @throws when an address cannot be bound, no cluster is configured or `signal` aborts; what was started is stopped again
 */
export async function runServe(config: ServeConfig, signal?: AbortSignal): Promise<RunningGateway> {
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
  const common: Common = { config, logger, output, metrics };
  const stack = new AsyncDisposableStack();
  try {
    const traced = tracingFrom(process.env);
    const tracing = traced && (await openTracing(programVersion(), logger));
    stack.defer(() => tracing?.close());
    const { broker, threads, activity, setProviderKeys } = startTokens(common, traced?.sampling, tracing);
    stack.defer(() => broker.close());
    stack.defer(() => threads.close());
    const objects = await chooseObjects(common, broker);
    const series = new SeriesUpkeep(
      (names) => {
        threads.forget(names);
        void metrics.forget(names);
      },
      () => systemClock.nowMs(),
    );
    const controller = new Controller({
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
    stack.defer(() => controller.close());
    stack.defer(() => objects.close());
    const admin = await openAdmin({ common, readiness, controller, threads, broker, activity, series });
    stack.defer(async () => admin?.close());
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

/** The broker and the proxy threads know each other: threads ask it for tokens, and it evicts from their caches. */
function startTokens(
  { config, logger, output, metrics }: Common,
  sampling: Sampling | undefined,
  tracing: Tracing | undefined,
) {
  let providerKeys: CompileResult['providerKeys'] = {};
  const activity = createActivityLog(() => systemClock.nowMs());
  const broker = createBroker({
    telemetry: {
      ...metrics.broker,
      exchangeFinished(issuer, result, durationMs, traceparent) {
        metrics.broker.exchangeFinished(issuer, result, durationMs, traceparent);
        activity.exchangeFinished(issuer, result);
        tracing?.exchangeFinished({ issuer, result, durationMs, traceparent });
      },
    },
    logger,
    clock: systemClock,
    network: {
      allowInsecureIssuers: config['allow-insecure-issuers'],
      allowedBlocks: config['allow-provider-cidrs'],
      proxy: {
        httpsProxy: process.env['HTTPS_PROXY'] ?? process.env['https_proxy'],
        httpProxy: process.env['HTTP_PROXY'] ?? process.env['http_proxy'],
        noProxy: process.env['NO_PROXY'] ?? process.env['no_proxy'],
      },
    },
    providerKey: (secret): Redacted<string> | undefined => providerKeys[secret],
    onEvict: (eviction) => threads.evict(eviction),
    gateBounds: {
      perSecond: config['provider-rate'],
      burst: config['provider-rate'],
      maxConcurrent: config['provider-concurrency'],
    },
    maxTokens: MAX_TOKENS,
    maxRefusals: MAX_REFUSALS,
  });
  const threads = new ProxyThreads({
    count: config.workers,
    entry: new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.mjs', import.meta.url),
    settings: {
      pepper: randomBytes(32),
      trustedProxies: config['trusted-proxies'],
      limits: {
        headerBytes: config['max-header-bytes'],
        headersTimeoutMs: config['header-timeout'],
        keepAliveTimeoutMs: config['keep-alive-timeout'],
        idleTimeoutMs: config['idle-timeout'],
        connectTimeoutMs: config['upstream-connect-timeout'],
        firstByteTimeoutMs: config['upstream-first-byte-timeout'],
        connections: config['max-connections'],
        connectionsPerAddress: config['max-connections-per-address'],
        upstreamRequests: config['max-upstream-requests'],
      },
      edge: {
        proxyProtocol: config['proxy-protocol'] === 'on',
        forwarded: config.forwarded,
        via: config.via,
      },
      counters: createSharedCounters(config.workers),
      maxTokens: Math.ceil(MAX_TOKENS / 2 / config.workers),
      maxRefusals: Math.ceil(MAX_REFUSALS / 2 / config.workers),
      accessLog: { mode: config['access-log'], oneIn: config['access-log-sample'] },
      sampling,
      logLevel: config['log-level'],
    },
    broker,
    http: config['http-address'],
    https: config['https-address'],
    logger,
    onReplaced: () => metrics.config.threadReplaced(),
    onActivity: (report) => activity.add(report),
    onLines: (lines) => output.write(lines),
  });
  const setProviderKeys = (keys: CompileResult['providerKeys']): void => {
    providerKeys = keys;
  };
  return { broker, threads, activity, setProviderKeys };
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
    close: () => Promise.resolve(),
  };
}

/** One plan for each policy: what differs by Ingress does not concern the provider. */
function plansOf(result: CompileResult): readonly PolicyPlan[] {
  return Object.values(result.policies).flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
}

interface AdminParts {
  readonly common: Common;
  readonly readiness: Readiness;
  readonly controller: Controller;
  readonly threads: ProxyThreads;
  readonly broker: Broker;
  readonly activity: ActivityLog;
  readonly series: SeriesUpkeep;
}

async function openAdmin(parts: AdminParts): Promise<AdminServer | undefined> {
  const { common, controller, threads, broker, series } = parts;
  const { config, logger, metrics } = common;
  const address = config['admin-address'];
  if (address === undefined) return undefined;
  const runtime = createRuntimeMetrics('control');
  const table = () => controller.current?.table ?? emptyTable();
  const problems = () => controller.current?.problems ?? [];
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
        tokenFile: config['admin-token-file'],
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

async function abortable(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error('stopped before it was ready'));
  signal.addEventListener('abort', onAbort);
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
