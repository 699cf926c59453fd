/** Where a request stands in its trace: reads, goes on with and starts `traceparent` (W3C Trace Context, level 1). */

/** Which requests are recorded as spans. */
export interface Sampling {
  /** From 0, none, to 1, all. */
  readonly ratio: number;
  /** A trusted caller that says whether it records its part decides for ours. */
  readonly followsCaller: boolean;
}

/** Random, in lower-case hex. */
export interface TraceIds {
  /** 32 digits. */
  traceId(): string;
  /** 16 digits. */
  spanId(): string;
}

export interface RequestTrace {
  readonly traceId: string;
  /** Span of the caller; `undefined` where the trace begins here. */
  readonly callerSpanId: string | undefined;
  /** Spans that are recorded of this request; `undefined`: none is. */
  readonly spans: { readonly server: string; readonly upstream: string } | undefined;
  /** Instead of the caller's; `undefined`: the caller's goes on as it is. */
  readonly traceparent: string | undefined;
}

export interface Caller {
  /** The lines of the header, joined by `,`. */
  readonly traceparent: string | undefined;
  readonly isTrusted: boolean;
}

const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 0x01;
const VERSION = '00';
/** As many as a number holds exactly. */
const RANDOM_DIGITS = 13;

/** `sampling` `undefined`: nothing is recorded here, and a trace of the caller goes on untouched. */
export function traceOf(caller: Caller, sampling: Sampling | undefined, ids: TraceIds): RequestTrace {
  const parent = parseTraceparent(caller.traceparent);
  const traceId = parent?.traceId ?? ids.traceId();
  const callerSpanId = parent?.spanId;
  if (sampling === undefined && parent !== undefined) {
    return { traceId, callerSpanId, spans: undefined, traceparent: undefined };
  }
  const upstream = ids.spanId();
  const isSampled = sampling !== undefined && isRecorded(caller, parent, sampling, upstream);
  return {
    traceId,
    callerSpanId,
    spans: isSampled ? { server: ids.spanId(), upstream } : undefined,
    traceparent: formatTraceparent(traceId, upstream, isSampled),
  };
}

export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** `undefined` where the header is absent or must be ignored; of a later version what this one knows of it. */
export function parseTraceparent(text: string | undefined): Traceparent | undefined {
  const match = text === undefined ? null : FORMAT.exec(text);
  if (match === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match;
  const isKnown = version !== 'ff' && (version !== VERSION || rest === undefined);
  if (!isKnown || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export function formatTraceparent(traceId: string, spanId: string, isSampled: boolean): string {
  return `${VERSION}-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** By a random number of ours: the trace ID is the caller's, who must not choose what is recorded. */
function isRecorded(
  { isTrusted }: Caller,
  parent: Traceparent | undefined,
  { ratio, followsCaller }: Sampling,
  spanId: string,
): boolean {
  if (followsCaller && isTrusted && parent !== undefined) return parent.isSampled;
  return Number.parseInt(spanId.slice(0, RANDOM_DIGITS), 16) < ratio * 16 ** RANDOM_DIGITS;
}
