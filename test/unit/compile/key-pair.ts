/** Certificates and keys made on the spot. */

import { generateKeyPairSync, sign } from 'node:crypto';

import {
  bitString,
  explicit,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from '../../../src/proxy/der.ts';

export const NOT_BEFORE = Date.UTC(2026, 0, 1);
export const NOT_AFTER = Date.UTC(2027, 0, 1);

const COMMON_NAME = objectId([0x55, 0x04, 0x03]);
const SUBJECT_ALTERNATIVE_NAME = objectId([0x55, 0x1d, 0x11]);
const ECDSA_WITH_SHA256 = objectId([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
const DNS_NAME = 0x82;

export interface TestKeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** Self-signed, for a new P-256 key. */
export function createKeyPair(...dnsNames: readonly string[]): TestKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(COMMON_NAME, utf8('test'))));
  const names = sequence(...dnsNames.map((host) => tagged(DNS_NAME, Buffer.from(host))));
  const content = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(Buffer.of(1)),
    sequence(ECDSA_WITH_SHA256),
    name,
    sequence(time(NOT_BEFORE), time(NOT_AFTER)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(sequence(SUBJECT_ALTERNATIVE_NAME, octetString(names)))),
  );
  const signature = bitString(sign('sha256', content, privateKey));
  const lines = sequence(content, sequence(ECDSA_WITH_SHA256), signature)
    .toString('base64')
    .match(/.{1,64}/g);
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${(lines ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

export function tlsSecretOf(name: string, { certificate, privateKey }: TestKeyPair) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'shop' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate, 'tls.key': privateKey },
  };
}
