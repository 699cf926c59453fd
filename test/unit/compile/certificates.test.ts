/** Certificates of `spec.tls`: which are offered for which hosts, and which are told to be unusable. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';

import {
  compileManifests,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';
import { createKeyPair, NOT_AFTER, NOT_BEFORE, tlsSecretOf } from '../../support/key-pair.ts';

const pair = createKeyPair('cert.example.com', '*.Cert.example.com', 'not_a_host', '*');
const other = createKeyPair('other.example.com');

function compileTls(secret: unknown, tls: readonly unknown[], rules: readonly unknown[] = RULES) {
  return compileManifests([OUR_CLASS, ...serviceOf('web'), secret, ingressOf({ spec: { rules, tls } })]);
}

const RULES = [ruleOf('a.example.com', 'Prefix /'), ruleOf('*.example.com', 'Prefix /')];

function messagesOf({ problems }: ReturnType<typeof compileManifests>): readonly string[] {
  return problems.map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
}

describe('a certificate', () => {
  it('is offered for the hosts of its entry, with chain, dates and digest, and its key apart', () => {
    const tls = [{ hosts: ['B.example.com', 'a.example.com'], secretName: 'tls' }];
    const result = compileTls(tlsSecretOf('tls', pair), tls);
    const certificate = result.table.certificates['shop/tls'];
    assert.deepEqual(messagesOf(result), []);
    assert.deepEqual(certificate?.hosts, ['a.example.com', 'b.example.com']);
    assert.equal(certificate?.notBeforeMs, NOT_BEFORE);
    assert.equal(certificate?.notAfterMs, NOT_AFTER);
    assert.equal(certificate?.chain, pair.certificate);
    const digest = createHash('sha256').update(`${pair.certificate}\0${pair.privateKey}`).digest('hex');
    assert.equal(certificate?.digest, digest);
    assert.equal(result.certificateKeys['shop/tls']?.reveal(), pair.privateKey);
    assert.ok(!JSON.stringify(result).includes('PRIVATE KEY'));
  });

  it('gathers the hosts of every entry that names it', () => {
    const tls = [
      { hosts: ['b.example.com'], secretName: 'tls' },
      { hosts: ['a.example.com', 'b.example.com'], secretName: 'tls' },
    ];
    const { table } = compileTls(tlsSecretOf('tls', pair), tls);
    assert.deepEqual(table.certificates['shop/tls']?.hosts, ['a.example.com', 'b.example.com']);
  });

  it('is offered for the hosts of the rules where its entry names none', () => {
    const { table } = compileTls(tlsSecretOf('tls', pair), [{ secretName: 'tls' }]);
    assert.deepEqual(table.certificates['shop/tls']?.hosts, ['*.example.com', 'a.example.com']);
  });

  it('is offered for its own names where neither its entry nor a rule names a host', () => {
    const rules = [ruleOf(undefined, 'Prefix /')];
    const { table } = compileTls(tlsSecretOf('tls', pair), [{ secretName: 'tls' }], rules);
    assert.deepEqual(table.certificates['shop/tls']?.hosts, ['*.cert.example.com', 'cert.example.com']);
  });

  it('is not offered for other hosts where those of its entry are all invalid', () => {
    const result = compileTls(tlsSecretOf('tls', pair), [{ hosts: ['*'], secretName: 'tls' }]);
    assert.deepEqual(result.table.certificates['shop/tls']?.hosts, []);
    assert.deepEqual(
      result.problems.map(({ reason, field }) => `${reason} ${field}`),
      ['InvalidHost spec.tls[0].hosts[0]'],
    );
  });

  it('keeps the whole chain, and nothing but certificates of it', () => {
    const bundle = `subject=x\n${pair.certificate}junk\n${other.privateKey}${other.certificate}`;
    const secret = tlsSecretOf('tls', { ...pair, certificate: bundle });
    const { table } = compileTls(secret, [{ secretName: 'tls' }]);
    assert.equal(table.certificates['shop/tls']?.chain, pair.certificate + other.certificate);
  });

  it('has another digest under another key', () => {
    const tls = [{ secretName: 'tls' }];
    const first = compileTls(tlsSecretOf('tls', pair), tls).table.certificates['shop/tls'];
    const second = compileTls(tlsSecretOf('tls', createKeyPair('cert.example.com')), tls).table;
    assert.notEqual(second.certificates['shop/tls']?.digest, first?.digest);
  });
});

describe('a certificate that cannot be used', () => {
  const cases: readonly { name: string; given: typeof pair; want: string }[] = [
    {
      name: 'with the key of another certificate',
      given: { ...pair, privateKey: other.privateKey },
      want: 'tls.key must be the private key of the first certificate of tls.crt',
    },
    {
      name: 'with a chain in the wrong order',
      given: { ...pair, certificate: other.certificate + pair.certificate },
      want: 'tls.key must be the private key of the first certificate of tls.crt',
    },
    {
      name: 'without a readable key',
      given: { ...pair, privateKey: 'secret-looking-text' },
      want: 'tls.key must be an unencrypted PEM private key',
    },
    {
      name: 'without a certificate',
      given: { ...pair, certificate: pair.privateKey },
      want: 'tls.crt must hold at least one PEM certificate',
    },
    {
      name: 'with a broken certificate in its chain',
      given: {
        ...pair,
        certificate: `${pair.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      },
      want: 'tls.crt must hold valid certificates: number 2 cannot be parsed',
    },
  ];
  for (const { name, given, want } of cases) {
    it(`${name} is told, and the route is served without it`, () => {
      const result = compileTls(tlsSecretOf('tls', given), [{ secretName: 'tls' }]);
      assert.deepEqual(messagesOf(result), [
        `TlsSecretInvalid spec.tls[0].secretName: Secret shop/tls ${want}`,
      ]);
      assert.deepEqual(result.table.certificates, {});
      assert.equal(result.table.hosts['a.example.com']?.routes[0]?.action.kind, 'forward');
    });
  }

  it('because an entry is missing is told by the name of the entry', () => {
    const secret = { ...tlsSecretOf('tls', pair), stringData: { 'tls.crt': pair.certificate } };
    assert.deepEqual(messagesOf(compileTls(secret, [{ secretName: 'tls' }])), [
      'TlsSecretInvalid spec.tls[0].secretName: Secret shop/tls must have the entry tls.key',
    ]);
  });
});

describe('files of a provider', () => {
  const provider = {
    issuer: 'https://acme.eu.auth0.com/',
    ca: { configMapRef: { name: 'roots', key: 'ca.crt' } },
    clientCertificate: { secretRef: { name: 'mtls' } },
  };
  const roots = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'roots', namespace: 'shop' },
    data: { 'ca.crt': `# ours\n${other.certificate}` },
  };
  const result = compileManifests([
    OUR_CLASS,
    ...serviceOf('web'),
    roots,
    tlsSecretOf('mtls', pair),
    policyOf({ provider }),
    ingressOf({
      annotations: { 'oidc-ingress.io/policy': 'api' },
      spec: { rules: [ruleOf('a.example.com', 'Prefix /')] },
    }),
  ]);

  it('become part of the plan, but for the private key', () => {
    const settings = result.table.plans['shop/api']?.provider;
    assert.equal(settings?.ca, other.certificate);
    assert.equal(settings?.clientCertificate?.secret, 'shop/mtls');
    assert.equal(settings?.clientCertificate?.chain, pair.certificate);
    assert.ok(!JSON.stringify(result).includes('PRIVATE KEY'));
    assert.equal(result.providerKeys['shop/mtls']?.reveal(), pair.privateKey);
  });

  it('are in the plan that the verdict on the policy holds, too', () => {
    assert.deepEqual(result.policies['shop/api']?.plan, result.table.plans['shop/api']);
  });
});

describe('the default certificate', () => {
  const compileDefault = (...objects: readonly unknown[]) =>
    compileManifests([OUR_CLASS, ...serviceOf('web'), ...objects], { defaultTlsSecret: 'shop/tls' });

  it('is the one of the flag, offered for no host by itself', () => {
    const { table, certificateKeys, problems } = compileDefault(tlsSecretOf('tls', pair));
    assert.deepEqual(problems, []);
    assert.equal(table.defaultCertificate, 'shop/tls');
    assert.deepEqual(table.certificates['shop/tls']?.hosts, []);
    assert.equal(certificateKeys['shop/tls']?.reveal(), pair.privateKey);
  });

  it('may be that of an Ingress, too', () => {
    const spec = { rules: RULES, tls: [{ hosts: ['a.example.com'], secretName: 'tls' }] };
    const { table } = compileDefault(tlsSecretOf('tls', pair), ingressOf({ spec }));
    assert.equal(table.defaultCertificate, 'shop/tls');
    assert.deepEqual(table.certificates['shop/tls']?.hosts, ['a.example.com']);
  });

  it('is told on its Secret where it cannot be used', () => {
    const told = (result: ReturnType<typeof compileManifests>) =>
      result.problems.map(
        ({ object, reason }) => `${object.kind} ${object.namespace}/${object.name} ${reason}`,
      );
    const missing = compileDefault();
    assert.deepEqual(told(missing), ['Secret shop/tls TlsSecretNotFound']);
    assert.equal(missing.table.defaultCertificate, undefined);
    const broken = compileDefault(tlsSecretOf('tls', { certificate: 'x', privateKey: 'y' }));
    assert.deepEqual(told(broken), ['Secret shop/tls TlsSecretInvalid']);
    assert.equal(broken.table.defaultCertificate, undefined);
  });
});
