/** What is offered to callers that ask for a name that no certificate of the table covers. */

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
const HOST = `${PRODUCT}.invalid`;
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;
const HOUR_MS = 60 * 60 * 1_000;

const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const DNS_NAME = 0x82;

/** A self-signed certificate (RFC 5280) over a new P-256 key, and that key, both PEM. */
export function createDefaultCertificate(nowMs: number): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
  const name = sequence(set(sequence(objectId(COMMON_NAME), utf8(HOST))));
  const alternativeNames = sequence(
    objectId(SUBJECT_ALTERNATIVE_NAME),
    octetString(sequence(tagged(DNS_NAME, Buffer.from(HOST)))),
  );
  const content = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serialNumber()),
    algorithm,
    name,
    sequence(time(nowMs - HOUR_MS), time(nowMs + YEAR_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(alternativeNames)),
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
