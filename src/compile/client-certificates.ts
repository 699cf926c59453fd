/** Certificates that the gateway shows to services and providers which ask for one. */

import { createSecureContext } from 'node:tls';

import {
  objectKey,
  type Decoded,
  type ObjectKey,
  type SecretObject,
  type Snapshot,
} from '../model/objects.ts';
import type { Redacted } from '../model/redacted.ts';
import type { ClientCertificate, RoutingTable } from '../model/table.ts';
import { memoizeByObject } from './memoize.ts';
import { sortedRecord } from './order.ts';
import { readKeyPair, TLS_SECRET_TYPE, type KeyPair, type PemFault } from './pem.ts';
import type { Cause } from './problem-list.ts';
import { madeOf, replacedSince } from './section.ts';

export type ReadClientCertificate =
  | {
      readonly kind: 'valid';
      readonly certificate: ClientCertificate;
      readonly privateKey: Redacted<string>;
    }
  | { readonly kind: 'unusable'; readonly cause: Cause };

/** The same object for as long as the Secret is the same. */
export function readClientCertificate(key: ObjectKey, secrets: Snapshot['secrets']): ReadClientCertificate {
  const secret = secrets.get(key);
  if (secret !== undefined) return read(secret);
  // One of another type need not be visible, whatever it holds.
  const message = `Secret ${key} of type ${TLS_SECRET_TYPE} does not exist`;
  return { kind: 'unusable', cause: { reason: 'SecretNotFound', message } };
}

/** What backends of a table are shown, by Secret, and which Services those are. */
export function shownToBackends({ backends }: Pick<RoutingTable, 'backends'>): ReadonlyMap<ObjectKey, Shown> {
  return shownTo(backends);
}

interface Shown {
  readonly certificate: ClientCertificate;
  readonly services: ReadonlySet<string>;
}

type Backends = RoutingTable['backends'];

const NOTHING: ReadonlyMap<ObjectKey, Shown> = new Map();

const shownTo = memoizeByObject((backends: Backends): ReadonlyMap<ObjectKey, Shown> => {
  const before = madeOf(backends);
  const replaced = before && shownTo(before).size === 0 ? replacedSince(before, backends) : undefined;
  if (replaced?.every((key) => backends[key]?.tls?.clientCertificate === undefined)) return NOTHING;
  const shown = new Map<ObjectKey, Shown & { readonly services: Set<string> }>();
  for (const { service, tls } of Object.values(backends)) {
    const certificate = tls?.clientCertificate;
    if (certificate === undefined) continue;
    const known = shown.get(certificate.secret) ?? { certificate, services: new Set() };
    known.services.add(service);
    shown.set(certificate.secret, known);
  }
  return shown;
});

/** PEM private keys of what backends of a table are shown, by Secret. */
export function backendKeysOf(
  table: Pick<RoutingTable, 'backends'>,
  secrets: Snapshot['secrets'],
): Readonly<Record<ObjectKey, Redacted<string>>> {
  return sortedRecord(
    [...shownToBackends(table).keys()].flatMap((key) => {
      const found = readClientCertificate(key, secrets);
      return found.kind === 'valid' ? [[key, found.privateKey] as const] : [];
    }),
  );
}

const read = memoizeByObject((secret: Decoded<SecretObject>): ReadClientCertificate => {
  const key = objectKey(secret.meta);
  const pair = secret.kind === 'valid' ? usablePair(readKeyPair(secret.value)) : UNREADABLE;
  if (pair.kind === 'invalid') {
    const message = `Secret ${key} ${pair.message}`;
    return { kind: 'unusable', cause: { reason: 'SecretInvalid', message } };
  }
  const { chain, digest, notBeforeMs, notAfterMs, privateKey } = pair;
  const certificate = { secret: key, chain, digest, notBeforeMs, notAfterMs };
  return { kind: 'valid', certificate, privateKey };
});

const UNREADABLE = { kind: 'invalid', message: 'cannot be read' } as const;

/** Parsed is not yet accepted: OpenSSL refuses short keys and weak signatures, and nothing must be sent then. */
function usablePair(pair: KeyPair | PemFault): KeyPair | PemFault {
  if (pair.kind === 'invalid') return pair;
  try {
    createSecureContext({ cert: pair.chain, key: pair.privateKey.reveal() });
    return pair;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { kind: 'invalid', message: `cannot be used for TLS: ${code}` };
  }
}
