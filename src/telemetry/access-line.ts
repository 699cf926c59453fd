/**
 * The text of one line of the access log: JSON in ASCII. Measured within requests, where nothing is warm, the number of
 * pieces that a line is put together from counts, and each regular expression: what repeats is one piece.
 */

import type { RequestRecord } from './ports.ts';

/** The clock of the system is looked at no more often than this. */
const CLOCK_MS = 100;
const THOUSANDTHS: readonly string[] = Array.from({ length: 1_000 }, (_, index) =>
  String(index).padStart(3, '0'),
);

/** Fields that do not apply to a request are absent from its line. */
export function createLineFormat(): (record: RequestRecord) => string {
  const startOf = createStart();
  const namesOf = createNames();
  const quotedMethod = createMemory();
  const quotedHost = createMemory();
  const quotedUpstream = createMemory();
  const quotedClient = createMemory();
  // Request ID, trace ID and address are made or checked by the gateway: there is nothing to escape in them.
  return (record) => {
    const { trace, upstreamAddress, upstreamStatus, upstreamDurationMs, clientId, credentialSource } = record;
    return (
      `${startOf(record.endedMs)}","msg":"request","request_id":"${record.requestId}` +
      (trace === undefined ? '' : `","trace_id":"${trace.traceId}`) +
      `","client_address":"${record.clientAddress}","method":${quotedMethod(record.method)}` +
      `,"host":${quotedHost(record.host)},"path":${quote(record.path)},"status":${record.status}` +
      text('reason', record.reason) +
      `,"request_bytes":${record.requestBytes},"response_bytes":${record.responseBytes}` +
      `,"duration_ms":${milliseconds(record.durationMs)}` +
      (upstreamAddress === undefined ? '' : `,"upstream_address":${quotedUpstream(upstreamAddress)}`) +
      (upstreamStatus === undefined ? '' : `,"upstream_status":${upstreamStatus}`) +
      (upstreamDurationMs === undefined
        ? ''
        : `,"upstream_duration_ms":${milliseconds(upstreamDurationMs)}`) +
      `,"upstream_tries":${record.upstreamTries}${namesOf(record)},"auth":"${record.authOutcome}"` +
      (clientId === undefined || clientId === '' ? '' : `,"client_id":${quotedClient(clientId)}`) +
      (credentialSource === undefined ? '' : `,"credential_source":"${credentialSource}"`) +
      `${text('cause', record.cause)}}\n`
    );
  };
}

function text(name: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${name}":${quote(value)}`;
}

/** What JSON need not escape. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quote(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  // In ASCII a line has as many bytes as characters.
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Quotes; what was quoted last is not looked at again. */
function createMemory(): (value: string) => string {
  let last = '';
  let quoted = '""';
  return (value) => {
    if (value !== last) {
      last = value;
      quoted = quote(value);
    }
    return quoted;
  };
}

/** With three decimals. */
function milliseconds(ms: number): string {
  const micros = Math.max(0, Math.round(ms * 1_000));
  const whole = Math.floor(micros / 1_000);
  return `${whole}.${THOUSANDTHS[micros - whole * 1_000] ?? ''}`;
}

type Named = Pick<RequestRecord, 'namespace' | 'ingress' | 'service' | 'policy'>;

/** The fields that follow from the route: put together once, until a request that is alike has others. */
function createNames(): (record: RequestRecord) => string {
  const known = new WeakMap<object, Named & { readonly text: string }>();
  return ({ likeness, namespace, ingress, service, policy }) => {
    const last = known.get(likeness);
    if (
      last?.service === service &&
      last.policy === policy &&
      last.ingress === ingress &&
      last.namespace === namespace
    ) {
      return last.text;
    }
    const serviceName = service.slice(service.indexOf('/') + 1);
    const fields =
      text('namespace', namespace) +
      text('ingress', ingress) +
      text('service', serviceName) +
      text('policy', policy);
    // A copy in one piece: what has been put together stays so until it is read, and is read all over the memory.
    const copy = Buffer.from(fields, 'latin1').toString('latin1');
    known.set(likeness, { namespace, ingress, service, policy, text: copy });
    return copy;
  };
}

/** The line up to the time in ISO 8601 with milliseconds, by a monotonic one: the second is formatted once. */
function createStart(): (endedMs: number) => string {
  let offsetMs = 0;
  let readAgainMs = -Infinity;
  let second = Number.NaN;
  let start = '';
  return (endedMs) => {
    if (endedMs >= readAgainMs) {
      offsetMs = Date.now() - performance.now();
      readAgainMs = endedMs + CLOCK_MS;
    }
    const nowMs = Math.floor(offsetMs + endedMs);
    const nowSecond = Math.floor(nowMs / 1_000);
    if (nowSecond !== second) {
      second = nowSecond;
      start = `{"time":"${new Date(nowMs).toISOString().slice(0, -'000Z'.length)}`;
    }
    return `${start}${THOUSANDTHS[nowMs - nowSecond * 1_000] ?? ''}Z`;
  };
}
