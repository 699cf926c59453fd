/** What a person sees who asks `kubectl`: Events under the object that they concern, and columns that say what is up. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import type { Gateway } from '../../support/gateway.ts';
import { installProduct, startProduct } from '../../support/product.ts';
import { findInstalled, skipWithout } from '../../support/tools.ts';
import { HOST, ingress } from './orders.ts';

const MANIFEST = `
apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: orders, namespace: shop }
spec:
  provider: { issuer: https://127.0.0.1:9/, ca: { secretRef: { name: bundle, key: ca.crt } } }
  clientCredentials: { audience: https://orders.example.com/, scopes: [openid] }
---
${ingress('shop/orders', HOST, { polcy: 'orders' })}`;

const run = promisify(execFile);
const binaries = await findApiServerBinaries();
const kubectl = findInstalled(['kubectl'], 'put it on PATH or into KUBEBUILDER_ASSETS');
const skip = skipWithout(binaries) || skipWithout(kubectl);

describe('kubectl on what the gateway writes', { skip }, () => {
  let api: ApiServer;
  let gateway: Gateway;

  before(async () => {
    api = await startApiServer(binaries);
    await installProduct(api);
    await api.apply(MANIFEST);
    gateway = await startProduct(api, '--workers=1');
  });

  after(async () => {
    await gateway?.stop();
    await api.stop();
  });

  async function ask(...words: readonly string[]): Promise<string> {
    const flags = [
      `--kubeconfig=${api.kubeconfigPath}`,
      '--namespace=shop',
      '--cache-dir=/nonexistent/cache',
    ];
    return (await run(kubectl.kind === 'binary' ? kubectl.path : '', [...flags, ...words])).stdout;
  }

  /** Asks until the answer has all of `patterns`. */
  const shows = (words: readonly string[], ...patterns: readonly RegExp[]): Promise<string> =>
    eventually(`${words.join(' ')} shows ${patterns.join(' ')}`, async () => {
      const text = await ask(...words);
      return patterns.every((pattern) => pattern.test(text)) ? text : undefined;
    });

  it('describe ingress shows what is wrong with it, and how to mend it', async () => {
    const text = await shows(['describe', 'ingress', 'orders'], /UnknownAnnotation/, /ServiceNotFound/);
    const lines = text.split('\n').filter((line) => line.includes('Warning'));
    const unknown = lines.find((line) => line.includes('UnknownAnnotation')) ?? '';
    assert.match(unknown, /Warning\s+UnknownAnnotation\s+\S+\s+oidc-ingress\.io\/controller\s+/);
    assert.match(unknown, /oidc-ingress\.io\/polcy/);
    assert.match(unknown, /oidc-ingress\.io\/policy/);
    const missing = lines.find((line) => line.includes('ServiceNotFound')) ?? '';
    assert.match(missing, /spec\.rules\[0\]\.http\.paths\[0\]\.backend.*orders/);
  });

  it('describe oidcpolicy shows its conditions and its Events', async () => {
    const text = await shows(['describe', 'oidcpolicy', 'orders'], /Warning\s+SecretNotFound/, /Programmed/);
    assert.match(text, /Reason:\s+SecretNotFound/);
    assert.match(text, /Warning\s+SecretNotFound\s.*spec\.provider\.ca.*bundle/);
  });

  it('get oidcp shows issuer, conditions, how many Ingresses name it, and its age', async () => {
    const text = await shows(['get', 'oidcp'], /False/);
    const [head = '', row = ''] = text.split('\n');
    assert.deepEqual(
      head.split(/\s{2,}/).map((cell) => cell.trim()),
      ['NAME', 'ISSUER', 'ACCEPTED', 'ISSUER-READY', 'INGRESSES', 'AGE'],
    );
    assert.match(row, /^orders\s+https:\/\/127\.0\.0\.1:9\/\s+False\s+Unknown\s+0\s+\d+s/);
  });

  it('get oidcp -o wide shows what looks well and protects nothing, or refuses', async () => {
    const text = await shows(['get', 'oidcp', '-o', 'wide'], /False/);
    const [head = '', row = ''] = text.split('\n');
    assert.match(head, / AGE +MODE +REFUSED +WARNINGS$/);
    assert.match(row, / \d+s +Enforce +0 +OpenidScope$/);
  });

  it('explain shows what a field is for', async () => {
    const text = await ask('explain', 'oidcpolicy.spec.provider.issuer');
    assert.match(text, /FIELD: issuer <string>\n/);
    assert.match(text, /Exact issuer URL, as the `iss` claim holds it/);
  });
});
