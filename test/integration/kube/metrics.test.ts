/** What a gateway that reads a real API server says of it in metrics. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import type { Gateway } from '../../support/gateway.ts';
import { call } from '../../support/http-client.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import { installProduct, startProduct } from '../../support/product.ts';
import { skipWithout } from '../../support/tools.ts';
import { ORDERS } from './orders.ts';

const KINDS = [
  'Ingress',
  'IngressClass',
  'Service',
  'EndpointSlice',
  'OIDCPolicy',
  'Namespace',
  'Secret',
] as const;

const binaries = await findApiServerBinaries();

describe('metrics of a gateway on a cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let gateway: Gateway;

  before(async () => {
    api = await startApiServer(binaries);
    await installProduct(api);
    gateway = await startProduct(api, '--publish-address=203.0.113.9', '--workers=1');
  });

  after(async () => {
    await gateway.stop();
    await api.stop();
  });

  async function read(): Promise<(name: string) => number> {
    const { text } = await call({ port: gateway.ports.admin, path: '/metrics' });
    const series = seriesOf(text);
    return (name) => series.get(`oidc_ingress_${name}`) ?? 0;
  }

  /** The page once `isWanted` holds of it. */
  async function readUntil(
    what: string,
    isWanted: (value: (name: string) => number) => boolean,
    deadlineMs?: number,
  ): Promise<(name: string) => number> {
    return await eventually(
      what,
      async () => {
        const value = await read();
        return isWanted(value) ? value : undefined;
      },
      deadlineMs,
    );
  }

  it('count objects and problems, and say when and how fast the last table was made', async () => {
    const before = await readUntil('the lead', (value) => value('leader') === 1);
    assert.equal(before('config_problems{severity="warning"}'), 0);
    await api.apply(ORDERS);
    const objects = before('config_objects') + 3;
    const value = await readUntil('three more', (found) => found('config_objects') >= objects);
    assert.equal(value('config_problems{severity="error"}'), 0);
    assert.equal(value('config_problems{severity="warning"}'), 1);
    assert.ok(value('config_compile_seconds') > 0 && value('config_compile_seconds') < 5);
    assert.ok(value('config_last_success_timestamp') > before('config_last_success_timestamp'));
    assert.ok(Math.abs(value('config_last_success_timestamp') - Date.now() / 1_000) < 60);
    assert.equal(value('config_failures_total'), 0);
  });

  it('count statuses that were written, and those that stood', async () => {
    await readUntil(
      'the status of the Ingress and of the policy',
      (value) =>
        value('status_writes_total{kind="Ingress",result="ok"}') === 1 &&
        value('status_writes_total{kind="OIDCPolicy",result="ok"}') >= 1,
    );
    assert.equal((await read())('status_writes_total{kind="Ingress",result="failed"}'), 0);
  });

  it('count one watch for each kind and no list beyond the first, until a connection breaks', async () => {
    const before = await read();
    for (const kind of KINDS) {
      assert.equal(before(`watch_reconnects_total{kind="${kind}"}`), 1, kind);
      assert.equal(before(`watch_relists_total{kind="${kind}"}`), 0, kind);
    }
    await api.restart();
    const value = await readUntil(
      'watches anew',
      (found) => KINDS.every((kind) => found(`watch_reconnects_total{kind="${kind}"}`) > 1),
      60_000,
    );
    assert.ok(Math.abs(value('watch_last_event_timestamp{kind="Ingress"}') - Date.now() / 1_000) < 300);
  });
});
