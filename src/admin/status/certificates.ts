/** TLS certificates as the status page tells them: until when each can be used. */

import type { RoutingTable } from '../../model/table.ts';

const DAY_MS = 86_400_000;
/** Renewal is due a month ahead as a rule; what is left two weeks before the end was not renewed. */
const SOON_DAYS = 14;

export interface CertificateStatus {
  /** `namespace/name` of the Secret. */
  readonly secret: string;
  readonly hosts: readonly string[];
  readonly state: 'Valid' | 'ExpiresSoon' | 'Expired' | 'NotYetValid';
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days, rounded down; negative once it has expired. */
  readonly daysLeft: number;
}

export function describeCertificates(
  certificates: RoutingTable['certificates'],
  nowMs: number,
): readonly CertificateStatus[] {
  const described = Object.entries(certificates).map(([secret, { hosts, notBeforeMs, notAfterMs }]) => ({
    secret,
    hosts,
    state: stateOf(notBeforeMs, notAfterMs, nowMs),
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    daysLeft: Math.floor((notAfterMs - nowMs) / DAY_MS),
  }));
  return described.sort((a, b) => a.daysLeft - b.daysLeft || (a.secret < b.secret ? -1 : 1));
}

function stateOf(notBeforeMs: number, notAfterMs: number, nowMs: number): CertificateStatus['state'] {
  if (nowMs >= notAfterMs) return 'Expired';
  if (nowMs < notBeforeMs) return 'NotYetValid';
  return notAfterMs - nowMs < SOON_DAYS * DAY_MS ? 'ExpiresSoon' : 'Valid';
}
