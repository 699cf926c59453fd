/** `explain` against a real API server. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { installProduct } from '../../support/product.ts';
import { runCommand } from '../../support/run-command.ts';
import { skipWithout } from '../../support/tools.ts';
import { ORDERS } from './orders.ts';

const binaries = await findApiServerBinaries();

describe('explain on a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;

  before(async () => {
    api = await startApiServer(binaries);
    await installProduct(api);
    await api.apply(ORDERS);
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
