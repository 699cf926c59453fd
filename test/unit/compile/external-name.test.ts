/** Names that Services of type ExternalName may give. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { judgeExternalName } from '../../../src/compile/external-name.ts';
import { backendOf, compileManifests, ingressOf, OUR_CLASS } from '../../support/snapshot.ts';

const USABLE: readonly (readonly [given: string, want: string])[] = [
  ['api.example.com', 'api.example.com'],
  ['API.Example.Com.', 'api.example.com'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['localhost.example.com', 'localhost.example.com'],
  ['1.example.com', '1.example.com'],
];

const REFUSED: readonly (readonly [given: string, expectation: string])[] = [
  ['localhost', 'not be a loopback name'],
  ['app.LOCALHOST.', 'not be a loopback name'],
  ['127.0.0.1', 'be a DNS name'],
  ['169.254.169.254', 'be a DNS name'],
  ['127.1', 'not be an address'],
  ['2130706433', 'not be an address'],
  ['0x7f000001', 'not be an address'],
  ['a.0x1', 'not be an address'],
  ['[::1]', 'be a DNS name'],
  ['::1', 'be a DNS name'],
  ['', 'be a DNS name'],
  ['*.example.com', 'be a DNS name'],
  ['a b.com', 'be a DNS name'],
  ['kubernetes', 'be a full DNS name, with a dot'],
  ['secrets.vault.svc.cluster.local', 'not be a name of the cluster or of the local network'],
  ['printer.local', 'not be a name of the cluster or of the local network'],
  ['localhost.localdomain', 'not be a name of the cluster or of the local network'],
  ['metadata.google.internal', 'not be a metadata service'],
];

describe('an external name', () => {
  for (const [given, want] of USABLE) {
    it(`${given} is called as ${want}`, () => {
      assert.deepEqual(judgeExternalName(given, false), { kind: 'usable', name: want });
    });
  }
  for (const [given, expectation] of REFUSED) {
    it(`${JSON.stringify(given)} must ${expectation}`, () => {
      const message = `externalName ${JSON.stringify(given)} must ${expectation}`;
      assert.deepEqual(judgeExternalName(given, false), { kind: 'refused', message });
    });
  }
  it('may be localhost where endpoints may be loopback', () => {
    assert.deepEqual(judgeExternalName('localhost', true), { kind: 'usable', name: 'localhost' });
  });
});

describe('a Service of type ExternalName', () => {
  const compileExternal = (spec: object, port: number | string, allowExternalNames = true) => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'out', namespace: 'shop' },
      spec: { type: 'ExternalName', ...spec },
    };
    const ingress = ingressOf({ spec: { defaultBackend: backendOf('out', port) } });
    const { table, problems } = compileManifests([OUR_CLASS, service, ingress], { allowExternalNames });
    return { backends: Object.values(table.backends), problems: problems.map(({ message }) => message) };
  };

  it('is an endpoint by name, at the port that the Ingress names', () => {
    const { backends, problems } = compileExternal({ externalName: 'api.example.com' }, 443);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      backends.map(({ endpoints }) => endpoints),
      [[{ address: 'api.example.com', port: 443 }]],
    );
  });

  it('is spoken to as its port says', () => {
    const ports = [{ name: 'https', port: 8443, appProtocol: 'https' }];
    const { backends } = compileExternal({ externalName: 'api.example.com', ports }, 'https');
    assert.deepEqual(
      backends.map(({ protocol, endpoints }) => ({ protocol, port: endpoints[0]?.port })),
      [{ protocol: 'HTTPS', port: 8443 }],
    );
  });

  it('must have the port where it lists some', () => {
    const spec = { externalName: 'api.example.com', ports: [{ port: 80 }] };
    assert.deepEqual(compileExternal(spec, 443).problems, ['Service shop/out has no port 443, only 80']);
  });

  it('is refused without the flag', () => {
    const { backends, problems } = compileExternal({ externalName: 'api.example.com' }, 443, false);
    assert.deepEqual(backends, []);
    assert.deepEqual(problems, [
      'Service shop/out must not be of type ExternalName: only --allow-external-name permits it',
    ]);
  });

  it('is refused where its name is', () => {
    assert.deepEqual(compileExternal({ externalName: 'localhost' }, 80).problems, [
      'Service shop/out cannot be called: externalName "localhost" must not be a loopback name',
    ]);
    assert.equal(compileExternal({}, 80).backends.length, 0);
  });
});
