/** The NetworkPolicy of the chart lets through what the gateway needs, and nothing beside. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { findHelm } from '../support/helm.ts';
import { skipWithout } from '../support/tools.ts';
import { allows, selects, type Connection, type NetworkPolicySpec, type Other } from './network-policy.ts';
import { podSpecs } from './pods.ts';
import { render, VALUES_FILES, type RenderedObject } from './render.ts';

const helm = await findHelm();
const path = helm.kind === 'binary' ? helm.path : '';
const NAMESPACE = 'oidc-ingress';

type Labels = Readonly<Record<string, string>>;

const STRANGER: Other = { address: '198.51.100.7' };
const CLOUD_METADATA: Other = { address: '169.254.169.254' };
const PROVIDER: Other = { address: '203.0.113.9' };
const NAME_SERVER: Other = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
const API_SERVER: Other = { address: '192.0.2.20' };
const PROMETHEUS: Other = { namespace: 'monitoring' };
const NEIGHBOUR: Other = { namespace: NAMESPACE };

interface Case {
  readonly name: string;
  readonly given: Connection;
  readonly want: boolean;
}

const from = (other: Other, port: number): Connection => ({ direction: 'ingress', other, port });
const to = (other: Other, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): Connection => ({
  direction: 'egress',
  other,
  port,
  protocol,
});

/** By the values that each is rendered with. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  '--set=networkPolicy.enabled=true': [
    { name: 'anyone to HTTP', given: from(STRANGER, 8_080), want: true },
    { name: 'anyone to HTTPS', given: from(STRANGER, 8_443), want: true },
    { name: 'anyone to the admin port', given: from(STRANGER, 10_254), want: false },
    { name: 'pods of other namespaces to the admin port', given: from(PROMETHEUS, 10_254), want: false },
    { name: 'pods of its own namespace to the admin port', given: from(NEIGHBOUR, 10_254), want: true },
    { name: 'it to name servers by UDP', given: to(NAME_SERVER, 53, 'UDP'), want: true },
    { name: 'it to name servers by TCP', given: to(NAME_SERVER, 53), want: true },
    { name: 'it to name servers that listen on 5353', given: to(NAME_SERVER, 5_353, 'UDP'), want: true },
    { name: 'it to name servers elsewhere', given: to(STRANGER, 53, 'UDP'), want: false },
    { name: 'it to the API server by its Service', given: to(API_SERVER, 443), want: true },
    { name: 'it to the API server by its address', given: to(API_SERVER, 6_443), want: true },
    { name: 'it to the provider', given: to(PROVIDER, 443), want: true },
    { name: 'it to the provider by IPv6', given: to({ address: '2001:db8::1' }, 443), want: true },
    { name: 'it to other ports outside', given: to(PROVIDER, 80), want: false },
    { name: 'it to the metadata of a cloud', given: to(CLOUD_METADATA, 80), want: false },
    { name: 'it to the metadata of a cloud by TLS', given: to(CLOUD_METADATA, 443), want: false },
    {
      name: 'it to the metadata of a cloud by IPv6',
      given: to({ address: 'fd00:ec2::254' }, 443),
      want: false,
    },
    { name: 'it to any pod', given: to({ namespace: 'shop' }, 3_000), want: true },
  ],
  [`--values=${VALUES_FILES.get('namespaces')}`]: [
    {
      name: 'it to pods of a namespace that it watches',
      given: to({ namespace: 'billing' }, 3_000),
      want: true,
    },
    { name: 'it to pods of other namespaces', given: to({ namespace: 'secret' }, 3_000), want: false },
    { name: 'it to name servers that listen on 5353', given: to(NAME_SERVER, 5_353, 'UDP'), want: true },
    { name: 'it to other ports of name servers', given: to(NAME_SERVER, 9_153), want: false },
  ],
  '--set-json=networkPolicy={"enabled":true,"dns":{"to":[]},"provider":{"to":[],"ports":[8443]}}': [
    { name: 'it to name servers elsewhere', given: to(STRANGER, 53, 'UDP'), want: false },
    { name: 'it to a provider', given: to(PROVIDER, 8_443), want: false },
  ],
  [`--values=${VALUES_FILES.get('everything')}`]: [
    { name: 'the callers that are named', given: from(STRANGER, 8_443), want: true },
    { name: 'others', given: from(PROVIDER, 8_443), want: false },
    { name: 'Prometheus to the admin port', given: from(PROMETHEUS, 10_254), want: true },
    { name: 'neighbours to the admin port', given: from(NEIGHBOUR, 10_254), want: false },
    { name: 'it to the API server', given: to(API_SERVER, 6_443), want: true },
    { name: 'it to port 6443 of others', given: to(PROVIDER, 6_443), want: false },
    {
      name: 'it to pods of namespaces that are selected',
      given: to({ namespace: 'shop', namespaceLabels: { apis: 'true' } }, 3_000),
      want: true,
    },
    { name: 'it to pods of other namespaces', given: to({ namespace: 'shop' }, 3_000), want: false },
    { name: 'it to the collector of traces', given: to({ namespace: 'tracing' }, 4_318), want: true },
  ],
};

function only(objects: readonly RenderedObject[], kind: string): RenderedObject {
  const [object, ...others] = objects.filter((candidate) => candidate.kind === kind);
  assert.ok(object !== undefined && others.length === 0, `not exactly one ${kind}`);
  return object;
}

async function rendered(values: string) {
  const objects = await render(path, values);
  const spec = only(objects, 'NetworkPolicy').spec as unknown as NetworkPolicySpec;
  const deployment = only(objects, 'Deployment');
  const template = deployment.spec?.['template'] as { readonly metadata: { readonly labels: Labels } };
  const [, pod] = podSpecs([deployment])[0] ?? [];
  const ports = (pod?.containers ?? []).flatMap((container) => container.ports ?? []);
  const gateway = {
    namespace: NAMESPACE,
    ports: Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort])),
  };
  const tester = objects.find(({ kind, metadata }) => kind === 'Pod' && metadata.name.endsWith('-test'));
  return { spec, gateway, labels: template.metadata.labels, testerLabels: tester?.metadata.labels ?? {} };
}

describe('the NetworkPolicy of the chart', { skip: skipWithout(helm) }, () => {
  for (const [values, cases] of Object.entries(CASES)) {
    test(`with ${values} is that of the gateway, and of helm test it lets only calls through`, async () => {
      const { spec, gateway, labels, testerLabels } = await rendered(values);
      assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
      assert.ok(selects(spec.podSelector, labels));
      assert.ok(!selects(spec.podSelector, testerLabels));
      const tester: Other = { namespace: NAMESPACE, labels: testerLabels };
      for (const port of ['http', 'admin'] as const) {
        assert.ok(allows(spec, gateway, from(tester, gateway.ports[port] ?? 0)), port);
      }
    });

    for (const { name, given, want } of cases) {
      test(`with ${values} ${want ? 'lets' : 'does not let'} ${name} through`, async () => {
        const { spec, gateway } = await rendered(values);
        assert.equal(allows(spec, gateway, given), want);
      });
    }
  }
});
