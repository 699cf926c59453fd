/** Certificates and keys made on the spot. */

import { createSelfSigned } from '../../src/proxy/self-signed.ts';

export const NOT_BEFORE = Date.UTC(2026, 0, 1);
export const NOT_AFTER = Date.UTC(2126, 0, 1);

export interface TestKeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** Self-signed, for a new P-256 key. */
export function createKeyPair(...dnsNames: readonly string[]): TestKeyPair {
  const { cert, key } = createSelfSigned({ hosts: dnsNames, notBeforeMs: NOT_BEFORE, notAfterMs: NOT_AFTER });
  return { certificate: cert, privateKey: key };
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
