/** What a change of the table costs the certificates. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Certificate } from '../../../src/model/table.ts';
import { TlsCertificates } from '../../../src/proxy/tls-certificates.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';

const certificate = (host: string): Certificate => ({
  hosts: [host],
  chain: 'none',
  digest: host,
  notBeforeMs: 0,
  notAfterMs: 2,
});

/** Certificates that count how often somebody goes through all of them. */
function counted(certificates: Readonly<Record<string, Certificate>>) {
  let walks = 0;
  const watched = new Proxy(certificates, {
    ownKeys(target) {
      walks += 1;
      return Reflect.ownKeys(target);
    },
  });
  return { certificates: watched, walks: () => walks };
}

test('goes through the certificates at the first handshake after they changed, and not at other changes', () => {
  const logger = collectingLogger();
  const certificates = new TlsCertificates({ logger, nowMs: () => 1 });
  const first = counted({ 'shop/a': certificate('a.com') });
  const table = { certificates: first.certificates, defaultCertificate: undefined };
  for (let change = 0; change < 3; change += 1) certificates.apply(table, {});
  assert.equal(first.walks(), 0);
  certificates.contextFor('other.com');
  certificates.apply(table, {});
  certificates.contextFor('other.com');
  assert.equal(first.walks(), 1);
  const second = counted({ 'shop/a': certificate('a.com'), 'shop/b': certificate('b.com') });
  certificates.apply({ certificates: second.certificates, defaultCertificate: undefined }, {});
  certificates.contextFor('b.com');
  assert.equal(second.walks(), 1);
  assert.deepEqual(
    logger.lines.map(({ message }) => message),
    ['a certificate cannot be used'],
  );
});
