/** Which certificate is shown to the backends of an Ingress, and that its key stays out of the table. */

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, it } from 'node:test';

import { diffTables } from '../../../src/compile/delta.ts';
import type { Backend, ClientCertificate } from '../../../src/model/table.ts';
import { bitString, integer, objectId, sequence, time } from '../../../src/proxy/der.ts';
import {
  createKeyPair,
  NOT_AFTER,
  NOT_BEFORE,
  tlsSecretOf,
  type TestKeyPair,
} from '../../support/key-pair.ts';
import {
  backendOf,
  compileManifests,
  ingressOf,
  OUR_CLASS,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';

const BLUE = createKeyPair('blue.client');
const GREEN = createKeyPair('green.client');
const SECRETS = [tlsSecretOf('blue', BLUE), tlsSecretOf('green', GREEN)];
const CLIENT_CERTIFICATE = 'oidc-ingress.io/backend-tls-client-certificate';
const HTTPS = { 'oidc-ingress.io/backend-protocol': 'HTTPS' };

function showing(
  secret: string,
  { name = secret, host = `${name}.example.com`, ...more }: Record<string, string> = {},
) {
  const annotations = { ...HTTPS, [CLIENT_CERTIFICATE]: secret, ...more };
  return ingressOf({ name, annotations, spec: { rules: [ruleOf(host, 'Prefix /')] } });
}

function compileWith(...objects: readonly unknown[]) {
  return compileManifests([OUR_CLASS, ...serviceOf('web'), ...objects]);
}

/** Of each backend, the Secret whose certificate it is shown. */
function shownIn(backends: Readonly<Record<string, Backend>>): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(backends).map(([key, { tls }]) => [key, tls?.clientCertificate?.secret]),
  );
}

function digestOf({ certificate, privateKey }: TestKeyPair): string {
  return createHash('sha256').update(`${certificate}\0${privateKey}`).digest('hex');
}

describe('the client certificate of an Ingress', () => {
  it('is in its backends with chain, dates and digest, and its key apart', () => {
    const result = compileWith(...SECRETS, showing('blue'));
    assert.deepEqual(result.problems, []);
    const want: ClientCertificate = {
      secret: 'shop/blue',
      chain: BLUE.certificate,
      digest: digestOf(BLUE),
      notBeforeMs: NOT_BEFORE,
      notAfterMs: NOT_AFTER,
    };
    const { tls, protocol } = result.table.backends['shop/web:80 @shop/blue'] ?? {};
    assert.equal(protocol, 'HTTPS');
    assert.deepEqual(tls, { ca: undefined, serverName: undefined, clientCertificate: want });
    assert.deepEqual(Object.keys(result.backendKeys), ['shop/blue']);
    assert.equal(result.backendKeys['shop/blue']?.reveal(), BLUE.privateKey);
    assert.deepEqual(result.certificateKeys, {});
    assert.ok(!JSON.stringify(result).includes('PRIVATE KEY'));
  });

  it('is its own where two share a Service', () => {
    const { table } = compileWith(
      ...SECRETS,
      showing('blue'),
      showing('green'),
      ingressOf({ name: 'plain', spec: { rules: [ruleOf('plain.example.com', 'Prefix /')] } }),
    );
    assert.deepEqual(shownIn(table.backends), {
      'shop/web:80': undefined,
      'shop/web:80 @shop/blue': 'shop/blue',
      'shop/web:80 @shop/green': 'shop/green',
    });
  });

  it('holds for its default backend, and for a canary it is that of the canary', () => {
    const canary = { name: 'canary', host: 'blue.example.com', 'oidc-ingress.io/canary': 'weight=10' };
    const annotations = { ...HTTPS, [CLIENT_CERTIFICATE]: 'green' };
    const { table, problems } = compileWith(
      ...SECRETS,
      showing('blue'),
      showing('green', canary),
      ingressOf({ name: 'default', annotations, spec: { defaultBackend: backendOf('web', 80) } }),
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(shownIn(table.backends), {
      'shop/web:80 @shop/blue': 'shop/blue',
      'shop/web:80 @shop/canary': 'shop/green',
      'shop/web:80 @shop/default': 'shop/green',
    });
  });

  it('may come from the Secret that holds the authorities and the certificate for callers, too', () => {
    const own = tlsSecretOf('blue', BLUE);
    const secret = { ...own, stringData: { ...own.stringData, 'ca.crt': GREEN.certificate } };
    const { spec } = showing('blue');
    const annotations = {
      ...HTTPS,
      [CLIENT_CERTIFICATE]: 'blue',
      'oidc-ingress.io/backend-tls-ca': 'secret/blue',
    };
    const tls = [{ hosts: ['blue.example.com'], secretName: 'blue' }];
    const result = compileWith(secret, ingressOf({ name: 'blue', annotations, spec: { ...spec, tls } }));
    assert.deepEqual(result.problems, []);
    const backend = result.table.backends['shop/web:80 @shop/blue'];
    assert.equal(backend?.tls?.ca, GREEN.certificate);
    assert.equal(backend?.tls?.clientCertificate?.chain, BLUE.certificate);
    assert.equal(result.table.certificates['shop/blue']?.chain, BLUE.certificate);
  });

  it('changes its own backends where it is renewed, its key alone too, and none where it stays', () => {
    const ingresses = [showing('blue'), showing('green')];
    const before = compileWith(...SECRETS, ...ingresses);
    const changedBy = (secret: object): readonly string[] => {
      const { table } = compileWith(secret, tlsSecretOf('green', GREEN), ...ingresses);
      return Object.keys(diffTables(before.table, table).backends.set);
    };
    const rewritten = { ...BLUE, privateKey: `${BLUE.privateKey}\n` };
    assert.deepEqual(changedBy(tlsSecretOf('blue', createKeyPair('blue.client'))), [
      'shop/web:80 @shop/blue',
    ]);
    assert.deepEqual(changedBy(tlsSecretOf('blue', rewritten)), ['shop/web:80 @shop/blue']);
    assert.deepEqual(changedBy(tlsSecretOf('blue', BLUE)), []);
  });

  it('has no effect on a Service that is not spoken to by HTTPS, which refuses', () => {
    const annotations = { [CLIENT_CERTIFICATE]: 'blue' };
    const rules = [ruleOf('blue.example.com', 'Prefix /')];
    const { table, problems } = compileWith(...SECRETS, ingressOf({ annotations, spec: { rules } }));
    assert.deepEqual(
      problems.map(({ reason, message }) => `${reason}: ${message}`),
      [`InvalidAnnotation: ${CLIENT_CERTIFICATE} has no effect: shop/web:80 is spoken to by HTTP, not HTTPS`],
    );
    assert.equal(table.hosts['blue.example.com']?.routes[0]?.action.kind, 'refuse');
  });
});

const SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];

/** RSA of 1,024 bits, without a name: whole, and of no use. */
function createShortKeyPair(): TestKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const algorithm = sequence(objectId(SHA256_WITH_RSA), Buffer.of(0x05, 0));
  const content = sequence(
    integer(Buffer.of(1)),
    algorithm,
    sequence(),
    sequence(time(NOT_BEFORE), time(NOT_AFTER)),
    sequence(),
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const der = sequence(content, algorithm, bitString(sign('sha256', content, privateKey)));
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

describe('a client certificate that cannot be shown', () => {
  const cases: readonly { readonly name: string; readonly given: TestKeyPair; readonly want: string }[] = [
    {
      name: 'with the key of another',
      given: { ...BLUE, privateKey: GREEN.privateKey },
      want: 'tls.key must be the private key of the first certificate of tls.crt',
    },
    {
      name: 'whose key is too short for TLS',
      given: createShortKeyPair(),
      want: 'cannot be used for TLS: ERR_SSL_EE_KEY_TOO_SMALL',
    },
    {
      name: 'without a readable key',
      given: { ...BLUE, privateKey: 'secret-looking-text' },
      want: 'tls.key must be an unencrypted PEM private key',
    },
  ];
  for (const { name, given, want } of cases) {
    it(`${name} refuses every route of its Ingress`, () => {
      const secret = tlsSecretOf('blue', given);
      const { table, problems, backendKeys } = compileWith(secret, showing('blue'));
      assert.deepEqual(
        problems.map(({ reason, field, message }) => `${reason} ${field}: ${message}`),
        [`SecretInvalid metadata.annotations.${CLIENT_CERTIFICATE}: Secret shop/blue ${want}`],
      );
      const action = table.hosts['blue.example.com']?.routes[0]?.action;
      assert.deepEqual(action, {
        kind: 'refuse',
        reason: 'PolicyUnavailable',
        cause: `SecretInvalid: ${CLIENT_CERTIFICATE}: Secret shop/blue ${want}`,
        policy: undefined,
      });
      assert.deepEqual([table.backends, backendKeys], [{}, {}]);
    });
  }
});
