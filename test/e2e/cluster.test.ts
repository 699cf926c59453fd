/** From `helm install` to `helm uninstall` on a real cluster: the tutorial, rollouts under load, statuses, Events. */

import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';

import { DEMO_CLIENTS } from '../../src/dev/demo-tenant.ts';
import { eventually } from '../support/eventually.ts';
import { findHelm } from '../support/helm.ts';
import { call, type Answer, type Call } from '../support/http-client.ts';
import { buildImage, docker } from '../support/image.ts';
import { blocksOf, readPages } from '../support/markdown.ts';
import { AUTH0, backingManifests, ISSUER, namespace, SHOP } from './backing.ts';
import { findCluster, NODE_PORT, openCluster, skipWithoutCluster, type Cluster } from './cluster.ts';
import { underLoad } from './load.ts';
import { createTools, type Tools } from './tools.ts';

const IMAGE = 'oidc-ingress:e2e';
/** Release and namespace, as in the tutorial. */
const GATEWAY = 'oidc-ingress';
const HOST = 'orders.example.com';
const PUBLISHED = '203.0.113.10';
const { clientId, clientSecret } = DEMO_CLIENTS.writer;
const TIMEOUT = '--timeout=180s';

const VALUES = {
  'image.tag': 'e2e',
  'service.type': 'NodePort',
  // From any node of any cluster.
  'service.externalTrafficPolicy': 'Cluster',
  'service.nodePorts.http': NODE_PORT,
  'publishAddresses[0]': PUBLISHED,
  allowInsecureIssuers: true,
  workers: 1,
  'drain.delaySeconds': 5,
  'drain.timeoutSeconds': 20,
};

/** What the tutorial tells to apply, for the issuer of the test. */
function tutorialManifests(): string {
  const page = readPages().find(({ path }) => path === 'docs/tutorials/first-api.md');
  assert.ok(page !== undefined);
  const manifests = blocksOf(page, 'yaml').join('---\n');
  assert.ok(manifests.includes('https://acme.eu.auth0.com/'));
  return manifests.replaceAll('https://acme.eu.auth0.com/', ISSUER);
}

const found = await findCluster();
const helmBinary = await findHelm();

describe('the chart on a real cluster', { skip: skipWithoutCluster(found), timeout: 900_000 }, () => {
  let cluster: Cluster;
  let tools: Tools;
  let notes: string;

  before(async () => {
    cluster = await openCluster(found);
    tools = createTools(cluster.kubeconfig, helmBinary);
    await refuseToShare();
    buildImage(IMAGE);
    await cluster.loadImage(IMAGE);
    await tools.apply(backingManifests(IMAGE));
    await tools.apply(JSON.stringify(namespace(GATEWAY)));
    notes = await release('install', VALUES);
    await tools.kubectl('-n', AUTH0, 'rollout', 'status', 'deployment/tenant', TIMEOUT);
    await tools.kubectl('-n', SHOP, 'rollout', 'status', 'deployment/orders', TIMEOUT);
  });
  after(async () => {
    await tools?.helm('uninstall', GATEWAY, '-n', GATEWAY, '--ignore-not-found', '--wait', TIMEOUT);
    await tools?.kubectl('delete', 'namespace', '--ignore-not-found', GATEWAY, SHOP, AUTH0, TIMEOUT);
    await tools?.kubectl('delete', 'crd', '--ignore-not-found', 'oidcpolicies.oidc-ingress.io');
    await cluster?.stop();
    docker('rmi', '--force', IMAGE);
  });

  /** What the tests delete in the end must be theirs. */
  async function refuseToShare(): Promise<void> {
    const there = new Set((await tools.get('namespaces')).items.map(({ metadata }) => metadata.name));
    for (const name of [GATEWAY, SHOP, AUTH0]) {
      if (there.has(name)) throw new Error(`the cluster already has a namespace ${name}: delete it first`);
    }
  }

  function release(verb: 'install' | 'upgrade', values: Readonly<Record<string, unknown>>): Promise<string> {
    const settings = Object.entries(values).map(([name, value]) => `--set=${name}=${String(value)}`);
    return tools.helm(verb, GATEWAY, 'charts/oidc-ingress', `-n=${GATEWAY}`, '--wait', TIMEOUT, ...settings);
  }

  const request = (options: Partial<Call> = {}): Call => ({
    address: cluster.address.host,
    port: cluster.address.port,
    host: HOST,
    path: '/v1/orders',
    ...options,
  });
  const right = { basic: `${clientId}:${clientSecret}` };

  const answers = (what: string, want: (answer: Answer) => boolean, options: Partial<Call>) =>
    eventually(what, async () => {
      const answer = await call(request(options));
      return want(answer) ? answer : undefined;
    });

  const rollout = (): Promise<string> =>
    tools.kubectl('-n', GATEWAY, 'rollout', 'status', `deployment/${GATEWAY}`, TIMEOUT);

  async function eventReasons(object: string): Promise<readonly string[]> {
    const selector = `--field-selector=regarding.name=${object}`;
    const events = await tools.get('events.events.k8s.io', '-n', SHOP, selector);
    return events.items.map(({ reason = '' }) => reason);
  }

  async function pods(): Promise<readonly string[]> {
    const selector = `app.kubernetes.io/name=${GATEWAY}`;
    const list = await tools.get(
      'pods',
      '-n',
      GATEWAY,
      '-l',
      selector,
      '--field-selector=status.phase=Running',
    );
    return list.items.map(({ metadata }) => metadata.name);
  }

  /** No caller notices `work`. */
  async function unnoticed(t: TestContext, work: () => Promise<void>): Promise<void> {
    const { served, failures } = await underLoad(request(right), work);
    t.diagnostic(`${served} requests served meanwhile`);
    assert.deepEqual(failures, []);
    assert.ok(served > 50, `only ${served} requests were made`);
  }

  test('is installed in a namespace that demands restricted pods, and says what comes next', () => {
    assert.match(notes, /STATUS: deployed/);
    assert.match(notes, /kubectl -n oidc-ingress rollout status deployment\/oidc-ingress/);
    assert.match(notes, /kind: OIDCPolicy/);
  });

  test('the manifests of the tutorial protect the API as the tutorial says', async () => {
    await tools.apply(tutorialManifests());
    const served = await answers('200', ({ status }) => status === 200, right);
    const echo = served.json() as { readonly authorization: { readonly claims: { readonly azp: string } } };
    assert.equal(echo.authorization.claims.azp, clientId);
    assert.ok(!served.text.includes(clientSecret));
    const none = await call(request());
    assert.deepEqual([none.status, none.json()['reason']], [401, 'MissingCredentials']);
    const wrong = await call(request({ basic: `${clientId}:wrong` }));
    assert.deepEqual([wrong.status, wrong.json()['reason']], [401, 'InvalidClient']);
    const elsewhere = await call(request({ ...right, host: 'other.example.com' }));
    assert.deepEqual([elsewhere.status, elsewhere.json()['reason']], [404, 'NoRoute']);
  });

  test('kubectl get oidcp tells at a glance', async () => {
    const row = await eventually('the status', async () => {
      const text = await tools.kubectl('-n', SHOP, 'get', 'oidcp');
      const [header = '', ...rows] = text.trim().split('\n');
      assert.match(header, /^NAME +ISSUER +ACCEPTED +ISSUER-READY +INGRESSES +AGE$/);
      return rows.find((line) => / True +True +1 /.test(line));
    });
    assert.deepEqual(row.split(/ +/).slice(0, 5), ['orders-api', ISSUER, 'True', 'True', '1']);
  });

  test('kubectl get ingress still means Ingresses', async () => {
    assert.match(await tools.kubectl('-n', SHOP, 'get', 'ingress'), /^NAME +CLASS +HOSTS +ADDRESS/);
  });

  test('the Ingress has the published address and an Event', async () => {
    await eventually('the address', async () => {
      const { status } = await tools.get('ingress', 'orders', '-n', SHOP);
      return JSON.stringify(status).includes(PUBLISHED);
    });
    await eventually('the Event', async () => (await eventReasons('orders')).includes('Programmed'));
  });

  test('a typo in the annotation closes the path, and kubectl describe says why', async () => {
    await tools.kubectl('-n', SHOP, 'annotate', 'ingress', 'orders', 'oidc-ingress.io/polcy=orders-api');
    const refused = await answers('503', ({ status }) => status === 503, right);
    assert.equal(refused.json()['reason'], 'PolicyUnavailable');
    await eventually('the Event', async () => {
      const text = await tools.kubectl('-n', SHOP, 'describe', 'ingress', 'orders');
      return /Warning +UnknownAnnotation/.test(text);
    });
    await tools.kubectl('-n', SHOP, 'annotate', 'ingress', 'orders', 'oidc-ingress.io/polcy-');
    await answers('200 again', ({ status }) => status === 200, right);
  });

  test('grows to three replicas without a failed request, and gets a disruption budget', async (t) => {
    await unnoticed(t, async () => {
      await upgrade({ replicaCount: 3 });
    });
    assert.equal((await pods()).length, 3);
    assert.equal((await tools.get('poddisruptionbudgets', '-n', GATEWAY)).items.length, 1);
  });

  test('restarts one by one without a failed request', async (t) => {
    const old = await pods();
    await unnoticed(t, async () => {
      await tools.kubectl('-n', GATEWAY, 'rollout', 'restart', `deployment/${GATEWAY}`);
      await rollout();
      await gone(old);
    });
  });

  test('is upgraded without a failed request', async (t) => {
    const old = await pods();
    await unnoticed(t, async () => {
      await upgrade({ replicaCount: 3, logLevel: 'warn' });
      await gone(old);
    });
  });

  test('loses a pod without a failed request', async (t) => {
    const [first = ''] = await pods();
    await unnoticed(t, async () => {
      await tools.kubectl('-n', GATEWAY, 'delete', 'pod', first, '--wait=true', TIMEOUT);
      await rollout();
    });
  });

  const SCOPES = [
    { scope: 'namespaces', given: { 'watchNamespaces[0]': SHOP } },
    { scope: 'named', given: {} },
  ] as const;
  for (const { scope, given } of SCOPES) {
    test(`with rights of scope ${scope} it works, and may not read the Secrets of the cluster`, async () => {
      await upgrade({ 'rbac.scope': scope, ...given });
      await tools.kubectl('-n', SHOP, 'delete', 'oidcp', 'orders-api');
      await tools.apply(tutorialManifests());
      await answers('200', ({ status }) => status === 200, right);
      await eventually('the status', async () =>
        / True +True +1 /.test(await tools.kubectl('-n', SHOP, 'get', 'oidcp', 'orders-api')),
      );
      const account = `--as=system:serviceaccount:${GATEWAY}:${GATEWAY}`;
      await assert.rejects(tools.kubectl('auth', 'can-i', 'list', 'secrets', '--all-namespaces', account));
      const logs = await tools.kubectl('-n', GATEWAY, 'logs', `deployment/${GATEWAY}`);
      assert.doesNotMatch(logs, /forbidden/i);
    });
  }

  test('helm test passes', async () => {
    const text = await tools.helm('test', GATEWAY, '-n', GATEWAY, TIMEOUT);
    assert.match(text, /Phase: +Succeeded/);
  });

  test('uninstalled, leaves nothing but the CRD', async () => {
    await tools.helm('uninstall', GATEWAY, '-n', GATEWAY, '--wait', TIMEOUT);
    const label = `app.kubernetes.io/instance=${GATEWAY}`;
    await eventually('nothing is left', async () => {
      const left = await tools.get(await listable(), '--all-namespaces', '-l', label);
      return left.items.length === 0;
    });
    const names = await tools.kubectl('-n', GATEWAY, 'get', await listable('--namespaced'), '-o', 'name');
    assert.deepEqual(names.trim().split('\n').toSorted(), [
      'configmap/kube-root-ca.crt',
      'serviceaccount/default',
    ]);
    await tools.kubectl('get', 'crd', 'oidcpolicies.oidc-ingress.io');
    await tools.kubectl('-n', SHOP, 'get', 'oidcp', 'orders-api');
  });

  async function upgrade(values: Readonly<Record<string, unknown>>): Promise<void> {
    await release('upgrade', { ...VALUES, ...values });
    await rollout();
  }

  /** Every kind but those that tell of the past or of health. */
  async function listable(...flags: readonly string[]): Promise<string> {
    const kinds = await tools.kubectl('api-resources', '--verbs=list', '-o', 'name', ...flags);
    const others = kinds
      .trim()
      .split('\n')
      .filter((kind) => !/^(?:events|componentstatuses)\b/.test(kind));
    return others.join(',');
  }

  async function gone(names: readonly string[]): Promise<void> {
    await eventually(
      'the old pods are gone',
      async () => !(await pods()).some((pod) => names.includes(pod)),
      120_000,
    );
  }
});
