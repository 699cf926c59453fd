/** Everything that somebody should mend, in words, with the object that causes it. */

import type { SourceFault } from '../../decode/source.ts';
import { objectKey } from '../../model/objects.ts';
import { PROBLEM_REASONS, type Problem } from '../../model/problems.ts';
import type { CertificateStatus } from './certificates.ts';
import type { PolicyStatus } from './policies.ts';

export interface StatusProblem {
  readonly severity: 'error' | 'warning';
  readonly reason: string;
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
  return { severity: 'error', reason: 'Unreadable', object: location, field: '', message };
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
const CERTIFICATE_PROBLEMS = {
  ExpiresSoon: {
    severity: 'warning',
    say: ({ notAfter }: CertificateStatus) => `expires on ${dayOf(notAfter)}: see why it was not renewed`,
  },
  Expired: {
    severity: 'error',
    say: ({ notAfter, kind }: CertificateStatus) => `expired on ${dayOf(notAfter)}: ${consequence(kind)}`,
  },
  NotYetValid: {
    severity: 'error',
    say: ({ notBefore, kind }: CertificateStatus) =>
      `is not valid before ${dayOf(notBefore)}: ${consequence(kind)}`,
  },
} as const;

function ofCertificate(certificate: CertificateStatus): readonly StatusProblem[] {
  const { secret, kind, names, state } = certificate;
  if (state === 'Valid') return [];
  const { severity, say } = CERTIFICATE_PROBLEMS[state];
  const what = kind === 'client' ? 'client certificate' : 'certificate';
  const message = `the ${what} for ${names.join(', ')} ${say(certificate)}`;
  return [{ severity, reason: `Certificate${state}`, object: `Secret ${secret}`, field: 'tls.crt', message }];
}

function consequence(kind: CertificateStatus['kind']): string {
  return kind === 'client' ? 'requests there fail' : 'callers refuse the connection';
}

function dayOf(instant: string): string {
  return instant.slice(0, 10);
}
