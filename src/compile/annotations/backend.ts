/** Annotations that say how backends are spoken to. */

import { isHostName } from '../hosts.ts';
import { invalid, valid, type Reading } from './reading.ts';

/** The object whose entry `ca.crt` holds certificate authorities, in the namespace of the Ingress. */
export interface CaReference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
}

const CA_REFERENCE = /^(secret|configmap)\/([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)$/;

export function readCaReference(text: string): Reading<CaReference> {
  const match = CA_REFERENCE.exec(text);
  if (match === null) return invalid('must be secret/NAME or configmap/NAME');
  return valid({ kind: match[1] === 'secret' ? 'Secret' : 'ConfigMap', name: match[2] ?? '' });
}

export function readServerName(text: string): Reading<string> {
  const name = text.toLowerCase();
  return isHostName(name) && !name.startsWith('*')
    ? valid(name)
    : invalid('must be a DNS name without wildcard');
}
