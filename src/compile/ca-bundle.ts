/** Certificate authorities out of Secrets and ConfigMaps. */

import {
  objectKey,
  type ConfigMapObject,
  type Decoded,
  type SecretObject,
  type Snapshot,
} from '../model/objects.ts';
import { memoizeByObject } from './memoize.ts';
import { readCertificates } from './pem.ts';
import type { Cause } from './problem-list.ts';
import { quote } from './quote.ts';

/** An entry of an object. */
export interface BundleReference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
  readonly entry: string;
}

export type CaBundle =
  /** PEM, nothing but certificates. */
  { readonly kind: 'valid'; readonly text: string } | { readonly kind: 'unusable'; readonly cause: Cause };

type Bundle =
  | { readonly kind: 'valid'; readonly text: string }
  | { readonly kind: 'invalid'; readonly message: string };

export function readCaBundle(
  { kind, namespace, name, entry }: BundleReference,
  snapshot: Pick<Snapshot, 'secrets' | 'configMaps'>,
): CaBundle {
  const key = objectKey({ namespace, name });
  const holder: Decoded<SecretObject | ConfigMapObject> | undefined =
    kind === 'Secret' ? snapshot.secrets.get(key) : snapshot.configMaps.get(key);
  if (holder === undefined) {
    return {
      kind: 'unusable',
      cause: { reason: `${kind}NotFound`, message: `${kind} ${key} does not exist` },
    };
  }
  const bundle = holder.kind === 'valid' ? bundlesOf(holder.value)(entry) : UNREADABLE;
  if (bundle.kind === 'valid') return bundle;
  return {
    kind: 'unusable',
    cause: { reason: `${kind}Invalid`, message: `${kind} ${key} ${bundle.message}` },
  };
}

const UNREADABLE = { kind: 'invalid', message: 'cannot be read' } as const;

/** The bundle of a whole system holds 150 certificates: it is parsed once for each object and entry. */
const bundlesOf = memoizeByObject((holder: SecretObject | ConfigMapObject) => {
  const known = new Map<string, Bundle>();
  return (entry: string): Bundle => {
    const bundle = known.get(entry) ?? readBundle(holder, entry);
    known.set(entry, bundle);
    return bundle;
  };
});

function readBundle({ data }: SecretObject | ConfigMapObject, name: string): Bundle {
  const entry = Object.hasOwn(data, name) ? data[name] : undefined;
  if (entry === undefined) return { kind: 'invalid', message: `must have the entry ${quote(name)}` };
  const read = readCertificates(typeof entry === 'string' ? entry : entry.reveal());
  if (read.kind === 'valid') return { kind: 'valid', text: read.text };
  return { kind: 'invalid', message: `entry ${quote(name)} ${read.message}` };
}
