/** The manifests that people apply are accepted by a real API server, in the order in which kubectl applies them. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { CHART, render, VALUES_FILES, type RenderedObject } from '../../chart/render.ts';
import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { findHelm } from '../../support/helm.ts';
import { findOperatorCrds } from '../../support/operator-crds.ts';
import { skipWithout } from '../../support/tools.ts';

const binaries = await findApiServerBinaries();
const helm = await findHelm();
const helmPath = helm.kind === 'binary' ? helm.path : '';
const operatorCrds = await findOperatorCrds(['prometheusrules', 'servicemonitors']);
const OPERATOR_KINDS: ReadonlySet<string> = new Set(['ServiceMonitor', 'PrometheusRule']);
/** The API server of the test has addresses of no other. */
const ONE_FAMILY = '--set=service.ipFamilies={IPv4}';

const filesIn = (folder: string): readonly string[] => globSync(`${folder}/*.yaml`).sort();

describe('manifests', { skip: skipWithout(binaries) }, () => {
  let server: ApiServer;

  before(async () => {
    server = await startApiServer(binaries);
  });
  after(() => server.stop());

  test('crds/ and deploy/ go in one after the other', async () => {
    for (const file of [...filesIn('crds'), ...filesIn('deploy')]) {
      const documents = parseAllDocuments(readFileSync(file, 'utf8'));
      const applied = await server.apply(readFileSync(file, 'utf8'));
      assert.equal(applied.length, documents.length, file);
    }
  });

  test('the example goes in too; examples/upstream.yaml stands in for what a cluster adds by itself', async () => {
    await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const applied = await server.apply(readFileSync('examples/orders.yaml', 'utf8'));
    assert.deepEqual(
      applied.map(({ metadata }) => metadata.name),
      ['orders-api', 'orders', 'website', 'broken'],
    );
  });

  test('the namespace of the gateway demands restricted pods, and the pod complies', async () => {
    // A dry run of the pod itself: the API server checks pods, and only warns for a Deployment.
    const workload = parseAllDocuments(readFileSync('deploy/workload.yaml', 'utf8'))[0]?.toJS() as {
      readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } };
    };
    const { metadata, spec } = workload.spec.template;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'gateway' }, spec };
    const path = '/api/v1/namespaces/oidc-ingress/pods?dryRun=All&fieldValidation=Strict';
    const { status, body } = await server.request('POST', path, pod);
    assert.equal(status, 201, JSON.stringify(body));
    const rootPod = { ...pod, spec: { ...spec, securityContext: {} } };
    assert.equal((await server.request('POST', path, rootPod)).status, 403);
  });

  for (const [name, file] of VALUES_FILES) {
    test(`the chart goes in with ${file}, every field of it`, { skip: skipWithout(helm) }, async () => {
      for (const namespace of ['oidc-ingress', 'shop', 'billing']) {
        await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      }
      const objects = await render(helmPath, `--values=${file}`, '--skip-tests', ONE_FAMILY);
      for (const object of objects.filter(({ kind }) => !OPERATOR_KINDS.has(kind))) {
        const [applied] = await server.apply(object);
        assert.equal(applied?.metadata.name, object.metadata.name, name);
        await server.delete(object);
      }
    });
  }

  const withoutOperator = skipWithout(operatorCrds) || skipWithout(helm);
  describe('what the chart makes for the Prometheus operator', { skip: withoutOperator }, () => {
    let monitoring: readonly RenderedObject[];

    before(async () => {
      for (const path of operatorCrds.kind === 'files' ? operatorCrds.paths : []) {
        await server.apply(readFileSync(path, 'utf8'));
      }
      await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'oidc-ingress' } });
      const objects = await render(helmPath, `--values=${CHART}/ci/everything-values.yaml`);
      monitoring = objects.filter(({ kind }) => OPERATOR_KINDS.has(kind));
      assert.equal(monitoring.length, OPERATOR_KINDS.size);
    });

    test('is what its CRDs describe', async () => {
      for (const object of monitoring) {
        const [applied] = await server.apply(object);
        assert.equal(applied?.metadata.name, object.metadata.name);
      }
    });

    test('would be refused with a field that they do not describe', async () => {
      for (const object of monitoring) {
        const mistaken = { ...object, spec: { ...object.spec, honourLabels: true } };
        await assert.rejects(server.apply(mistaken), /honourLabels: field not declared in schema/);
      }
    });
  });
});
