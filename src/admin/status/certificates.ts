/** TLS certificates as the status page tells them: until when each can be used. */

import { shownToBackends } from '../../compile/client-certificates.ts';
import type { Certificate, RoutingTable } from '../../model/table.ts';

const DAY_MS = 86_400_000;
/** Renewal is due a month ahead as a rule; what is left two weeks before the end was not renewed. */
const SOON_DAYS = 14;

export interface CertificateStatus {
  /** `namespace/name` of the Secret. */
  readonly secret: string;
  /** Shown to callers by the gateway as a server, or to Services as a client. */
  readonly kind: 'server' | 'client';
  /** The hosts that callers ask for, or the Services as `namespace/name`. */
  readonly names: readonly string[];
  readonly state: 'Valid' | 'ExpiresSoon' | 'Expired' | 'NotYetValid';
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days, rounded down; negative once it has expired. */
  readonly daysLeft: number;
}

type Validity = Pick<Certificate, 'notBeforeMs' | 'notAfterMs'>;
type Subject = Pick<CertificateStatus, 'secret' | 'kind' | 'names'>;

export function describeCertificates(
  table: Pick<RoutingTable, 'certificates' | 'backends'>,
  nowMs: number,
): readonly CertificateStatus[] {
  const forCallers = Object.entries(table.certificates).map(([secret, certificate]) =>
    describe({ secret, kind: 'server', names: certificate.hosts }, certificate, nowMs),
  );
  const forServices = [...shownToBackends(table)].map(([secret, { certificate, services }]) =>
    describe({ secret, kind: 'client', names: [...services] }, certificate, nowMs),
  );
  const described = [...forCallers, ...forServices];
  return described.sort((a, b) => a.daysLeft - b.daysLeft || (a.secret < b.secret ? -1 : 1));
}

function describe(subject: Subject, { notBeforeMs, notAfterMs }: Validity, nowMs: number): CertificateStatus {
  return {
    ...subject,
    state: stateOf(notBeforeMs, notAfterMs, nowMs),
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    daysLeft: Math.floor((notAfterMs - nowMs) / DAY_MS),
  };
}

function stateOf(notBeforeMs: number, notAfterMs: number, nowMs: number): CertificateStatus['state'] {
  if (nowMs >= notAfterMs) return 'Expired';
  if (nowMs < notBeforeMs) return 'NotYetValid';
  return notAfterMs - nowMs < SOON_DAYS * DAY_MS ? 'ExpiresSoon' : 'Valid';
}
