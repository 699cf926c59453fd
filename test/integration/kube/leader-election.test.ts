/** Several gateways on one cluster: each serves, one writes, and another takes over whatever happens to that one. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiProxy, type ApiProxy, type ApiWrite } from '../../support/api-proxy.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway, type Gateway } from '../../support/gateway.ts';
import { call } from '../../support/http-client.ts';
import { installProduct, tokenOfProduct } from '../../support/product.ts';
import { skipWithout } from '../../support/tools.ts';
import { HOST, ORDERS } from './orders.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/oidc-ingress/leases/oidc-ingress';
const POLICIES = '/apis/oidc-ingress.io/v1alpha1/namespaces/shop/oidcpolicies';
const HAND_OVER_MS = 20_000;

/** One replica, with a way of its own to the API server. */
interface Replica {
  readonly name: string;
  readonly proxy: ApiProxy;
  readonly gateway: Gateway;
}

const binaries = await findApiServerBinaries();

describe('several gateways on one cluster', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  let directory: string;
  let replicas: Replica[] = [];
  const writes: ApiWrite[] = [];
  const changing = new AbortController();
  let changes: Promise<void>;

  async function start(name: string): Promise<Replica> {
    const token = await tokenOfProduct(api);
    const onWrite = (write: ApiWrite): void => {
      if (!write.path.includes('/leases')) writes.push(write);
    };
    const proxy = await startApiProxy({ api, token, by: name, onWrite });
    const kubeconfig = join(directory, `${name}.json`);
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: proxy.url, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    const gateway = await startGateway([
      `--kubeconfig=${kubeconfig}`,
      '--workers=1',
      '--publish-address=203.0.113.9',
      '--pod-namespace=oidc-ingress',
    ]);
    const replica = { name, proxy, gateway };
    replicas.push(replica);
    return replica;
  }

  /** Something to write about, five times a second: each change of a policy must show in its status. */
  async function change(): Promise<void> {
    for (let count = 0; !changing.signal.aborted; count += 1) {
      const spec = {
        provider: { issuer: 'https://127.0.0.1:9/' },
        clientCredentials: { audience: `https://${count}.example.com/` },
      };
      await api.request('PATCH', `${POLICIES}/busy?fieldManager=test&force=true`, {
        apiVersion: 'oidc-ingress.io/v1alpha1',
        kind: 'OIDCPolicy',
        metadata: { name: 'busy', namespace: 'shop' },
        spec,
      });
      await pause(200, undefined, { signal: changing.signal }).catch(() => {});
    }
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'oidc-ingress-test-'));
    api = await startApiServer(binaries);
    await installProduct(api);
    await api.apply(ORDERS);
    changes = change();
  });

  after(async () => {
    changing.abort();
    await changes;
    await Promise.all(
      replicas.map(async ({ gateway, proxy }) => {
        gateway.process.kill('SIGCONT');
        await gateway.stop();
        await proxy.close();
      }),
    );
    await api.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function leads({ gateway }: Replica): Promise<boolean> {
    const { text } = await call({ port: gateway.ports.admin, path: '/metrics' });
    return /^oidc_ingress_leader 1$/m.test(text);
  }

  async function lease() {
    const { body } = await api.request('GET', LEASE);
    return (body as { spec: { holderIdentity: string; leaseTransitions: number } }).spec;
  }

  async function serves({ gateway }: Replica): Promise<void> {
    const answer = await call({ port: gateway.ports.http, host: HOST, path: '/' });
    assert.equal(answer.json()['reason'], 'MissingCredentials');
  }

  /** Waits until `next` writes, and holds the two to it that only one of them did at any time. */
  async function takesOver(next: Replica, from: Replica): Promise<void> {
    const began = performance.now();
    const isBy =
      (name: string) =>
      ({ by }: ApiWrite): boolean =>
        by === name;
    const first = await eventually(
      `${next.name} writes`,
      async () => {
        await serves(next);
        return writes.find((write) => write.atMs > began && isBy(next.name)(write));
      },
      HAND_OVER_MS + 5_000,
    );
    assert.ok(first.atMs - began < HAND_OVER_MS, `took ${Math.round(first.atMs - began)} ms`);
    const last = writes.findLast(isBy(from.name));
    assert.ok(last !== undefined && last.atMs < first.atMs, `${from.name} wrote after ${next.name} began`);
    assert.equal(await leads(next), true);
  }

  /** Of so many writes from now on, all are by `leader`. */
  async function writesAlone(leader: Replica, count = 10): Promise<void> {
    const before = writes.length;
    await eventually(`${count} writes`, () => Promise.resolve(writes.length >= before + count));
    assert.deepEqual([...new Set(writes.slice(before).map(({ by }) => by))], [leader.name]);
  }

  let first: Replica;
  let second: Replica;
  let third: Replica;

  it('one of them writes, and each serves', async () => {
    first = await start('first');
    await eventually('the first leads', () => leads(first));
    second = await start('second');
    await writesAlone(first);
    await serves(first);
    await serves(second);
    assert.equal(await leads(second), false);
    assert.ok(writes.every(({ by }) => by === 'first'));
  });

  it('another takes over from one that is stopped, which writes nothing when it goes on', async () => {
    first.gateway.process.kill('SIGSTOP');
    await takesOver(second, first);
    first.gateway.process.kill('SIGCONT');
    await writesAlone(second, 20);
    await eventually('the first knows', async () => !(await leads(first)));
    await serves(first);
    assert.equal(await leads(second), true);
  });

  it('another takes over from one that reaches nothing any more, which stops before that', async () => {
    second.proxy.stall();
    await takesOver(first, second);
    await serves(second);
    assert.equal(await leads(second), false);
    second.proxy.resume();
    await writesAlone(first);
  });

  it('another takes over from one that is killed', async () => {
    first.gateway.process.kill('SIGKILL');
    await once(first.gateway.process, 'exit');
    await takesOver(second, first);
    replicas = replicas.filter((replica) => replica !== first);
    await first.proxy.close();
  });

  it('another takes over at once from one that ends, and names itself in the lease', async () => {
    third = await start('third');
    assert.equal(await leads(third), false);
    const before = await lease();
    const began = performance.now();
    assert.equal(await second.gateway.stop(), 0);
    await takesOver(third, second);
    assert.ok(performance.now() - began < 8_000);
    const after = await lease();
    assert.notEqual(after.holderIdentity, before.holderIdentity);
    assert.equal(after.leaseTransitions, before.leaseTransitions + 1);
  });
});
