/** Certificates and private keys as Secrets and ConfigMaps hold them. */

import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

import type { SecretObject } from '../model/objects.ts';
import type { Redacted } from '../model/redacted.ts';
import { isHostName } from './hosts.ts';
import { memoizeByObject } from './memoize.ts';
import { quote } from './quote.ts';

/** The type of Secrets that hold a certificate and its private key. */
export const TLS_SECRET_TYPE = 'kubernetes.io/tls';

export interface KeyPair {
  readonly kind: 'valid';
  /** PEM, leaf first, nothing but certificates. */
  readonly chain: string;
  readonly privateKey: Redacted<string>;
  /** Hex SHA-256 over chain and private key. */
  readonly digest: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DNS names of the leaf, lower-case; none that could not be declared as a host. */
  readonly hosts: readonly string[];
}

/** Lowercase, names the entry; never a word of what the entry holds. */
export interface PemFault {
  readonly kind: 'invalid';
  readonly message: string;
}

interface Certificates {
  readonly kind: 'valid';
  readonly text: string;
  readonly parsed: readonly X509Certificate[];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads a `kubernetes.io/tls` Secret: the private key must be that of the first certificate. */
export const readKeyPair = memoizeByObject((secret: SecretObject): KeyPair | PemFault => {
  if (secret.type !== TLS_SECRET_TYPE) {
    return invalid(`type must be ${TLS_SECRET_TYPE}, found ${quote(secret.type)}`);
  }
  const chainText = secret.data['tls.crt'];
  const privateKey = secret.data['tls.key'];
  if (chainText === undefined) return invalid('must have the entry tls.crt');
  if (privateKey === undefined) return invalid('must have the entry tls.key');
  const chain = readCertificates(chainText.reveal());
  if (chain.kind === 'invalid') return invalid(`tls.crt ${chain.message}`);
  const key = parsePrivateKey(privateKey);
  if (key === undefined) return invalid('tls.key must be an unencrypted PEM private key');
  const [leaf] = chain.parsed;
  if (leaf === undefined || !leaf.checkPrivateKey(key)) {
    return invalid('tls.key must be the private key of the first certificate of tls.crt');
  }
  return {
    kind: 'valid',
    chain: chain.text,
    privateKey,
    digest: createHash('sha256').update(chain.text).update('\0').update(privateKey.reveal()).digest('hex'),
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    hosts: dnsNames(leaf),
  };
});

/** Reads a bundle of at least one certificate, whatever stands between them. */
export function readCertificates(text: string): Certificates | PemFault {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return invalid('must hold at least one PEM certificate');
  const parsed: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      parsed.push(new X509Certificate(block));
    } catch {
      return invalid(`must hold valid certificates: number ${index + 1} cannot be parsed`);
    }
  }
  return { kind: 'valid', text: `${blocks.join('\n')}\n`, parsed };
}

function parsePrivateKey(privateKey: Redacted<string>): KeyObject | undefined {
  try {
    return createPrivateKey(privateKey.reveal());
  } catch {
    return undefined;
  }
}

/** Names with commas or quotes come escaped; no host has such a name, so they need no unescaping. */
function dnsNames({ subjectAltName = '' }: X509Certificate): readonly string[] {
  const names = [...subjectAltName.matchAll(/(?:^|, )DNS:([^",\s]+)(?=,|$)/g)];
  return names.map(([, name = '']) => name.toLowerCase()).filter(isHostName);
}

function invalid(message: string): PemFault {
  return { kind: 'invalid', message };
}
