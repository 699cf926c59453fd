/** From `helm install` to `helm uninstall` on a real cluster, as the documentation says it: protection, HTTPS, rollouts under load, upgrade. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { DEMO_CLIENTS } from '../../src/dev/demo-tenant.ts';
import { eventually } from '../support/eventually.ts';
import { findHelm } from '../support/helm.ts';
import { call, type Answer, type Call } from '../support/http-client.ts';
import { buildImage, docker } from '../support/image.ts';
import { createKeyPair } from '../support/key-pair.ts';
import { runCommand } from '../support/run-command.ts';
import { skipWithout } from '../support/tools.ts';
import { AUTH0, backingManifests, ISSUER, namespace, SHOP } from './backing.ts';
import { findCluster, NODE_PORTS, openCluster, type Cluster } from './cluster.ts';
import { curl, forwardPort, promiseOf } from './curl.ts';
import { documentedPage } from '../support/documented.ts';
import { clusterWideObjects, objectsIn, objectsWith } from './inventory.ts';
import { underLoad } from './load.ts';
import { makeOlderCheckout } from './older-checkout.ts';
import { peerCertificate } from './peer-certificate.ts';
import { createRelease, GATEWAY, settings, TIMEOUT, type Release, type Values } from './release.ts';
import { createTools, type Tools } from './tools.ts';

const IMAGE = 'oidc-ingress:e2e';
const CRD = 'oidcpolicies.oidc-ingress.io';
const HOST = 'orders.example.com';
const PUBLISHED = '203.0.113.10';
const { clientId, clientSecret } = DEMO_CLIENTS.writer;
const CALLER = { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };

const VALUES = {
  'image.tag': 'e2e',
  'service.type': 'NodePort',
  // From any node of any cluster.
  'service.externalTrafficPolicy': 'Cluster',
  'service.nodePorts.http': NODE_PORTS.http,
  'service.nodePorts.https': NODE_PORTS.https,
  'publishAddresses[0]': PUBLISHED,
  allowInsecureIssuers: true,
  workers: 1,
  'drain.timeoutSeconds': 20,
  // Of account where the cluster enforces it.
  'networkPolicy.enabled': true,
  // Where the emulated tenant listens.
  'networkPolicy.provider.ports': '{443,4000}',
} as const satisfies Values;

/** Stored while the CRD did not forbid it. */
const LEGACY = `apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: legacy, namespace: ${SHOP} }
spec: { provider: { issuer: "${ISSUER}" } }
`;

const found = await findCluster();
const helmBinary = await findHelm();

describe('the chart on a real cluster', { skip: skipWithout(found), timeout: 1_200_000 }, () => {
  const tutorial = documentedPage('docs/tutorials/first-api.md');
  const https = documentedPage('docs/how-to/https.md');
  const upgrading = documentedPage('docs/how-to/upgrade.md');
  const older = makeOlderCheckout();
  const files = mkdtempSync(join(tmpdir(), 'oidc-ingress-e2e-files-'));
  let cluster: Cluster;
  let tools: Tools;
  let release: Release;
  let notes: string;
  let objectsBefore: readonly string[];
  /** PEM of what the callers of HTTPS trust. */
  let trusted = '';

  before(async () => {
    cluster = await openCluster(found);
    tools = createTools(cluster.kubeconfig, helmBinary);
    release = createRelease(tools);
    await refuseToShare();
    buildImage(IMAGE);
    await cluster.loadImage(IMAGE);
    await tools.apply(backingManifests(IMAGE));
    await tools.apply(JSON.stringify(namespace(GATEWAY)));
    await tools.kubectl('-n', AUTH0, 'rollout', 'status', 'deployment/tenant', TIMEOUT);
    await tools.kubectl('-n', SHOP, 'rollout', 'status', 'deployment/orders', TIMEOUT);
    objectsBefore = await clusterWideObjects(tools);
    const install = [tutorial.take('helm install').command, TIMEOUT, ...settings(VALUES)].join(' ');
    notes = await tools.shell(install, { cwd: older.directory });
    await tools.shell(tutorial.take('kubectl -n oidc-ingress rollout status').command);
  });
  after(async () => {
    await tools?.helm('uninstall', GATEWAY, '-n', GATEWAY, '--ignore-not-found', '--wait', TIMEOUT);
    await tools?.kubectl('delete', 'namespace', '--ignore-not-found', GATEWAY, SHOP, AUTH0, TIMEOUT);
    await tools?.kubectl('delete', 'crd', '--ignore-not-found', CRD);
    await cluster?.stop();
    docker('rmi', '--force', IMAGE);
    older.remove();
    rmSync(files, { recursive: true });
  });

  /** What the tests delete in the end must be theirs. */
  async function refuseToShare(): Promise<void> {
    const there = new Set((await tools.get('namespaces')).items.map(({ metadata }) => metadata.name));
    for (const name of [GATEWAY, SHOP, AUTH0]) {
      if (there.has(name)) throw new Error(`the cluster already has a namespace ${name}: delete it first`);
    }
  }

  const right = { basic: `${clientId}:${clientSecret}` };
  const clear = (options: Partial<Call> = {}): Call => {
    const { host: address, port } = cluster.addresses.http;
    return { address, port, host: HOST, path: '/v1/orders', ...options };
  };
  const secure = (options: Partial<Call> = {}): Call => {
    const { host: address, port } = cluster.addresses.https;
    return { address, port, host: HOST, path: '/v1/orders', ca: trusted, ...options };
  };

  const answers = (what: string, want: (answer: Answer) => boolean, request: () => Call) =>
    eventually(what, async () => {
      const answer = await call(request());
      return want(answer) ? answer : undefined;
    });
  const isServed = ({ status }: Answer): boolean => status === 200;

  async function eventReasons(object: string): Promise<readonly string[]> {
    const selector = `--field-selector=regarding.name=${object}`;
    const events = await tools.get('events.events.k8s.io', '-n', SHOP, selector);
    return events.items.map(({ reason = '' }) => reason);
  }

  /** No caller notices `work`. */
  async function unnoticed(t: TestContext, request: Call, work: () => Promise<void>): Promise<void> {
    const { served, failures } = await underLoad(request, work);
    t.diagnostic(`${served} requests served meanwhile`);
    assert.deepEqual(failures, []);
    assert.ok(served > 10, `only ${served} requests were made`);
  }

  /** `kubectl get oidcp` shows `orders-api` accepted, its issuer ready, one Ingress. */
  const policyIsReady = (command: string): Promise<boolean> =>
    eventually('the status', async () =>
      /^(?:\S+ +)?orders-api +\S+ +True +True +1 /m.test(await tools.shell(command)),
    );

  test('is installed in a namespace that demands restricted pods, and says what comes next', () => {
    assert.match(notes, /STATUS: deployed/);
    assert.match(notes, /kubectl -n oidc-ingress rollout status deployment\/oidc-ingress/);
    assert.match(notes, /kind: OIDCPolicy/);
  });

  test('the tutorial works, command by command, and its calls are answered as it says', async () => {
    await tools.apply(tutorial.manifests(ISSUER));
    await policyIsReady(tutorial.take('kubectl -n shop get oidcpolicies').command);
    await answers('200', isServed, () => clear(right));
    const forwarded = await forwardPort(tools, tutorial.take('kubectl -n oidc-ingress port-fo').command);
    try {
      for (const line of [1, 2, 3].map(() => tutorial.take('curl'))) {
        const { status, reason } = promiseOf(line);
        const answer = await curl(tools, line.command.replace(':8080/', `:${forwarded.port}/`), CALLER);
        assert.equal(answer.status, status, line.command);
        if (reason !== undefined)
          assert.equal((JSON.parse(answer.body) as { reason: string }).reason, reason);
      }
    } finally {
      await forwarded.stop();
    }
    // The image is built of the same Dockerfile, from local files.
    assert.deepEqual(tutorial.left(), [
      'export CLIENT_ID=... CLIENT_SECRET=...',
      'docker build -t oidc-ingress:0.1.0 .',
    ]);
  });

  test('the Service gets the token of the caller, and never its secret', async () => {
    const served = await call(clear(right));
    const echo = served.json() as { readonly authorization: { readonly claims: { readonly azp: string } } };
    assert.equal(echo.authorization.claims.azp, clientId);
    assert.ok(!served.text.includes(clientSecret));
    const elsewhere = await call(clear({ ...right, host: 'other.example.com' }));
    assert.deepEqual([elsewhere.status, elsewhere.json()['reason']], [404, 'NoRoute']);
  });

  test('kubectl get oidcp tells at a glance', async () => {
    await policyIsReady('kubectl -n shop get oidcp');
    const [header = '', row = ''] = (await tools.kubectl('-n', SHOP, 'get', 'oidcp')).split('\n');
    assert.match(header, /^NAME +ISSUER +ACCEPTED +ISSUER-READY +INGRESSES +AGE$/);
    assert.equal(row.split(/ +/)[1], ISSUER);
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

  test('explain says of the cluster what the gateway does', async () => {
    const flags = [`--kubeconfig=${cluster.kubeconfig}`, '--allow-insecure-issuers'];
    const { code, stdout } = await runCommand(['explain', `http://${HOST}/v1/orders`, ...flags]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /policy +shop\/orders-api\n/);
    assert.match(stdout, /result +is served\n/);
  });

  test('the commands of the runbook show how the gateway is, and check a policy where it runs', async () => {
    const runbook = documentedPage('docs/how-to/runbook.md');
    const forwarded = await forwardPort(tools, runbook.take('kubectl -n oidc-ingress port-forward').command);
    const ask = (command: string) => curl(tools, command.replace(':10254/', `:${forwarded.port}/`), {});
    try {
      const ready = await ask(runbook.take('curl').command);
      assert.deepEqual([ready.status, JSON.parse(ready.body)], [200, { ready: true, missing: [] }]);
      const problems = await ask(runbook.take('curl').command);
      assert.deepEqual([problems.status, JSON.parse(problems.body)], [200, []]);
      const page = await ask('curl http://127.0.0.1:10254/');
      assert.match(page.body, /shop\/orders-api/);
      const metrics = await ask('curl http://127.0.0.1:10254/metrics');
      assert.match(
        metrics.body,
        /^oidc_ingress_requests_total\{namespace="shop",ingress="orders",.*\} \d+$/m,
      );
    } finally {
      await forwarded.stop();
    }
    const check = runbook.take('kubectl -n shop get oidcpolicy').command;
    const said = await tools.shell(`${check} --allow-insecure-issuers`);
    assert.match(said, /^policy shop\/orders-api\n +ok +the policy can be enforced\n/);
    assert.doesNotMatch(said, /^ +(?:error|warning) /m);
    assert.deepEqual(runbook.left(), []);
  });

  test('a typo in the annotation closes the path, and kubectl describe says why', async () => {
    await tools.kubectl('-n', SHOP, 'annotate', 'ingress', 'orders', 'oidc-ingress.io/polcy=orders-api');
    const refused = await answers(
      '503',
      ({ status }) => status === 503,
      () => clear(right),
    );
    assert.equal(refused.json()['reason'], 'PolicyUnavailable');
    await eventually('the Event', async () => {
      const text = await tools.kubectl('-n', SHOP, 'describe', 'ingress', 'orders');
      return /Warning +UnknownAnnotation/.test(text);
    });
    await tools.kubectl('-n', SHOP, 'annotate', 'ingress', 'orders', 'oidc-ingress.io/polcy-');
    await answers('200 again', isServed, () => clear(right));
  });

  test('grows to three replicas without a failed request, and gets a disruption budget', async (t) => {
    await unnoticed(t, clear(right), () => release.upgrade(older.directory, { ...VALUES, replicaCount: 3 }));
    assert.equal((await release.pods()).length, 3);
    assert.equal((await tools.get('poddisruptionbudgets', '-n', GATEWAY)).items.length, 1);
  });

  /**
   * Leaves `tls.crt` and `tls.key` where the commands of the page find them. @returns the certificate. Those that are
   * trusted at the same time need a `subject` each.
   */
  function writeCertificate(subject: string): string {
    const { certificate, privateKey } = createKeyPair(subject, HOST);
    writeFileSync(join(files, 'tls.crt'), certificate);
    writeFileSync(join(files, 'tls.key'), privateKey, { mode: 0o600 });
    return certificate;
  }
  /** By every pod: many connections meet each of them. */
  const isShown = async (certificate: string): Promise<boolean> => {
    const { fingerprint256 } = new X509Certificate(certificate);
    const calls = Array.from({ length: 30 }, () => peerCertificate(cluster.addresses.https, HOST));
    return (await Promise.all(calls)).every((shown) => shown.fingerprint256 === fingerprint256);
  };

  test('HTTPS works as its page says: a certificate by name, a redirect, no credentials in clear text', async () => {
    trusted = writeCertificate('first.example.com');
    await tools.shell(https.take('kubectl -n shop create secret').command, { cwd: files });
    await tools.apply(https.manifests(ISSUER));
    await answers('200 by HTTPS', isServed, () => secure(right));
    // Every pod has the certificate and the policy, not only the first that was asked.
    await eventually('403 of each pod', async () => {
      const calls = Array.from({ length: 20 }, () => call(clear(right)));
      return (await Promise.all(calls)).every(({ status }) => status === 403);
    });
    const flags = curlFlags();
    for (const line of [1, 2, 3].map(() => https.take('curl'))) {
      const { status, reason } = promiseOf(line);
      const answer = await curl(tools, line.command, CALLER, flags);
      assert.equal(answer.status, status, line.command);
      if (reason !== undefined) assert.equal((JSON.parse(answer.body) as { reason: string }).reason, reason);
    }
    const redirect = await call(clear());
    assert.deepEqual([redirect.status, redirect.headers.location], [308, `https://${HOST}/v1/orders`]);
  });

  /** The name resolves to the gateway, whose certificate is verified. */
  function curlFlags(): readonly string[] {
    const { http, https } = cluster.addresses;
    return [
      `--connect-to ${HOST}:80:${http.host}:${http.port}`,
      `--connect-to ${HOST}:443:${https.host}:${https.port}`,
      `--cacert ${join(files, 'tls.crt')}`,
    ];
  }

  test('a name without a certificate gets another one, and a protected host only under its own name', async () => {
    const other = await peerCertificate(cluster.addresses.https, 'other.example.com');
    assert.equal(other.checkHost(HOST), undefined);
    const misdirected = await call(secure({ ...right, serverName: 'other.example.com' }));
    assert.deepEqual([misdirected.status, misdirected.json()['reason']], [421, 'MisdirectedRequest']);
  });

  test('a renewed certificate is served without a failed request', async (t) => {
    const renewed = writeCertificate('renewed.example.com');
    trusted += renewed;
    await unnoticed(t, secure(right), async () => {
      await tools.shell(https.take('kubectl -n shop create secret').command, { cwd: files });
      await eventually('the new certificate', () => isShown(renewed));
    });
    assert.deepEqual(https.left(), []);
    trusted = renewed;
  });

  test('restarts one by one without a failed request', async (t) => {
    const old = await release.pods();
    await unnoticed(t, secure(right), async () => {
      await tools.kubectl('-n', GATEWAY, 'rollout', 'restart', `deployment/${GATEWAY}`);
      await release.rollout();
      await release.gone(old);
    });
  });

  const policyWith = (settings: object): string => {
    const policy = parseAllDocuments(https.manifests(ISSUER))
      .map((document) => document.toJS() as { readonly kind: string; readonly spec: object })
      .find(({ kind }) => kind === 'OIDCPolicy');
    assert.ok(policy !== undefined);
    return JSON.stringify({ ...policy, spec: { ...policy.spec, ...settings } });
  };
  const storedPolicies = async (): Promise<readonly object[]> =>
    (await tools.get('oidcp', '-n', SHOP)).items.map(({ metadata: { name, uid }, spec }) => ({
      name,
      uid,
      spec,
    }));
  const NEW_REALM = 'the orders of the shop';

  test('is upgraded as its page says without a failed request: policies stay, new fields and rules hold', async (t) => {
    await tools.apply(LEGACY);
    await assert.rejects(tools.apply(policyWith({ realm: NEW_REALM })), /unknown field \\?"spec\.realm/);
    const policies = await storedPolicies();
    assert.equal(policies.length, 2);
    const old = await release.pods();
    await unnoticed(t, secure(right), async () => {
      await tools.shell(upgrading.take('kubectl apply').command);
      assert.deepEqual(await storedPolicies(), policies);
      await tools.shell(upgrading.take('helm upgrade').command);
      await tools.shell(upgrading.take('kubectl -n oidc-ingress rollout status').command);
      await release.gone(old);
    });
    assert.equal((await release.pods()).length, 3);
    await policyIsReady(upgrading.take('kubectl get oidcpolicies').command);
    assert.match(await tools.shell(upgrading.take('helm test').command), /Phase: +Succeeded/);
    assert.deepEqual(await storedPolicies(), policies);
    await tools.apply(policyWith({ realm: NEW_REALM }));
    await answers(
      'the new realm',
      ({ status, headers }) => status === 401 && String(headers['www-authenticate']).includes(NEW_REALM),
      () => secure(),
    );
    const another = LEGACY.replace('name: legacy', 'name: another');
    await assert.rejects(tools.apply(another), /clientCredentials, bearer or both must be set/);
  });

  test('what the page tells to run over manifests beforehand finds no fault in those of the tutorial', async () => {
    const { command } = upgrading.take('npm run -s oidc-ingress -- validate');
    const service =
      '---\napiVersion: v1\nkind: Service\nmetadata: { name: orders, namespace: shop }\nspec: { ports: [{ port: 80 }] }\n';
    writeFileSync(join(files, 'orders.yaml'), tutorial.manifests('https://acme.eu.auth0.com/') + service);
    const said = await tools.shell(command.replace(/ manifests\/$/, ` ${join(files, 'orders.yaml')}`));
    assert.match(said, /^1 file, \d+ routes?, 0 errors/m);
  });

  test('goes back as the page says without a failed request, and the policies stay', async (t) => {
    const policies = await storedPolicies();
    const old = await release.pods();
    await unnoticed(t, secure(right), async () => {
      await tools.shell(upgrading.take('helm rollback').command);
      await release.rollout();
      await release.gone(old);
    });
    assert.deepEqual(await storedPolicies(), policies);
    assert.deepEqual(upgrading.left(), []);
  });

  test('loses a pod without a failed request', async (t) => {
    const [first = ''] = await release.pods();
    await unnoticed(t, secure(right), async () => {
      await tools.kubectl('-n', GATEWAY, 'delete', 'pod', first, '--wait=true', TIMEOUT);
      await release.rollout();
    });
  });

  const SCOPES = [
    { scope: 'namespaces', given: { 'watchNamespaces[0]': SHOP } },
    { scope: 'named', given: { [`rbac.secrets.${SHOP}`]: '{orders-tls}' } },
  ] as const;
  for (const { scope, given } of SCOPES) {
    test(`with rights of scope ${scope} it works, and may not read the Secrets of the cluster`, async () => {
      await release.upgrade('.', { ...VALUES, 'rbac.scope': scope, ...given });
      await tools.kubectl('-n', SHOP, 'delete', 'oidcp', 'orders-api');
      await tools.apply(https.manifests(ISSUER));
      await answers('200', isServed, () => secure(right));
      await policyIsReady('kubectl -n shop get oidcp');
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

  test('uninstalled, leaves nothing but the CRD and what it stores', async () => {
    const install = documentedPage('docs/how-to/install-with-helm.md');
    await tools.shell(install.take('kubectl -n oidc-ingress scale').command);
    await tools.shell(install.take('kubectl -n oidc-ingress wait').command);
    const { status } = await tools.get('ingress', 'orders', '-n', SHOP);
    assert.deepEqual(status, { loadBalancer: {} });
    await tools.shell(`${install.take('helm uninstall').command} --wait ${TIMEOUT}`);
    await eventually('nothing is left', async () => {
      const left = await objectsWith(tools, `app.kubernetes.io/instance=${GATEWAY}`);
      return left.length === 0;
    });
    assert.deepEqual(await objectsIn(tools, GATEWAY), [
      'configmap/kube-root-ca.crt',
      'serviceaccount/default',
    ]);
    const left = await clusterWideObjects(tools);
    assert.deepEqual(
      left.filter((object) => !objectsBefore.includes(object)),
      [
        'apiservice.apiregistration.k8s.io/v1alpha1.oidc-ingress.io',
        `customresourcedefinition.apiextensions.k8s.io/${CRD}`,
      ],
    );
    assert.deepEqual(
      (await tools.get('oidcp', '-n', SHOP)).items.map(({ metadata }) => metadata.name),
      ['legacy', 'orders-api'],
    );
  });
});
