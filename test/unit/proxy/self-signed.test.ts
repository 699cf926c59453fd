/** Certificates that the gateway makes for itself. */

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';

import { createDefaultCertificate, createSelfSigned } from '../../../src/proxy/self-signed.ts';

const NOW_MS = Date.UTC(2026, 10, 24);

describe('a self-signed certificate', () => {
  it('is valid X.509 with its names, signed by its own key', () => {
    const hosts = ['shop.example.com', '*.example.org', 'a'.repeat(200)];
    const { cert, key } = createSelfSigned({ hosts, notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 1_000 });
    const certificate = new X509Certificate(cert);
    assert.equal(certificate.subjectAltName, hosts.map((host) => `DNS:${host}`).join(', '));
    assert.equal(certificate.validFromDate.getTime(), NOW_MS);
    assert.equal(certificate.validToDate.getTime(), NOW_MS + 1_000);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
    assert.equal(certificate.checkHost('shop.example.com'), 'shop.example.com');
  });

  it('says years after 2049 in the form that they need', () => {
    const notAfterMs = Date.UTC(2051, 0, 2);
    const { cert } = createSelfSigned({ hosts: ['a'], notBeforeMs: NOW_MS, notAfterMs });
    assert.equal(new X509Certificate(cert).validToDate.getTime(), notAfterMs);
  });

  it('by default is for a name that nobody can own, and another one each time', () => {
    const [first, second] = [createDefaultCertificate(NOW_MS), createDefaultCertificate(NOW_MS)];
    assert.equal(new X509Certificate(first.cert).subjectAltName, 'DNS:oidc-ingress.invalid');
    assert.notEqual(first.cert, second.cert);
  });
});
