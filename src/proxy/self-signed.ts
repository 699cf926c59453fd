/** Self-signed certificates; one of them is offered for names that no certificate of the table covers. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

import { PRODUCT } from '../model/names.ts';
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
} from './der.ts';

/** Not a name that anybody can own (RFC 6761): no client will trust it by mistake. */
const DEFAULT_HOST = `${PRODUCT}.invalid`;
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;
const HOUR_MS = 60 * 60 * 1_000;

const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const DNS_NAME = 0x82;

export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export function createDefaultCertificate(nowMs: number): SelfSigned {
  return createSelfSigned({
    hosts: [DEFAULT_HOST],
    notBeforeMs: nowMs - HOUR_MS,
    notAfterMs: nowMs + YEAR_MS,
  });
}

/** A certificate (RFC 5280) for `hosts` over a new P-256 key. */
export function createSelfSigned(options: {
  readonly hosts: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}): SelfSigned {
  const { hosts, notBeforeMs, notAfterMs } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
  const name = sequence(set(sequence(objectId(COMMON_NAME), utf8(hosts[0] ?? ''))));
  const alternativeNames = sequence(...hosts.map((host) => tagged(DNS_NAME, Buffer.from(host))));
  const content = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serialNumber()),
    algorithm,
    name,
    sequence(time(notBeforeMs), time(notAfterMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(sequence(objectId(SUBJECT_ALTERNATIVE_NAME), octetString(alternativeNames)))),
  );
  const certificate = sequence(content, algorithm, bitString(sign('sha256', content, privateKey)));
  return { cert: pem('CERTIFICATE', certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

/** Positive and without a leading zero byte, as DER wants it. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
