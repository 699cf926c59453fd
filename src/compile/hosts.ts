/** Hosts as Ingress rules and `spec.tls` declare them. */

import { propertyKey } from './property-key.ts';
import { quote } from './quote.ts';

export type DeclaredHost =
  /** Lower-case; `*.` leads a wildcard; empty means any host. */
  | { readonly kind: 'valid'; readonly host: string }
  /** `meant`: what requests for it would ask for, where that can be told. */
  | { readonly kind: 'invalid'; readonly message: string; readonly meant: string | undefined };

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const MAX_LENGTH = 253;

export function parseHost(text: string | undefined): DeclaredHost {
  if (text === undefined || text === '') return { kind: 'valid', host: '' };
  const host = text.toLowerCase();
  if (isHostName(host)) return { kind: 'valid', host: propertyKey(host) };
  const bare = host.replace(/:\d+$/, '').replace(/\.$/, '');
  const meant = isHostName(bare) ? bare : undefined;
  return { kind: 'invalid', message: `${quote(text)} ${expectation(host, bare)}`, meant };
}

/** What requests for a declared host would ask for, where that can be told. */
export function wantedHost(declared: DeclaredHost): string | undefined {
  return declared.kind === 'valid' ? declared.host : declared.meant;
}

export function isHostName(text: string): boolean {
  return text.length <= MAX_LENGTH && HOST.test(text) && !IPV4.test(text);
}

function expectation(host: string, bare: string): string {
  if (host === '*') return 'must not be a bare wildcard: leave the host out to mean any host';
  if (host.includes('*')) return 'must have its wildcard as the whole first label, as in "*.example.com"';
  if (IPV4.test(bare) || host.startsWith('[')) return 'must be a DNS name, not an IP address';
  if (bare !== host) return 'must have neither port nor trailing dot';
  return 'must be a DNS name, or one with "*." in front';
}
