/** `explain` against a real API server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { findApiServerBinaries, skipWithout } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { runCommand } from '../../support/run-command.ts';

const CRD = readFileSync('crds/oidcpolicies.oidc-ingress.io.yaml', 'utf8');
const POLICIES = '/apis/oidc-ingress.io/v1alpha1/oidcpolicies';
const OBJECTS = `apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: {name: api, namespace: shop}
spec:
  provider: {issuer: "https://acme.eu.auth0.com/"}
  clientCredentials: {audience: "https://orders.example.com/"}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: orders-1, namespace: shop, labels: {kubernetes.io/service-name: orders}}
addressType: IPv4
ports: [{name: http, port: 3000}]
endpoints: [{addresses: ["10.1.2.3"]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: orders, namespace: shop, annotations: {oidc-ingress.io/policy: api}}
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: orders.example.com
      http:
        paths:
          - {path: /v1, pathType: Prefix, backend: {service: {name: orders, port: {number: 80}}}}
`;

const binaries = await findApiServerBinaries();

describe('explain on a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;

  before(async () => {
    api = await startApiServer(binaries);
    await api.apply(CRD);
    await eventually('OIDCPolicy is served', async () => (await api.request('GET', POLICIES)).status === 200);
    await api.apply(readFileSync('deploy/ingress-class.yaml', 'utf8'));
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await api.apply(OBJECTS);
  });
  after(() => api?.stop());

  const explain = (url: string) => runCommand(['explain', url, `--kubeconfig=${api.kubeconfigPath}`]);

  test('reads every object once, says what becomes of a request, and ends', async () => {
    const { code, stdout, stderr } = await explain('https://orders.example.com/v1/x');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /shop\/api/);
    assert.match(stdout, /is served/);
  });

  test('ends with 1 for a request that is not served', async () => {
    const { code, stdout } = await explain('https://orders.example.com/v2');
    assert.equal(code, 1);
    assert.match(stdout, /404 NoRoute/);
  });

  test('says so when the kubeconfig cannot be used', async () => {
    const argv = ['explain', 'https://orders.example.com/', '--kubeconfig=/nonexistent/kubeconfig'];
    const { code, stderr } = await runCommand(argv);
    assert.equal(code, 1);
    assert.match(stderr, /^oidc-ingress explain: .*\/nonexistent\/kubeconfig/m);
  });
});
