/** Under which addresses an Ingress says that it is reached: of a Service, or of the nodes of ready pods. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createOwnPods, type OwnPods } from '../../../src/kube/own-pods.ts';
import { watchServiceAddresses, type PublishedAddresses } from '../../../src/kube/published-addresses.ts';
import { serviceAddresses } from '../../../src/kube/service-addresses.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startScriptedApi, type ScriptedApi } from '../../support/scripted-api.ts';
import { watchCounts } from '../../support/watch-counts.ts';

const SERVICES: readonly {
  readonly name: string;
  readonly given: object;
  readonly want: readonly string[];
}[] = [
  {
    name: 'its load balancer and external IPs',
    given: {
      spec: { type: 'LoadBalancer', externalIPs: ['198.51.100.7'], clusterIPs: ['10.0.0.5'] },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }, { hostname: 'lb.example.com' }] } },
    },
    want: ['203.0.113.9', 'lb.example.com', '198.51.100.7'],
  },
  {
    name: 'nothing while its load balancer is being made',
    given: { spec: { type: 'LoadBalancer', clusterIPs: ['10.0.0.5'] }, status: { loadBalancer: {} } },
    want: [],
  },
  {
    name: 'its external IPs before its own',
    given: { spec: { type: 'NodePort', externalIPs: ['198.51.100.7'], clusterIPs: ['10.0.0.5'] } },
    want: ['198.51.100.7'],
  },
  {
    name: 'its own of both families',
    given: { spec: { type: 'ClusterIP', clusterIPs: ['10.0.0.5', 'fd00::5'] } },
    want: ['10.0.0.5', 'fd00::5'],
  },
  { name: 'none where it is headless', given: { spec: { clusterIPs: ['None'] } }, want: [] },
  {
    name: 'the name that it stands for',
    given: { spec: { type: 'ExternalName', externalName: 'gw.example.com' } },
    want: ['gw.example.com'],
  },
  { name: 'none where it cannot be read', given: { spec: { clusterIPs: 7 } }, want: [] },
];

describe('the addresses of a Service', () => {
  for (const { name, given, want } of SERVICES) {
    it(`are ${name}`, () => {
      assert.deepEqual(serviceAddresses(given), want);
    });
  }
});

describe('published addresses', () => {
  let api: ScriptedApi;
  let clock: ManualClock;
  let logger: CollectingLogger;

  beforeEach(async () => {
    api = await startScriptedApi();
    clock = manualClock();
    logger = collectingLogger();
  });

  describe('of a Service', () => {
    let addresses: PublishedAddresses;
    let changes: number;

    beforeEach(() => {
      changes = 0;
      const onChange = (): void => {
        changes += 1;
      };
      const telemetry = watchCounts();
      const service = 'edge/gateway';
      addresses = watchServiceAddresses({ access: api.access, clock, logger, telemetry, service, onChange });
    });
    afterEach(async () => {
      await addresses.close();
      await api.close();
    });

    const service = (version: number, ip: string) => ({
      metadata: { name: 'gateway', namespace: 'edge', uid: 'u', resourceVersion: String(version) },
      spec: { clusterIPs: [ip] },
    });

    it('are not known before it was read, follow it, and are none when it is gone', async () => {
      assert.equal(await addresses.read(), undefined);
      const list = await api.next();
      assert.equal(list.path, '/api/v1/namespaces/edge/services');
      assert.equal(list.query['fieldSelector'], 'metadata.name=gateway');
      list.answer(200, { metadata: { resourceVersion: '1' }, items: [service(1, '10.0.0.5')] });
      const watch = await api.next();
      watch.open();
      await eventually('the first', () => Promise.resolve(changes === 1));
      assert.deepEqual(await addresses.read(), ['10.0.0.5']);
      watch.event('MODIFIED', service(2, '10.0.0.6'));
      await eventually('the second', () => Promise.resolve(changes === 2));
      assert.deepEqual(await addresses.read(), ['10.0.0.6']);
      watch.event('DELETED', service(3, '10.0.0.6'));
      await eventually('the end', () => Promise.resolve(changes === 3));
      assert.deepEqual(await addresses.read(), []);
    });
  });

  describe('of the nodes of ready pods', () => {
    const PODS = '/api/v1/namespaces/edge/pods';
    let pods: OwnPods;

    beforeEach(() => {
      pods = createOwnPods({ access: api.access, clock, logger, namespace: 'edge', name: 'gw-1' });
    });
    afterEach(async () => {
      await pods.close();
      await api.close();
      assert.equal(api.untaken.length, 0, 'a request that nobody expected');
    });

    const pod = (
      name: string,
      nodeName: string,
      rest: { ready?: string; deletionTimestamp?: string } = {},
    ) => ({
      metadata: {
        name,
        labels: { app: 'gw', 'pod-template-hash': 'x' },
        ...(rest.deletionTimestamp !== undefined && { deletionTimestamp: rest.deletionTimestamp }),
      },
      spec: { nodeName },
      status: { conditions: [{ type: 'Ready', status: rest.ready ?? 'True' }] },
    });

    /** Answers the questions for the own pod and for all of them. */
    async function answerPods(...items: readonly object[]): Promise<void> {
      const own = await api.next();
      assert.equal(own.path, `${PODS}/gw-1`);
      own.answer(200, pod('gw-1', 'n1'));
      const list = await api.next();
      assert.deepEqual([list.path, list.query['labelSelector']], [PODS, 'app=gw']);
      list.answer(200, { items });
    }

    async function answerNode(name: string, ...addresses: readonly object[]): Promise<void> {
      const call = await api.next();
      assert.equal(call.path, `/api/v1/nodes/${name}`);
      call.answer(200, { status: { addresses } });
    }

    it('are external ones, else internal ones, of each node once', async () => {
      const reading = pods.read();
      await answerPods(
        pod('gw-1', 'n1'),
        pod('gw-2', 'n1'),
        pod('gw-3', 'n2'),
        pod('gw-4', 'n3', { ready: 'False' }),
        pod('gw-5', 'n4', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      );
      await answerNode(
        'n1',
        { type: 'InternalIP', address: '10.9.0.1' },
        { type: 'ExternalIP', address: '203.0.113.1' },
      );
      await answerNode(
        'n2',
        { type: 'Hostname', address: 'n2' },
        { type: 'InternalIP', address: '10.9.0.2' },
      );
      assert.deepEqual(await reading, ['203.0.113.1', '10.9.0.2']);
      clock.advance(9_999);
      assert.deepEqual(await pods.read(), ['203.0.113.1', '10.9.0.2']);
      clock.advance(1);
      const again = pods.read();
      await answerPods();
      assert.deepEqual(await again, []);
    });

    it('are not known where they may not be read, which is said once', async () => {
      for (let count = 0; count < 2; count += 1) {
        const reading = pods.read();
        (await api.next()).answer(403, { message: 'forbidden' });
        assert.equal(await reading, undefined);
        clock.advance(10_000);
      }
      const cause = `cannot get ${PODS}/gw-1: 403: forbidden`;
      assert.deepEqual(
        logger.lines.map(({ level, fields }) => [level, fields['cause']]),
        [
          ['warn', cause],
          ['debug', cause],
        ],
      );
    });

    it('tell whether another pod is ready', async () => {
      const alone = pods.isAnotherReady();
      await answerPods(pod('gw-1', 'n1'), pod('gw-2', 'n1', { ready: 'False' }));
      assert.equal(await alone, false);
      const accompanied = pods.isAnotherReady();
      await answerPods(pod('gw-2', 'n1'));
      assert.equal(await accompanied, true);
    });
  });
});
