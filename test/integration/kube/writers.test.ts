/** Statuses and Events on a real API server, written with no more rights than the manifests of the product give. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import type { CompileResult } from '../../../src/compile/result.ts';
import { systemClock } from '../../../src/config/system-clock.ts';
import { openCluster, type ClusterAccess } from '../../../src/kube/cluster.ts';
import type { IssuerState } from '../../../src/model/conditions.ts';
import { createEventWriter } from '../../../src/kube/event-writer.ts';
import { fixedAddresses } from '../../../src/kube/published-addresses.ts';
import { SOLE_LEAD } from '../../../src/kube/lead.ts';
import { openKubeSource, type KubeSource } from '../../../src/kube/source.ts';
import { createStatusWriter, type StatusWriter } from '../../../src/kube/status-writer.ts';
import type { ObjectMeta } from '../../../src/model/objects.ts';
import type { Problem } from '../../../src/model/problems.ts';
import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiObject, type ApiServer } from '../../support/api-server.ts';
import { compileResult, policyVerdict } from '../../support/compile-results.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { installProduct, kubeconfigOfProduct } from '../../support/product.ts';
import { watchCounts, type WatchCounts } from '../../support/watch-counts.ts';
import { skipWithout } from '../../support/tools.ts';

const INGRESS = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/orders';
const POLICY = '/apis/oidc-ingress.io/v1alpha1/namespaces/shop/oidcpolicies/orders';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/shop/events';

const READY: IssuerState = { status: 'True', reason: 'Ready', message: '', warnings: [] };

const binaries = await findApiServerBinaries();

const ingress = (annotations: object = {}) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'orders', namespace: 'shop', annotations },
  spec: { defaultBackend: { service: { name: 'orders', port: { number: 80 } } } },
});

const policy = (audience: string) => ({
  apiVersion: 'oidc-ingress.io/v1alpha1',
  kind: 'OIDCPolicy',
  metadata: { name: 'orders', namespace: 'shop' },
  spec: { provider: { issuer: 'https://acme.eu.auth0.com/' }, clientCredentials: { audience } },
});

interface Event {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly series?: { readonly count: number };
}

describe('the writers of statuses and Events', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let access: ClusterAccess;
  let source: KubeSource;
  let telemetry: WatchCounts;
  let writer: StatusWriter;
  const logger = collectingLogger();

  before(async () => {
    api = await startApiServer(binaries);
    await installProduct(api);
    access = await openCluster(await kubeconfigOfProduct(api));
    source = openKubeSource({
      access,
      clock: systemClock,
      logger,
      telemetry: watchCounts(),
      onChange: () => {},
    });
    await source.synced;
  });

  beforeEach(async () => {
    await writer?.close();
    for (const manifest of [ingress(), policy('https://orders.acme.com/')]) {
      await api.delete(manifest).catch(() => {});
      const [made] = await api.apply(manifest);
      await seen(manifest.kind as 'Ingress' | 'OIDCPolicy', made);
    }
    newWriter();
  });

  after(async () => {
    await writer.close();
    await source.close();
    await api.stop();
  });

  function newWriter(): void {
    telemetry = watchCounts();
    writer = createStatusWriter({
      access,
      clock: systemClock,
      logger,
      telemetry,
      addresses: fixedAddresses(['2001:db8::1', 'gw.example.com', '203.0.113.9']),
      findLive: source.findLive,
      lead: SOLE_LEAD,
    });
  }

  /** The source has seen `object` in the version that it has now. */
  async function seen(kind: 'Ingress' | 'OIDCPolicy', object: ApiObject | undefined): Promise<void> {
    await eventually(`the source sees ${kind}`, () => {
      const live = source.findLive(kind, 'shop/orders');
      return Promise.resolve(live?.resourceVersion === object?.metadata.resourceVersion);
    });
  }

  const metaOf = (kind: 'Ingress' | 'OIDCPolicy'): ObjectMeta => {
    const meta = source.findMeta(kind, 'shop/orders');
    assert.ok(meta !== undefined);
    return meta;
  };

  const verdict = () => policyVerdict(metaOf('OIDCPolicy'));

  const result = (rest: Partial<CompileResult> = {}): CompileResult =>
    compileResult({
      policies: { 'shop/orders': verdict() },
      ingresses: [metaOf('Ingress')],
      ...rest,
    });

  const get = async (path: string): Promise<ApiObject> => {
    const answer = await api.request('GET', path);
    assert.equal(answer.status, 200);
    return answer.body as ApiObject;
  };

  const written = (what: string, count: number): Promise<boolean> =>
    eventually(`${count} times: ${what}`, () => Promise.resolve(telemetry.counts.get(what) === count));

  const update = (given: CompileResult, issuer: IssuerState = READY): void =>
    writer.update({ result: given, issuerState: () => issuer });

  it('writes the status of a policy as its schema has it', async () => {
    update(result());
    await written('ok OIDCPolicy', 1);
    const { status } = (await get(POLICY)) as unknown as { status: Record<string, unknown> };
    const conditions = status['conditions'] as readonly Record<string, unknown>[];
    assert.deepEqual(
      conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
      [
        ['Accepted', 'True', 'Accepted', 'the policy is usable'],
        ['IssuerReady', 'True', 'Ready', ''],
        ['Programmed', 'True', 'Programmed', 'every proxy thread serves the policy'],
        ['Warnings', 'True', 'NoAudience', 'NoAudience: no audience is set'],
      ],
    );
    assert.ok(conditions.every(({ observedGeneration }) => observedGeneration === 1));
    assert.equal(status['observedGeneration'], 1);
    assert.deepEqual(status['ingresses'], verdict().ingresses);
  });

  it('publishes addresses on an Ingress: IPv4 and names before IPv6', async () => {
    update(result());
    await written('ok Ingress', 1);
    assert.deepEqual((await get(INGRESS))['status'], {
      loadBalancer: {
        ingress: [{ ip: '203.0.113.9' }, { hostname: 'gw.example.com' }, { ip: '2001:db8::1' }],
      },
    });
  });

  it('writes nothing when equal: not again, not after a restart, and before the watch has told of the write', async () => {
    update(result());
    await written('ok OIDCPolicy', 1);
    await written('ok Ingress', 1);
    const before = [await get(POLICY), await get(INGRESS)];
    update(result());
    await written('unchanged Ingress', 1);
    await written('unchanged OIDCPolicy', 1);
    await seen('OIDCPolicy', before[0]);
    await seen('Ingress', before[1]);
    await writer.close();
    newWriter();
    update(result());
    await written('unchanged Ingress', 1);
    await written('unchanged OIDCPolicy', 1);
    assert.deepEqual([await get(POLICY), await get(INGRESS)], before);
  });

  it('keeps the time of a condition until its status changes', async () => {
    update(result());
    await written('ok OIDCPolicy', 1);
    const times = async (): Promise<Record<string, string>> => {
      const { status } = (await get(POLICY)) as unknown as {
        status: { conditions: readonly { type: string; lastTransitionTime: string }[] };
      };
      return Object.fromEntries(status.conditions.map((row) => [row.type, row.lastTransitionTime]));
    };
    const first = await times();
    // Times are in whole seconds.
    await eventually('the next second', () => {
      return Promise.resolve(Date.now() >= Date.parse(first['Accepted'] ?? '') + 1_000);
    });
    update(result(), { ...READY, status: 'False', reason: 'DiscoveryFailed', message: 'no answer' });
    await written('ok OIDCPolicy', 2);
    const second = await times();
    assert.notEqual(second['IssuerReady'], first['IssuerReady']);
    assert.deepEqual({ ...second, IssuerReady: '' }, { ...first, IssuerReady: '' });
  });

  it('mends what another writer put there', async () => {
    update(result());
    await written('ok Ingress', 1);
    const foreign = { ...ingress(), status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } };
    const answer = await api.request('PATCH', `${INGRESS}/status?fieldManager=other&force=true`, foreign);
    assert.equal(answer.status, 200);
    await seen('Ingress', answer.body as ApiObject);
    update(result());
    await written('ok Ingress', 2);
    const { status } = (await get(INGRESS)) as unknown as { status: { loadBalancer: { ingress: object[] } } };
    assert.equal(status.loadBalancer.ingress.length, 3);
  });

  it('takes its addresses away from an Ingress that is no longer ours, and leaves those of others', async () => {
    update(result());
    await written('ok Ingress', 1);
    await seen('Ingress', await get(INGRESS));
    update(result({ ingresses: [] }));
    await written('ok Ingress', 2);
    assert.deepEqual((await get(INGRESS))['status'], { loadBalancer: {} });

    const foreign = { ...ingress(), status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } };
    const answer = await api.request('PATCH', `${INGRESS}/status?fieldManager=other&force=true`, foreign);
    await seen('Ingress', answer.body as ApiObject);
    update(result({ ingresses: [] }));
    await written('unchanged OIDCPolicy', 2);
    assert.deepEqual((await get(INGRESS))['status'], foreign.status);
  });

  it('never writes to an object that was made anew under the same name, nor fails for one that is gone', async () => {
    const old = result();
    await api.delete(ingress());
    const [made] = await api.apply(ingress({ note: 'new' }));
    await seen('Ingress', made);
    update(old);
    await written('ok OIDCPolicy', 1);
    assert.deepEqual((await get(INGRESS))['status'], { loadBalancer: {} });
    assert.equal(telemetry.counts.get('ok Ingress'), undefined);
    assert.equal(telemetry.counts.get('failed Ingress'), undefined);
  });

  const problemIn = (namespace: string): Problem => ({
    reason: 'ServiceNotFound',
    object: { kind: 'Ingress', namespace, name: 'orders' },
    field: 'spec.defaultBackend',
    message: 'Service "orders" does not exist',
  });

  const eventOptions = () => ({
    access,
    clock: systemClock,
    logger,
    findMeta: source.findMeta,
    instance: 'test',
    lead: SOLE_LEAD,
  });

  async function eventsOfIngress(): Promise<readonly Event[]> {
    const { uid } = metaOf('Ingress');
    const { items } = (await get(EVENTS)) as unknown as { items: readonly Event[] };
    return items.filter(({ regarding }) => regarding.uid === uid);
  }

  it('writes one Event for each problem, and Programmed once the Ingress is live', async () => {
    const problem = problemIn('shop');
    const options = eventOptions();
    const events = createEventWriter(options);
    const list = eventsOfIngress;
    events.update(result({ problems: [problem] }));
    const [warning] = await eventually('an Event', async () => (await list()).length === 1 && list());
    assert.equal(warning?.note, 'spec.defaultBackend: Service "orders" does not exist');
    assert.deepEqual(
      [warning.type, warning.reason, warning.regarding.kind],
      ['Warning', 'ServiceNotFound', 'Ingress'],
    );

    events.update(result({ problems: [problem] }));
    events.update(result());
    const both = await eventually('Programmed', async () => (await list()).length === 2 && list());
    assert.deepEqual(both.map(({ reason }) => reason).sort(), ['Programmed', 'ServiceNotFound']);
    await events.close();

    const restarted = createEventWriter(options);
    restarted.update(result({ problems: [problem] }));
    await eventually('the same Event, told again', async () =>
      (await list()).some(({ reason, series }) => reason === 'ServiceNotFound' && series?.count === 2),
    );
    assert.equal((await list()).length, 2);
    await restarted.close();
  });

  it('tells nobody of problems in a namespace that is being deleted', async () => {
    const ending = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } };
    const neighbour = { ...ingress(), metadata: { name: 'orders', namespace: 'ending' } };
    await api.apply(ending);
    await api.apply(neighbour);
    await eventually('the source sees it', () =>
      Promise.resolve(source.findMeta('Ingress', 'ending/orders') !== undefined),
    );
    // Without a controller it stays what it is now.
    await api.delete(ending);
    const events = createEventWriter(eventOptions());
    events.update(result({ problems: [problemIn('ending'), problemIn('shop')] }));
    await eventually('the Event of the other', async () => (await eventsOfIngress()).length === 1);
    await events.close();
    await api.delete(neighbour);
  });

  it('says nothing but good of the rights that it has', () => {
    const complaints = logger.lines.filter(({ level }) => level === 'warn' || level === 'error');
    assert.deepEqual(complaints, []);
  });
});
