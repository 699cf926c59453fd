/** Names that Services of type ExternalName may give: whoever writes Services must not make the gateway call itself. */

import { isHostName } from './hosts.ts';
import { quote } from './quote.ts';

export type JudgedName =
  /** Lower-case, without trailing dot. */
  { readonly kind: 'usable'; readonly name: string } | { readonly kind: 'refused'; readonly message: string };

const LOOPBACK = /(?:^|\.)localhost$/;
/** Also `cluster.local`: a Service of another namespace is none of this one's backends. */
const LOCAL = /(?:^|\.)local(?:domain)?$/;
const METADATA: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data.ec2.internal',
]);
/** Resolvers take `127.1`, `0x7f000001` and `2130706433` for addresses (URL standard, "ends in a number"). */
const NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

/** What the name resolves to is checked where it is resolved. */
export function judgeExternalName(text: string, allowLoopback: boolean): JudgedName {
  const name = text.toLowerCase().replace(/\.$/, '');
  const refused = (expectation: string): JudgedName => ({
    kind: 'refused',
    message: `externalName ${quote(text)} must ${expectation}`,
  });
  if (LOOPBACK.test(name))
    return allowLoopback ? { kind: 'usable', name } : refused('not be a loopback name');
  if (!isHostName(name) || name.startsWith('*')) return refused('be a DNS name');
  if (NUMBER.test(name)) return refused('not be an address');
  // Search domains would make a neighbour of it, or the API server.
  if (!name.includes('.')) return refused('be a full DNS name, with a dot');
  if (LOCAL.test(name)) return refused('not be a name of the cluster or of the local network');
  return METADATA.has(name) ? refused('not be a metadata service') : { kind: 'usable', name };
}
