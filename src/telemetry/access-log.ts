/** The access log: one JSON line for each finished request. */

import { pino, type DestinationStream } from 'pino';

import type { RequestRecord } from './ports.ts';

export type AccessLog = (record: RequestRecord) => void;

/** Fields that do not apply to a request are absent from its line. */
export function createAccessLog(destination: DestinationStream): AccessLog {
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: () => ({}) } },
    destination,
  );
  return (record) => {
    log.info({
      request_id: record.requestId,
      client_address: record.clientAddress,
      method: record.method,
      host: record.host,
      path: record.path,
      status: record.status,
      reason: record.reason,
      request_bytes: record.requestBytes,
      response_bytes: record.responseBytes,
      duration_ms: round(record.durationMs),
      upstream_address: record.upstreamAddress,
      upstream_status: record.upstreamStatus,
      upstream_duration_ms:
        record.upstreamDurationMs === undefined ? undefined : round(record.upstreamDurationMs),
      upstream_tries: record.upstreamTries,
      namespace: record.namespace === '' ? undefined : record.namespace,
      ingress: record.ingress === '' ? undefined : record.ingress,
      service: record.service === '' ? undefined : record.service,
      policy: record.policy === '' ? undefined : record.policy,
      auth: record.authOutcome,
      client_id: record.clientId,
      credential_source: record.credentialSource,
      cause: record.cause,
    });
  };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
