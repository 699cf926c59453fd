/** Random objects that Ingresses and policies rest on: Services, their endpoints, Secrets, ConfigMaps. */

import * as fc from 'fast-check';

import { createKeyPair } from '../../support/key-pair.ts';
import { metadata, mostly, orBroken, sometimes } from './arbitrary-text.ts';

const PAIRS = [createKeyPair('a.com'), createKeyPair('b.a.com', '*.a.com')] as const;
const [{ certificate, privateKey }, other] = PAIRS;

export const service = fc.record({
  apiVersion: fc.constant('v1'),
  metadata: metadata(),
  spec: orBroken(
    fc.record({
      type: mostly(['ClusterIP'], ['ExternalName']),
      externalName: mostly<string | undefined>(
        ['web.example.com', undefined],
        ['api.example.com', 'localhost', '127.0.0.1'],
      ),
      ports: fc.array(
        fc.record({
          name: mostly<string | undefined>(['http'], ['grpc', undefined]),
          port: mostly([80, 80, 80, 80], [81, 81, 99_999]),
          protocol: mostly([undefined, 'TCP'], ['UDP']),
          appProtocol: mostly([undefined, undefined, 'https'], ['kubernetes.io/h2c', 'redis']),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  ),
});

const address = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('127.0.0.1', '::1', 'fe80::1%eth0', 'x', '::ffff:7f00:1', '169.254.169.254'),
  },
  { weight: 1, arbitrary: fc.oneof(fc.ipV4(), fc.ipV6()) },
);

const conditions = fc.record({ ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() });

export const endpointSlice = fc.record({
  apiVersion: fc.constant('discovery.k8s.io/v1'),
  metadata: metadata({
    labels: mostly<string | undefined>(['web', 'api'], ['gone', undefined]).map((name) =>
      name === undefined ? {} : { 'kubernetes.io/service-name': name },
    ),
  }),
  addressType: mostly(['IPv4'], ['IPv6', 'FQDN']),
  ports: fc.array(
    fc.record({
      name: mostly<string | null>(['http'], ['grpc', null]),
      port: mostly<number | null>([8080], [9090, null]),
      protocol: mostly([undefined, 'TCP'], ['UDP']),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  endpoints: orBroken(
    fc.array(
      fc.record({ addresses: fc.array(address, { maxLength: 2 }), conditions: sometimes(40, conditions) }),
      { maxLength: 3 },
    ),
  ),
});

const entries = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      { 'tls.crt': certificate, 'tls.key': privateKey },
      { 'tls.crt': other.certificate, 'tls.key': other.privateKey },
      { 'tls.crt': certificate, 'tls.key': privateKey, 'ca.crt': certificate },
      { 'tls.crt': certificate, 'tls.key': privateKey, 'ca.crt': other.certificate },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Readonly<Record<string, string>>>(
      {},
      { 'tls.crt': certificate, 'tls.key': other.privateKey },
      { 'tls.crt': certificate, 'ca.crt': 'x' },
      { 'tls.key': privateKey },
    ),
  },
);

export const secret = fc.record({
  apiVersion: fc.constant('v1'),
  metadata: metadata(),
  type: mostly(['kubernetes.io/tls'], ['Opaque']),
  data: mostly<object | undefined>([undefined], [{ 'tls.crt': '%' }]),
  stringData: sometimes(95, entries),
});

export const configMap = fc.record({
  apiVersion: fc.constant('v1'),
  metadata: metadata(),
  data: orBroken(
    mostly<Readonly<Record<string, string>>>(
      [
        { 'ca.crt': certificate },
        { 'ca.crt': other.certificate },
        { 'ca.crt': certificate + other.certificate },
      ],
      [{}, { 'ca.crt': 'x' }, { 'other.crt': certificate }],
    ),
  ),
});
