/** How the source puts its watches together. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { openKubeSource, type KubeSource } from '../../../src/kube/source.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startScriptedApi, type ApiCall, type ScriptedApi } from '../../support/scripted-api.ts';
import { watchCounts } from '../../support/watch-counts.ts';

const KINDS = [
  '/api/v1/namespaces',
  '/api/v1/secrets?type=kubernetes.io/tls',
  '/api/v1/services',
  '/apis/discovery.k8s.io/v1/endpointslices',
  '/apis/networking.k8s.io/v1/ingressclasses',
  '/apis/networking.k8s.io/v1/ingresses',
  '/apis/oidc-ingress.io/v1alpha1/oidcpolicies',
];
const POLICIES = '/apis/oidc-ingress.io/v1alpha1/oidcpolicies';
const TLS = '/api/v1/secrets?type=kubernetes.io/tls';
const NAMED_SECRET = '/api/v1/namespaces/shop/secrets?metadata.name=ca,type!=kubernetes.io/tls';
const NAMED_MAP = '/api/v1/namespaces/shop/configmaps?metadata.name=ca';

const meta = (name: string, version = 1, uid = `uid-${name}`) => ({
  metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) },
});

const policy = (name: string, ca: object, version = 1) => ({
  ...meta(name, version),
  spec: { provider: { issuer: 'https://acme.eu.auth0.com/', ca }, clientCredentials: {} },
});

const BY_SECRET = { secretRef: { name: 'ca', key: 'ca.pem' } };
const BY_MAP = { configMapRef: { name: 'ca', key: 'ca.pem' } };

describe('the source of objects', () => {
  let api: ScriptedApi;
  let clock: ManualClock;
  let source: KubeSource;
  let changes: number;
  let isSynced: boolean;

  beforeEach(async () => {
    api = await startScriptedApi();
    clock = manualClock();
    changes = 0;
    isSynced = false;
    source = openKubeSource({
      access: api.access,
      clock,
      logger: collectingLogger(),
      telemetry: watchCounts(),
      onChange: () => (changes += 1),
    });
    void source.synced.then(() => (isSynced = true));
  });

  afterEach(async () => {
    await source.close();
    await api.close();
    assert.deepEqual(clock.pending(), [], 'a timer was left behind');
  });

  const placeOf = ({ path, query }: ApiCall): string =>
    query['fieldSelector'] === undefined ? path : `${path}?${query['fieldSelector']}`;

  /** Takes `count` requests, all of which must be lists, or all watches. */
  async function take(count: number, what: 'list' | 'watch'): Promise<ReadonlyMap<string, ApiCall>> {
    const calls = new Map<string, ApiCall>();
    while (calls.size < count) {
      const call = await api.next();
      assert.equal(call.query['watch'] === 'true' ? 'watch' : 'list', what);
      calls.set(placeOf(call), call);
    }
    return calls;
  }

  function answerList(call: ApiCall | undefined, ...items: readonly object[]): void {
    call?.answer(200, { metadata: { resourceVersion: '10' }, items });
  }

  /** Through all first lists into the watches. What is not among `lists` is empty. */
  async function watching(lists: Readonly<Record<string, readonly object[]>> = {}) {
    const calls = await take(KINDS.length, 'list');
    assert.deepEqual([...calls.keys()].sort(), KINDS);
    for (const [place, call] of calls) answerList(call, ...(lists[place] ?? []));
    const watches = new Map<string, ApiCall>();
    const named: ApiCall[] = [];
    while (watches.size < KINDS.length) {
      const call = await api.next();
      if (call.query['watch'] !== 'true') {
        named.push(call);
        continue;
      }
      call.open();
      watches.set(placeOf(call), call);
    }
    return { watches, named };
  }

  async function namedWatch(place: string, ...items: readonly object[]): Promise<ApiCall> {
    const list = await api.next();
    assert.equal(placeOf(list), place);
    answerList(list, ...items);
    const watch = await api.next();
    assert.equal(placeOf(watch), place);
    watch.open();
    return watch;
  }

  const soon = (what: string, probe: () => boolean): Promise<unknown> =>
    eventually(what, () => Promise.resolve(probe()), 5_000);

  const secret = (type: string, version: number, uid: string) => ({
    ...meta('ca', version, uid),
    type,
    data: { 'ca.pem': Buffer.from(type).toString('base64') },
  });

  const typeOfSecret = (): string | undefined => {
    const found = source.snapshot().secrets.get('shop/ca');
    return found?.kind === 'valid' ? found.value.type : undefined;
  };

  it('is synced when every kind is listed, and what the first policies name', async () => {
    const { named } = await watching({ [POLICIES]: [policy('orders', BY_MAP)] });
    const list = named[0] ?? (await api.next());
    assert.equal(placeOf(list), NAMED_MAP);
    assert.equal(isSynced, false);
    answerList(list, { ...meta('ca'), data: { 'ca.pem': 'CA' } });
    await source.synced;
    assert.deepEqual([...source.snapshot().configMaps.keys()], ['shop/ca']);
    (await api.next()).open();
  });

  it('does not wait for what it may not read: one policy must not stop the whole gateway', async () => {
    const { named } = await watching({ [POLICIES]: [policy('orders', BY_MAP)] });
    const list = named[0] ?? (await api.next());
    list.answer(403, { message: 'forbidden' });
    await source.synced;
    assert.deepEqual(source.faults(), [
      {
        location: 'configmaps in shop, metadata.name=ca',
        message: 'cannot list configmaps: 403: the ServiceAccount lacks list and watch on configmaps',
      },
    ]);
  });

  it('forgets an object with the last policy that names it, and its fault', async () => {
    const { watches } = await watching();
    watches.get(POLICIES)?.event('ADDED', policy('orders', BY_SECRET, 11));
    const named = await namedWatch(NAMED_SECRET, secret('Opaque', 5, 'u1'));
    await soon('the Secret', () => typeOfSecret() === 'Opaque');
    watches.get(POLICIES)?.event('DELETED', policy('orders', BY_SECRET, 12));
    await named.closed;
    assert.equal(typeOfSecret(), undefined);
    assert.deepEqual(source.faults(), []);
  });

  it('keeps a Secret that became a certificate, whichever watch tells of it first', async () => {
    const { watches } = await watching();
    watches.get(POLICIES)?.event('ADDED', policy('orders', BY_SECRET, 11));
    const named = await namedWatch(NAMED_SECRET, secret('Opaque', 5, 'u1'));
    await soon('the Secret', () => typeOfSecret() === 'Opaque');
    watches.get(TLS)?.event('ADDED', secret('kubernetes.io/tls', 21, 'u2'));
    await soon('the certificate', () => typeOfSecret() === 'kubernetes.io/tls');
    named.event('DELETED', secret('Opaque', 20, 'u1'));
    named.event('ADDED', secret('Opaque', 31, 'u3'));
    await soon('the next one', () => typeOfSecret() === 'Opaque');
    watches.get(TLS)?.event('DELETED', secret('kubernetes.io/tls', 30, 'u2'));
    watches.get(TLS)?.event('ADDED', { ...meta('marker', 32), type: 'kubernetes.io/tls' });
    await soon('the marker', () => source.snapshot().secrets.has('shop/marker'));
    assert.equal(typeOfSecret(), 'Opaque');
  });

  it('tells of changes that matter, and of no others', async () => {
    const service = (version: number, port: number, rest: object = {}) => ({
      metadata: { ...meta('orders', version).metadata, ...rest },
      spec: { ports: [{ port }] },
    });
    const { watches } = await watching();
    await source.synced;
    assert.equal(changes, 0);
    const services = watches.get('/api/v1/services');
    services?.event('ADDED', service(11, 80));
    services?.event('MODIFIED', service(12, 80, { managedFields: [{}], labels: { a: 'b' } }));
    services?.event('MODIFIED', service(13, 81));
    services?.event('DELETED', service(14, 81));
    await soon('the end', () => changes === 3);
    assert.equal(source.snapshot().services.size, 0);
  });

  it('gives the status and the identity of an object as it was last seen', async () => {
    const { watches } = await watching();
    const ingress = {
      metadata: {
        ...meta('orders', 11).metadata,
        managedFields: [{ manager: 'oidc-ingress', subresource: 'status' }],
      },
      spec: {},
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    };
    const ingresses = watches.get('/apis/networking.k8s.io/v1/ingresses');
    ingresses?.event('ADDED', ingress);
    await soon('the Ingress', () => source.findMeta('Ingress', 'shop/orders')?.uid === 'uid-orders');
    assert.deepEqual(source.findLive('Ingress', 'shop/orders'), {
      uid: 'uid-orders',
      resourceVersion: '11',
      status: ingress.status,
      isOurs: true,
    });
    ingresses?.event('DELETED', { ...ingress, ...meta('orders', 12) });
    await soon('that it is gone', () => source.findLive('Ingress', 'shop/orders') === undefined);
    assert.equal(source.findMeta('Ingress', 'shop/orders'), undefined);
  });

  it('keeps a broken policy as invalid, so that what it covers is refused', async () => {
    const { watches } = await watching();
    watches.get(POLICIES)?.event('ADDED', { ...meta('broken', 11), spec: { provder: {} } });
    await soon('the policy', () => source.snapshot().policies.get('shop/broken')?.kind === 'invalid');
    assert.deepEqual(source.faults(), []);
  });
});
