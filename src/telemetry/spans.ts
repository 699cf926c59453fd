/** Records requests and exchanges as spans and sends them by OTLP. Loaded only where tracing is on. */

import { SpanKind, type Attributes } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';

import { parseTraceparent } from '../http/trace-context.ts';
import { METHODS } from './methods.ts';
import type { ExchangeResult, RequestRecord } from './ports.ts';
import type { SpanWriter } from './span-writer.ts';

/** What the semantic conventions know; another method is told as `_OTHER`. */
const CONVENTIONAL: ReadonlySet<string> = new Set([...METHODS, 'CONNECT']);

export interface FinishedExchange {
  readonly issuer: string;
  readonly result: ExchangeResult;
  readonly durationMs: number;
  /** Of the request that it was made for. */
  readonly traceparent: string | undefined;
}

/** The span of a request and, where it was sent on, that of the upstream's part; ended at `endedMs` since the epoch. */
export function recordRequest(writer: SpanWriter, record: RequestRecord, endedMs: number): void {
  const { trace, routePath, status, reason } = record;
  if (trace?.spans === undefined) return;
  const { traceId, callerSpanId, spans } = trace;
  const startedMs = endedMs - record.durationMs;
  const method = CONVENTIONAL.has(record.method) ? record.method : '_OTHER';
  const shownMethod = method === '_OTHER' ? 'HTTP' : method;
  writer.write({
    name: routePath === '' ? shownMethod : `${shownMethod} ${routePath}`,
    kind: SpanKind.SERVER,
    traceId,
    parentSpanId: callerSpanId,
    isParentRemote: true,
    spanId: spans.server,
    startedMs,
    endedMs,
    attributes: { [ATTR_HTTP_REQUEST_METHOD]: method, ...serverAttributes(record) },
    errorType: status >= 500 ? (reason ?? String(status)) : undefined,
  });
  if (record.upstreamTries === 0) return;
  // A WebSocket is timed as a whole only.
  const { upstreamStatus, upstreamAfterMs = 0, upstreamDurationMs = record.durationMs } = record;
  const sentMs = startedMs + upstreamAfterMs;
  writer.write({
    name: shownMethod,
    kind: SpanKind.CLIENT,
    traceId,
    parentSpanId: spans.server,
    isParentRemote: false,
    spanId: spans.upstream,
    startedMs: sentMs,
    endedMs: Math.min(endedMs, sentMs + upstreamDurationMs),
    attributes: { [ATTR_HTTP_REQUEST_METHOD]: method, ...upstreamAttributes(record) },
    errorType: upstreamErrorOf(upstreamStatus, reason),
  });
}

/** The span of a token request; ended at `endedMs` since the epoch. */
export function recordExchange(writer: SpanWriter, exchange: FinishedExchange, endedMs: number): void {
  const parent = parseTraceparent(exchange.traceparent);
  if (parent === undefined) return;
  const { issuer, result, durationMs } = exchange;
  writer.write({
    name: 'token exchange',
    kind: SpanKind.CLIENT,
    traceId: parent.traceId,
    parentSpanId: parent.spanId,
    isParentRemote: false,
    spanId: undefined,
    startedMs: endedMs - durationMs,
    endedMs,
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: 'POST',
      [ATTR_SERVER_ADDRESS]: new URL(issuer).hostname,
      'oidc_ingress.issuer': issuer,
      'oidc_ingress.exchange.result': result,
    },
    errorType: result === 'granted' ? undefined : result,
  });
}

function serverAttributes(record: RequestRecord): Attributes {
  const mark = record.path.indexOf('?');
  return present({
    [ATTR_URL_SCHEME]: record.scheme,
    // Without the query: it may hold what nobody but the upstream should read.
    [ATTR_URL_PATH]: mark < 0 ? record.path : record.path.slice(0, mark),
    [ATTR_SERVER_ADDRESS]: record.host,
    [ATTR_CLIENT_ADDRESS]: record.clientAddress,
    [ATTR_HTTP_ROUTE]: record.routePath,
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: record.status,
    'oidc_ingress.request_id': record.requestId,
    'oidc_ingress.ingress': record.ingress === '' ? '' : `${record.namespace}/${record.ingress}`,
    'oidc_ingress.policy': record.policy,
    'oidc_ingress.auth.outcome': record.authOutcome,
    'oidc_ingress.client_id': record.clientId,
    'oidc_ingress.reason': record.reason,
  });
}

function upstreamAttributes(record: RequestRecord): Attributes {
  const address = record.upstreamAddress ?? '';
  const colon = address.lastIndexOf(':');
  return present({
    [ATTR_SERVER_ADDRESS]: address.slice(0, colon),
    [ATTR_SERVER_PORT]: Number(address.slice(colon + 1)),
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: record.upstreamStatus,
    [ATTR_HTTP_REQUEST_RESEND_COUNT]: record.upstreamTries > 1 ? record.upstreamTries - 1 : undefined,
    'oidc_ingress.service': record.service,
  });
}

/** For a client any status from 400 is an error, and so is no status at all. */
function upstreamErrorOf(status: number | undefined, reason: RequestRecord['reason']): string | undefined {
  if (status === undefined) return reason ?? '_OTHER';
  return status >= 400 ? String(status) : undefined;
}

function present(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== ''),
  );
}
