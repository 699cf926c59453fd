/** Annotations that say how backends are spoken to. */

import { isHostName } from '../hosts.ts';
import { invalid, valid, type Reading } from './reading.ts';

/** The object whose entry `ca.crt` holds certificate authorities, in the namespace of the Ingress. */
export interface CaReference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
}

const OBJECT_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const KINDS: ReadonlyMap<string, CaReference['kind']> = new Map([
  ['secret', 'Secret'],
  ['configmap', 'ConfigMap'],
]);

export function readCaReference(text: string): Reading<CaReference> {
  const slash = text.indexOf('/');
  const kind = KINDS.get(text.slice(0, slash));
  const name = text.slice(slash + 1);
  return kind !== undefined && OBJECT_NAME.test(name)
    ? valid({ kind, name })
    : invalid('must be secret/NAME or configmap/NAME');
}

/** The name of a Secret in the namespace of the Ingress. */
export function readSecretName(text: string): Reading<string> {
  return OBJECT_NAME.test(text) ? valid(text) : invalid('must be the name of a Secret of the same namespace');
}

export function readServerName(text: string): Reading<string> {
  const name = text.toLowerCase();
  return isHostName(name) && !name.startsWith('*')
    ? valid(name)
    : invalid('must be a DNS name without wildcard');
}
