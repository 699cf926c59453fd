/** Annotations that mean nothing, or something dangerous, beside or without others. */

import { annotation, type AnnotationName } from '../../model/annotations.ts';
import type { AnnotationValues } from './values.ts';

interface CombinationFault {
  readonly name: AnnotationName;
  readonly message: string;
}

const CORS_DETAILS = [
  'cors-allow-methods',
  'cors-allow-headers',
  'cors-expose-headers',
  'cors-allow-credentials',
  'cors-max-age',
] as const satisfies readonly AnnotationName[];

const BACKEND_TLS = [
  'backend-tls-ca',
  'backend-tls-server-name',
  'backend-tls-client-certificate',
] as const satisfies readonly AnnotationName[];

export function combinationFaults(values: Partial<AnnotationValues>): readonly CombinationFault[] {
  const faults: CombinationFault[] = [];
  const origins = values['cors-allow-origins'];
  for (const name of CORS_DETAILS) {
    if (values[name] !== undefined && origins === undefined) {
      faults.push({ name, message: `has no effect without ${annotation('cors-allow-origins')}` });
    }
  }
  // Any site could read what its visitors are shown: the Fetch standard forbids it, too.
  if (values['cors-allow-credentials'] === true && origins?.includes('*') === true) {
    faults.push({
      name: 'cors-allow-credentials',
      message: 'must not be true while every origin is allowed',
    });
  }
  const protocol = values['backend-protocol'];
  for (const name of BACKEND_TLS) {
    if (values[name] !== undefined && protocol !== undefined && protocol !== 'HTTPS') {
      faults.push({ name, message: `has no effect with ${annotation('backend-protocol')} ${protocol}` });
    }
  }
  return faults;
}
