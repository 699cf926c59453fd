/** `DELETE /v1/tokens` for accounts of the cluster: a real API server says who may, and without it nobody may. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { documentedPage } from '../../support/documented.ts';
import { eventually } from '../../support/eventually.ts';
import type { Gateway } from '../../support/gateway.ts';
import { call, type Answer } from '../../support/http-client.ts';
import { installProduct, startProduct } from '../../support/product.ts';
import { findInstalled, skipWithout } from '../../support/tools.ts';

const AUDIENCE = 'oidc-ingress';
const RBAC = 'rbac.authorization.k8s.io';

/** What the chart adds to the rights of the gateway with `adminToken.audience`. */
const MAY_REVIEW = clusterRole(
  'reviews',
  [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],
  { name: 'oidc-ingress', namespace: 'oidc-ingress' },
);

const MAY_PURGE = clusterRole('purge', [{ nonResourceURLs: ['/v1/tokens'], verbs: ['delete'] }], {
  name: 'rotation',
  namespace: 'shop',
});

function clusterRole(
  name: string,
  rules: readonly object[],
  account: { readonly name: string; readonly namespace: string },
): readonly object[] {
  const apiVersion = `${RBAC}/v1`;
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ];
}

const binaries = await findApiServerBinaries();
const kubectl = findInstalled(['kubectl'], 'put it on PATH or into KUBEBUILDER_ASSETS');

describe('purging tokens as an account of the cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let gateway: Gateway;

  before(async () => {
    api = await startApiServer(binaries);
    await installProduct(api);
    for (const name of ['rotation', 'other']) {
      await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop' } });
    }
    for (const object of MAY_PURGE) await api.apply(object);
    gateway = await startProduct(api, `--admin-token-audience=${AUDIENCE}`);
  });

  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await api.stop();
  });

  async function purgeWith(token: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}` };
    return await call({ port: gateway.ports.admin, path: '/v1/tokens', method: 'DELETE', headers });
  }

  /** As `kubectl create token` makes one. */
  const tokenOf = (name: string, audience: string | undefined = AUDIENCE): Promise<string> =>
    api.tokenFor('shop', name, audience);

  it('is refused while the gateway may not ask the API server, which is said and logged', async () => {
    const answer = await purgeWith(await tokenOf('rotation'));
    assert.equal(answer.status, 503);
    const { error } = answer.json();
    assert.match(
      String(error),
      /^the API server did not say whose token this is: cannot create a TokenReview: 403: tokenreviews\.authentication\.k8s\.io is forbidden/,
    );
    await gateway.line((line) => line.includes('a purge of tokens was refused') && line.includes('503'));
    for (const object of MAY_REVIEW) await api.apply(object);
  });

  it('is done for an account that may, and its name is logged', async () => {
    const answer = await purgeWith(await tokenOf('rotation'));
    assert.deepEqual([answer.status, answer.json()], [200, { purged: 0 }]);
    const line = await gateway.line((text) => text.includes('tokens purged'));
    const { by } = JSON.parse(line) as { readonly by?: unknown };
    assert.equal(by, 'system:serviceaccount:shop:rotation');
  });

  it('is refused to an account that may not, in words that say which right is missing', async () => {
    const answer = await purgeWith(await tokenOf('other'));
    const error =
      'system:serviceaccount:shop:other may not: no ClusterRole gives it "delete" on the nonResourceURL /v1/tokens';
    assert.deepEqual([answer.status, answer.json()], [403, { error }]);
  });

  it('is done for the account that the page sets up', { skip: skipWithout(kubectl) }, async () => {
    const page = documentedPage('docs/how-to/least-privilege.md');
    const commands = [
      'kubectl create serviceaccount',
      'kubectl create clusterrole ',
      'kubectl create clusterrolebinding',
    ]
      .map((start) => page.take(start).command)
      .concat(page.take('ADMIN_TOKEN=').command, 'printf %s "$ADMIN_TOKEN"');
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ops' } });
    const program = kubectl.kind === 'binary' ? kubectl.path : '';
    const script = ['set -e', `kubectl() { '${program}' --cache-dir=/nonexistent/cache "$@"; }`, ...commands];
    const { stdout } = await promisify(execFile)('sh', ['-c', script.join('\n')], {
      env: { ...process.env, KUBECONFIG: api.kubeconfigPath },
    });
    const [token = ''] = stdout.split('\n').slice(-1);
    assert.equal((await purgeWith(token)).status, 200);
  });

  const WRONG = [
    { name: 'a token for the API server itself', token: () => api.tokenFor('shop', 'rotation') },
    { name: 'a token for another audience', token: () => tokenOf('rotation', 'vault') },
    { name: 'the token of an administrator', token: () => Promise.resolve(api.adminToken) },
    { name: 'no token at all', token: () => Promise.resolve('') },
    { name: 'a forged token', token: async () => `${await tokenOf('rotation')}x` },
  ] as const;
  for (const { name, token } of WRONG) {
    it(`is refused with ${name}`, async () => {
      const answer = await purgeWith(await token());
      const error = 'authorization: must be Bearer with a token of the cluster for the audience oidc-ingress';
      assert.deepEqual([answer.status, answer.json()], [401, { error }]);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="oidc-ingress admin"');
    });
  }

  it('is refused at once when the right is taken away', async () => {
    const token = await tokenOf('rotation');
    assert.equal((await purgeWith(token)).status, 200);
    const [, binding] = MAY_PURGE;
    assert.ok(binding !== undefined);
    await api.delete(binding);
    await eventually('the right is gone', async () => (await purgeWith(token)).status === 403);
    await api.apply(binding);
    await eventually('the right is back', async () => (await purgeWith(token)).status === 200);
  });

  it('is refused while the API server is away', async () => {
    const token = await tokenOf('rotation');
    await api.kill();
    const answer = await purgeWith(token);
    assert.equal(answer.status, 503);
    assert.match(
      String(answer.json()['error']),
      /^the API server did not say whose token this is: cannot reach /,
    );
    await api.restart();
  });

  it('shows no token in any line of the log', async () => {
    const token = await tokenOf('rotation');
    await eventually('a purge', async () => (await purgeWith(token)).status === 200);
    const secret = token.split('.')[2] ?? '';
    assert.notEqual(secret, '');
    assert.ok(gateway.lines.every((line) => !line.includes(secret)));
  });
});
