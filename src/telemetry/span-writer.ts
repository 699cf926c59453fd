/** Hands finished spans to the SDK of OpenTelemetry, which batches them and sends them as OTLP over HTTP. */

import { randomBytes } from 'node:crypto';

import {
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
  type Attributes,
  type SpanKind,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import {
  ATTR_ERROR_TYPE,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';

import { PRODUCT } from '../model/names.ts';
import type { Logger } from './ports.ts';

/** A collector that is down must not hold up the end of the process. */
const CLOSE_MS = 3_000;

export interface FinishedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly parentSpanId: string | undefined;
  /** The parent was recorded by another service. */
  readonly isParentRemote: boolean;
  /** `undefined`: nobody was told of it, so that any will do. */
  readonly spanId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly attributes: Attributes;
  /** `undefined`: it went well. */
  readonly errorType: string | undefined;
}

export interface SpanWriter {
  write(span: FinishedSpan): void;
  /** Sends what is pending, within a few seconds. */
  close(): Promise<void>;
}

export interface SpanWriterOptions {
  readonly version: string;
  /** Tells this process from its siblings. */
  readonly instance: string;
  readonly logger: Logger;
}

/** Queues at most 2,048 spans, and drops what comes while the collector does not keep up. */
export function createSpanWriter({ version, instance, logger }: SpanWriterOptions): SpanWriter {
  // The identifiers were given when the request came: the upstream had to be told.
  let next = { traceId: '', spanId: '' };
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: PRODUCT,
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
  });
  const provider = new TracerProvider({
    resource: resource.merge(detectResources({ detectors: [envDetector] })),
    // What is not to be recorded does not come here.
    sampler: new AlwaysOnSampler(),
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId },
    spanProcessors: [new BatchSpanProcessor({ exporter: reporting(new OTLPTraceExporter(), logger) })],
  });
  const tracer = provider.getTracer(PRODUCT, version);
  return {
    write(span) {
      const { name, kind, traceId, startedMs: startTime, errorType } = span;
      next = { traceId, spanId: span.spanId ?? randomBytes(8).toString('hex') };
      const attributes =
        errorType === undefined ? span.attributes : { ...span.attributes, [ATTR_ERROR_TYPE]: errorType };
      const started = tracer.startSpan(name, { kind, startTime, attributes }, parentContext(span));
      if (errorType !== undefined) started.setStatus({ code: SpanStatusCode.ERROR });
      started.end(span.endedMs);
    },
    async close() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_MS);
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

function parentContext({ traceId, parentSpanId: spanId, isParentRemote: isRemote }: FinishedSpan) {
  if (spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, isRemote, traceFlags: TraceFlags.SAMPLED });
}

/** Says when spans begin to be lost, and when they no longer are. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.error !== undefined;
        if (hasFailed && !isFailing) logger.warn({ cause: result.error?.name }, 'spans cannot be exported');
        if (!hasFailed && isFailing) logger.info({}, 'spans are exported again');
        isFailing = hasFailed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
