/** Everything that somebody should mend, in words, with the object that causes it. */

import type { SourceFault } from '../../decode/source.ts';
import type { ConditionReason, IssuerWarning } from '../../model/conditions.ts';
import { objectKey } from '../../model/objects.ts';
import {
  FURTHER_REASONS,
  PROBLEM_REASONS,
  type FurtherReason,
  type Problem,
  type ProblemReason,
} from '../../model/problems.ts';
import type { CertificateStatus } from './certificates.ts';
import type { PolicyStatus } from './policies.ts';

export interface StatusProblem {
  readonly severity: 'error' | 'warning';
  readonly reason: ProblemReason | FurtherReason | ConditionReason<'IssuerReady'> | IssuerWarning['reason'];
  /** Such as `Ingress shop/orders`, or the file or list that cannot be read. */
  readonly object: string;
  /** Path of the field; empty for the whole object. */
  readonly field: string;
  readonly message: string;
}

export interface ProblemSources {
  readonly compiled: readonly Problem[];
  readonly sourceFaults: readonly SourceFault[];
  readonly policies: readonly PolicyStatus[];
  readonly certificates: readonly CertificateStatus[];
}

/** Errors first; otherwise what hides objects, what providers do, what objects say, what expires. */
export function listProblems(sources: ProblemSources): readonly StatusProblem[] {
  const all = [
    ...sources.sourceFaults.map(ofSource),
    ...sources.policies.flatMap(ofIssuer),
    ...sources.compiled.map(ofObject),
    ...sources.certificates.flatMap(ofCertificate),
  ];
  const errors = all.filter(({ severity }) => severity === 'error');
  return [...errors, ...all.filter(({ severity }) => severity === 'warning')];
}

function ofSource({ location, message }: SourceFault): StatusProblem {
  const reason = 'Unreadable';
  return { severity: FURTHER_REASONS[reason], reason, object: location, field: '', message };
}

function ofObject({ reason, object, field, message }: Problem): StatusProblem {
  const name = `${object.kind} ${objectKey(object)}`;
  return { severity: PROBLEM_REASONS[reason], reason, object: name, field, message };
}

function ofIssuer({ policy, issuerReady, issuerWarnings }: PolicyStatus): readonly StatusProblem[] {
  const place = { object: `OIDCPolicy ${policy}`, field: 'spec.provider' };
  const { status, reason, message } = issuerReady;
  const warnings = issuerWarnings.map((warning) => ({ ...place, ...warning, severity: 'warning' as const }));
  return status === 'False' ? [{ ...place, severity: 'error', reason, message }, ...warnings] : warnings;
}

/** What the state of a certificate means, after the hosts that it is for. */
const CERTIFICATE_STATES = {
  ExpiresSoon: ({ notAfter }) => `expires on ${dayOf(notAfter)}: see why it was not renewed`,
  Expired: ({ notAfter, kind }) => `expired on ${dayOf(notAfter)}: ${consequence(kind)}`,
  NotYetValid: ({ notBefore, kind }) => `is not valid before ${dayOf(notBefore)}: ${consequence(kind)}`,
} as const satisfies Readonly<Record<string, (certificate: CertificateStatus) => string>>;

function ofCertificate(certificate: CertificateStatus): readonly StatusProblem[] {
  const { secret, kind, names, state } = certificate;
  if (state === 'Valid') return [];
  const what = kind === 'client' ? 'client certificate' : 'certificate';
  const message = `the ${what} for ${names.join(', ')} ${CERTIFICATE_STATES[state](certificate)}`;
  const reason = `Certificate${state}` as const;
  const severity = FURTHER_REASONS[reason];
  return [{ severity, reason, object: `Secret ${secret}`, field: 'tls.crt', message }];
}

function consequence(kind: CertificateStatus['kind']): string {
  return kind === 'client' ? 'requests there fail' : 'callers refuse the connection';
}

function dayOf(instant: string): string {
  return instant.slice(0, 10);
}
